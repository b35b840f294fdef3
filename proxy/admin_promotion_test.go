package proxy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"

	"touchstone/policies"
)

func TestARuleOnRecordedTraffic(t *testing.T) {
	a, b := ulid.Make().String(), ulid.Make().String()
	held := adminEntry(b, "How long?")
	held.App = "mail"
	c := &held.Choices[0]
	c.Shadow, c.Rules, c.Action = c.Rules, nil, policies.Allow
	c.Shadow[0].State = policies.InShadow
	base, _ := adminServer(t, "", adminEntry(a, "How long?"), held)
	const rule = "/policies/rules/hallucination.contradicted"
	r := ask(t, "GET", base+"/api"+rule+"/promotion", nil)
	var got struct {
		Fired, Applied int
		Blocked        []struct{ ID string } `json:"newly_blocked"`
		Allowed        []struct{ ID string } `json:"newly_allowed"`
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != 200 {
		t.Fatalf("%d %v %s", r.status, err, r.body)
	}
	if got.Fired != 2 || got.Applied != 1 || len(got.Blocked) != 1 || got.Blocked[0].ID != b || len(got.Allowed) != 1 || got.Allowed[0].ID != a {
		t.Errorf("%s", r.body)
	}
	page := ask(t, "GET", base+rule, nil)
	for _, want := range []string{`href="/exchanges/` + b + `"`, "<code>hallucination.contradicted</code>", "too few to promote it by", "<td>mail</td>"} {
		if page.status != 200 || !strings.Contains(page.body, want) {
			t.Errorf("%d: the page lacks %q", page.status, want)
		}
	}
	if r := ask(t, "GET", base+rule+"?window=9d", nil); r.status != 400 {
		t.Errorf("an unknown window: %d", r.status)
	}
	locked, _ := adminServer(t, "secret")
	if r := ask(t, "GET", locked+"/api"+rule+"/promotion", nil); r.status != 401 {
		t.Errorf("without the key: %d", r.status)
	}
}
