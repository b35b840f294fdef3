package review_test

import (
	"path/filepath"
	"testing"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/review"
	"touchstone/policies"
)

// Exceptions are counted where they held a rule back and where they no longer did; a
// rule that is not in the bundle any more is reported by what was recorded of it.
func TestReportCountsExceptionsAndRulesThatAreGone(t *testing.T) {
	l, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context()) //nolint:errcheck // the test is over
	for i := range 30 {
		e := scored(i, guards.Supported, 0.1)
		c := &e.Choices[0]
		rule := policies.Rule{ID: "old.rule", Action: policies.Flag, Title: "Old", Owner: "legal", Obligation: []string{"EU AI Act Art. 12"}}
		switch i % 3 {
		case 0:
			rule.State, rule.Exception = policies.Exception, "EX-1"
			c.Shadow = []policies.Rule{rule}
		case 1:
			rule.Lapsed = "EX-2"
			c.Rules, c.Action = []policies.Rule{rule}, policies.Flag
		}
		l.Append(t.Context(), e, true)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := (&review.Reporting{Exceptions: []policies.Excepted{{ID: "EX-1", Rule: "old.rule", State: "in force"}}}).Run(t.Context(), l.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Exceptions) != 2 || r.Exceptions[0].Used != 10 || r.Exceptions[0].State != "in force" || r.Exceptions[1].Lapsed != 10 || r.Exceptions[1].State != "no longer in the bundle" {
		t.Errorf("exceptions %+v", r.Exceptions)
	}
	if len(r.Obligations) != 1 || r.Obligations[0].Name != "EU AI Act Art. 12" {
		t.Fatalf("obligations %+v", r.Obligations)
	}
	if u := r.Obligations[0].Rules[0]; !u.Gone || u.Fired != 20 || u.Applied != 10 || u.Excepted != 10 || u.Blocked != 0 || u.Owner != "legal" || len(u.Evidence) != 5 {
		t.Errorf("%+v", u)
	}
}
