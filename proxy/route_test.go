package proxy

import (
	"errors"
	"strings"
	"testing"
)

func TestRouteOfAModel(t *testing.T) {
	rs, err := newRoutes([]Route{
		{Name: "any", Models: []string{"*"}, Upstream: "up"},
		{Name: "big", Models: []string{"big", "large"}, Upstream: "up"},
	}, map[string]*upstream{"up": {}})
	if err != nil {
		t.Fatal(err)
	}
	all, onlyBig := &caller{}, &caller{routes: []string{"big"}}
	for model, want := range map[string]string{"large": "big", "other": "any", "": "any"} {
		if r, err := rs.find(model, all); err != nil || r.Name != want {
			t.Errorf("%q went to %v, %v; want %s", model, r, err, want)
		}
	}
	var e *apiError
	if _, err := rs.find("other", onlyBig); !errors.As(err, &e) || e.status != 403 || e.code != "route_not_allowed" || strings.Contains(e.message, "any (") {
		t.Errorf("a key without the route got %+v", err)
	}
	if r, err := rs.find("big", &caller{routes: []string{"any"}}); !errors.As(err, &e) || e.status != 403 {
		t.Errorf("a key of * alone got the model of another route: %v, %v", r, err)
	}
	rs.list = rs.list[1:]
	if _, err := rs.find("other", all); !errors.As(err, &e) || e.status != 404 || e.code != "model_not_found" || !strings.Contains(e.message, "big (big, large)") {
		t.Errorf("a model without a route got %+v", err)
	}
}

func TestNewRoutesRefuses(t *testing.T) {
	ups := map[string]*upstream{"up": {}}
	for want, r := range map[string]Route{
		"no models": {Name: "a", Upstream: "up"}, `no upstream "x"`: {Name: "a", Models: []string{"*"}, Upstream: "x"},
		"must be message or error": {Name: "a", Models: []string{"*"}, Upstream: "up", OnBlock: "quietly"}, "name must be given": {},
	} {
		if _, err := newRoutes([]Route{r}, ups); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", r, err, want)
		}
	}
}
