package review_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/review"
	"touchstone/policies"
)

// A rule that blocks mail's answers in shadow, a tenth of shop's as a canary, and
// back-office's not before an exception ends.
func TestPromotionTellsWhatAShadowRuleWouldDo(t *testing.T) {
	const rule = "hallucination.contradicted"
	var entries []audit.Entry
	var rulings []audit.Ruling
	zero := 0
	for i := range 300 {
		e := scored(i, guards.Contradicted, 0.9)
		e.App = []string{"mail", "shop", "back-office"}[i%3]
		c := &e.Choices[0]
		fired := policies.Rule{ID: rule, Action: policies.Block, Message: "It is contradicted.", Sentences: []int{0}}
		c.Action, c.Rules, c.Shadow = policies.Flag, []policies.Rule{{ID: "other.rule", Action: policies.Flag}}, nil
		switch {
		case e.App == "mail" && i%2 == 0:
			fired.State = policies.InShadow
			c.Shadow = []policies.Rule{fired}
		case e.App == "shop":
			fired.State = policies.InCanary
			if i%10 == 0 {
				c.Rules, c.Action = append(c.Rules, fired), policies.Block
			} else {
				c.Shadow = []policies.Rule{fired}
			}
			if i%20 == 0 { // blocked anyway
				c.Rules = append(c.Rules, policies.Rule{ID: "third.rule", Action: policies.Block})
			}
		case e.App == "back-office":
			fired.State = policies.Exception
			c.Shadow = []policies.Rule{fired}
		}
		if i%30 < 3 {
			c.Findings = append(c.Findings, judge.FindingRecord{Guard: "g", Category: "insult", Group: "age", Side: guards.InAnswer})
		}
		entries = append(entries, e)
		if i < 60 {
			rulings = append(rulings, audit.Ruling{Exchange: e.ID, Sentence: &zero, Right: i%4 != 0, By: "ann"})
		}
	}
	missed := entries[3].ID // of mail, where it did not fire
	rulings = append(rulings, audit.Ruling{Exchange: missed, Rule: rule, Right: false, By: "ben"})
	l, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context()) //nolint:errcheck // the test is over
	probe := scored(500, guards.Contradicted, 0.9)
	probe.Kind = audit.Probe
	for _, e := range append(entries, probe) {
		l.Append(t.Context(), e, true)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range rulings {
		if _, err := l.Review(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := (&review.Promoting{Rule: rule}).Run(t.Context(), l.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if got.Exchanges != 300 || got.Left.Probes != 1 || got.Fired != 250 || got.Applied != 10 || got.Held != (review.Held{Shadow: 50, Canary: 90, Exception: 100}) {
		t.Errorf("%d exchanges, %d fired, %d applied, held %+v, left %+v", got.Exchanges, got.Fired, got.Applied, got.Held, got.Left)
	}
	// The canary blocks 10, of which 5 are blocked by another rule too.
	if len(got.Blocked) != 140 || len(got.Allowed) != 5 || got.Total.WouldBlock.K != 145 {
		t.Errorf("%d newly blocked, %d newly allowed, %+v", len(got.Blocked), len(got.Allowed), got.Total)
	}
	for _, p := range got.Apps {
		want := map[string][2]int{"mail": {50, 50}, "shop": {100, 95}, "back-office": {100, 0}}[p.Name]
		if p.Fired.Of != 100 || p.Fired.K != want[0] || p.WouldBlock.K != want[1] {
			t.Errorf("%s: %+v", p.Name, p)
		}
	}
	if len(got.Groups) != 1 || got.Groups[0].Name != "age" || got.Groups[0].Fired.Of != 30 {
		t.Errorf("groups %+v", got.Groups)
	}
	// Of the 60 reviewed it fired in 50; those with i%4 == 0 were wrong.
	wrong := 0
	for i := range 60 {
		if i%4 == 0 && !(i%3 == 0 && i%2 == 1) {
			wrong++
		}
	}
	if got.Precision.Of != 50 || got.Precision.K != 50-wrong || got.Missed != 1 {
		t.Errorf("precision %+v, missed %d, want %d wrong of 50", got.Precision, got.Missed, wrong)
	}
	var text, html bytes.Buffer
	if err := got.WriteText(&text, 2); err != nil {
		t.Fatal(err)
	}
	if err := got.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "Newly blocked, if it were applied to all, the first 2 of 140") || !strings.Contains(html.String(), got.Allowed[0].ID) {
		t.Errorf("%s", text.String())
	}
}
