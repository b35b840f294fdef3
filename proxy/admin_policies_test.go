package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"touchstone/policies"
)

// send is ask with a body.
func send(t *testing.T, target, media, body string, change func(*http.Request)) answered {
	t.Helper()
	return ask(t, "POST", target, func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", media)
		if change != nil {
			change(r)
		}
	})
}

func TestPoliciesAreShown(t *testing.T) {
	base, _ := adminServer(t, "")
	got := ask(t, "GET", base+"/api/policies", nil)
	var out struct {
		Status policies.Status
		Rules  []policies.Listed
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != 200 {
		t.Fatalf("%d %v %s", got.status, err, got.body)
	}
	if len(out.Rules) < 5 || out.Status.Rules != len(out.Rules) || out.Rules[0].Owner == "" || len(out.Rules[0].Obligation) == 0 || out.Rules[0].State != "enforce" || out.Rules[0].Action == "" {
		t.Errorf("got %+v", out)
	}
	page := ask(t, "GET", base+"/policies", nil)
	for _, r := range out.Rules {
		if page.status != 200 || !strings.Contains(page.body, r.ID) || !strings.Contains(page.body, r.Owner) {
			t.Errorf("%s is not on the page", r.ID)
		}
	}
}

func TestSwitchIsSetShownAndRecorded(t *testing.T) {
	base, log := adminServer(t, "")
	api := base + "/api/policies/switch"
	for want, body := range map[string]string{
		`There is no route \"other\"`:            `{"route": "other", "to": "block", "by": "jane", "why": "leaks"}`,
		"is no position":                         `{"route": "default", "to": "open", "by": "jane", "why": "leaks"}`,
		"by whom it is set, and why":             `{"route": "default", "to": "block", "by": "jane"}`,
		"unknown field":                          `{"route": "default", "to": "block", "by": "jane", "why": "leaks", "at": 1}`,
		"The switch of \\\"*\\\" is off already": `{"route": "*", "to": "off", "by": "jane", "why": "leaks"}`,
	} {
		if got := send(t, api, "application/json", body, nil); got.status != 400 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s, want %s", body, got.status, got.body, want)
		}
	}
	good := `{"route": "default", "to": "block", "by": "jane", "why": "the model leaks"}`
	if got := send(t, api, "text/plain", good, nil); got.status != 400 {
		t.Errorf("as a form of another site would send it: %d %s", got.status, got.body)
	}
	if got := send(t, api, "application/json", good, nil); got.status != 200 || !strings.Contains(got.body, `"why":"the model leaks"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if page := ask(t, "GET", base+"/policies", nil); !strings.Contains(page.body, "the model leaks") {
		t.Error("the switch is not on the page")
	}
	if got := ask(t, "GET", base+"/metrics", nil); !strings.Contains(got.body, `guard_policy_switch{route="default",to="block"} 1`) {
		t.Error("the switch is no metric")
	}
	form := "route=default&to=off&by=jane&why=mended"
	if got := send(t, base+"/policies/switch", "application/x-www-form-urlencoded", form, func(r *http.Request) { r.Header.Set("Origin", "http://elsewhere.example") }); got.status != 403 {
		t.Errorf("a form of another site: %d", got.status)
	}
	if got := send(t, base+"/policies/switch", "application/x-www-form-urlencoded", form, func(r *http.Request) { r.Header.Set("Origin", base) }); got.status != 303 {
		t.Errorf("the form: %d %s", got.status, got.body)
	}
	if got := ask(t, "GET", base+"/api/policies", nil); !strings.Contains(got.body, `"switches":[]`) {
		t.Errorf("the switch is still set: %s", got.body)
	}
	want := []string{"switch jane: the model leaks map[from:off route:default to:block]", "switch jane: mended map[from:block route:default to:off]"}
	if !slices.Equal(log.noted, want) {
		t.Errorf("recorded %q, want %q", log.noted, want)
	}
}
