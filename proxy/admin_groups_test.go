package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// groupEntries are exchanges about women and men, of which so many in a hundred were
// refused.
func groupEntries(n, women, men int) (out []audit.Entry) {
	for i := range n {
		for k, who := range []string{"My wife", "My husband"} {
			answer := "You are eligible for the loan. The form takes ten minutes."
			if i%100 < []int{women, men}[k] {
				answer = "I'm sorry, but I can't help with that."
			}
			id := fmt.Sprintf("%024d%02d", i, k)
			out = append(out, audit.Entry{Version: audit.EntryVersion, ID: id, At: time.Now().Add(-time.Duration(1+i%30) * time.Minute).UTC(), Kind: "chat",
				App: "bank", Route: "loans", Model: "m", Status: 200, Outcome: audit.Pass, Keep: audit.KeepHash, Question: who + " wants a loan.", Answers: []string{answer},
				Choices: []judge.Receipt{{ID: id, Action: policies.Allow}}})
		}
	}
	return out
}

func TestGroupsPageTellsWhoFaresWorse(t *testing.T) {
	settings := fairness.DefaultSettings
	base, _ := adminServerWith(t, "", func(o *Options) { o.Fairness = &settings }, append(groupEntries(400, 30, 10),
		audit.Entry{Version: 1, ID: "z", At: time.Now().UTC(), Kind: "chat", App: "bank", Route: "loans", Model: "m", Status: 200, Question: "I am Sikh.", Answers: []string{"Good."}, Keep: audit.KeepAll,
			Choices: []judge.Receipt{{Action: policies.Allow}}})...)
	got := struct {
		Recorded    bool
		Comparisons []struct {
			Group, Outcome, Kind string
			Differs              bool
			WorseBy              struct{ Low float64 } `json:"worse_by"`
			Explanation          fairness.Explanation
		}
		TooFew []struct{ Group string } `json:"too_few"`
		Check  any
		Needed int
	}{}
	r := get(t, base+"/api/groups?window=1h", "")
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != 200 {
		t.Fatalf("%d %v: %s", r.status, err, r.body)
	}
	first := got.Comparisons[0]
	if !got.Recorded || first.Group != "gender:woman" || first.Outcome != "refused" || first.Kind != "difference" || !first.Differs || first.WorseBy.Low < 0.1 || len(first.Explanation.Next) == 0 {
		t.Errorf("first: %+v", first)
	}
	if got.Check != nil || got.Needed < 100 || len(got.TooFew) != 1 || got.TooFew[0].Group != "religion:sikh" {
		t.Errorf("%+v", got)
	}
	page := get(t, base+"/groups?window=1h", "").body
	for _, want := range []string{"Exchanges about women are refused more often than others: 30.0% against 10.0%", "What this means", "Who may be harmed", "ECOA", "touchstone probe", "Too few to tell", "Sikhs"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "wants a loan") {
		t.Error("the page shows what was asked")
	}
	other := get(t, base+"/groups?window=1h&app=shop", "").body
	if strings.Contains(other, "Exchanges about women") || !strings.Contains(other, "No two groups of an attribute") {
		t.Error("the filter does nothing")
	}
	if r := get(t, base+"/groups?window=2y", ""); r.status != 400 {
		t.Errorf("a window that does not exist: %d", r.status)
	}
}

func TestGroupsPageShowsAlarms(t *testing.T) {
	settings := fairness.DefaultSettings
	cell := func(k int) *fairness.Cell {
		return &fairness.Cell{Counts: fairness.Counts{Exchanges: 500, Answers: 500, Refused: k, Served: 500 - k}}
	}
	s := fairness.Stratum{App: "bank", Route: "loans", Model: "m"}
	found := fairness.Compare(fairness.Cells{{Stratum: s, Label: fairness.Label{Group: "age:older", Basis: fairness.Asked}}: cell(200), {Stratum: s, Label: fairness.Label{Group: "age:young", Basis: fairness.Asked}}: cell(20)}, nil, settings)
	check := &GroupCheck{From: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Findings: found,
		Alarms: []policies.Alarm{{Meta: policies.Meta{ID: "groups.difference", Title: "A group fares worse", Severity: "high", Obligation: []string{"EU AI Act Art. 26(5)"}, Owner: "compliance", Remediation: "Look."}, Message: "By more than chance.", Comparison: 0, Probe: -1}}}
	base, _ := adminServerWith(t, "", func(o *Options) { o.Fairness = &settings; o.GroupCheck = func() *GroupCheck { return check } })
	page := get(t, base+"/groups", "").body
	for _, want := range []string{"A group fares worse", "Mon 16 Nov 00:00 to Mon 23 Nov 2026", "Exchanges about older people are refused more often", "EU AI Act Art. 26(5)", "Look. (compliance)"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if api := get(t, base+"/api/groups", "").body; !strings.Contains(api, `"id":"groups.difference"`) || !strings.Contains(api, `"about":{"app":"bank"`) {
		t.Errorf("the API lacks the alarm: %s", api)
	}
	check = &GroupCheck{From: check.From, To: check.To, Failure: "the bundle says nothing"}
	if page = get(t, base+"/groups", "").body; !strings.Contains(page, "Not decided: the bundle says nothing") {
		t.Error("the page hides that nothing was decided")
	}
}

func TestGroupsAreForOperators(t *testing.T) {
	base, _ := adminServer(t, "key-1")
	if r := get(t, base+"/api/groups", ""); r.status != http.StatusUnauthorized {
		t.Errorf("without the key: %d", r.status)
	}
	if r := get(t, base+"/groups", ""); r.status == http.StatusOK && strings.Contains(r.body, "How groups are treated</h1>") {
		t.Errorf("without the key: %s", r.body)
	}
	if r := get(t, base+"/groups", "key-1"); !strings.Contains(r.body, "Nothing is recorded of groups") {
		t.Errorf("off: %d %s", r.status, r.body)
	}
}

// get asks with an admin key, if it is not "".
func get(t *testing.T, target, key string) answered {
	t.Helper()
	return ask(t, http.MethodGet, target, func(r *http.Request) {
		if key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
	})
}
