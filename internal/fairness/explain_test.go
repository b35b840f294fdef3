package fairness

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestExplanations(t *testing.T) {
	w := &world{r: rand.New(rand.NewPCG(21, 1)), steps: 40, groups: sixGroups(usual.with(func(t *treatment) { t.exchanges = 2000 }))}
	before := w.draw()
	w.groups["gender:woman"] = w.groups["gender:woman"].with(func(t *treatment) {
		t.refused, t.blocked, t.negative, t.contradicted, t.approved, t.words, t.grade = 0.3, 0.2, 0.3, 0.2, 0.3, 3.5, 12
	})
	f := Compare(w.draw(), before, DefaultSettings)
	told := map[string]bool{}
	for i := range f.Comparisons {
		c := &f.Comparisons[i]
		e := Explain(c)
		if e.Headline == "" || e.Means == "" || len(e.Next) == 0 || len(e.Touches) < 2 || strings.Contains(e.Headline, "NaN") || strings.Contains(e.Headline, "%!") {
			t.Errorf("%s %s %s: %+v", c.Kind, c.Outcome, c.Group, e)
		}
		if c.Worse() {
			told[string(c.Kind)+" "+string(c.Outcome)] = true
			if e.Harmed == "" || c.Group != "gender:woman" {
				t.Errorf("%s: %+v", c.Group, e)
			}
		}
		rate, others, interval := c.Figures()
		if rate == "" || others == "" || interval == "" || strings.Contains(rate+others+interval, "NaN") {
			t.Errorf("%q %q %q", rate, others, interval)
		}
	}
	for _, o := range compared {
		if !told["difference "+string(o)] || !told["drift "+string(o)] {
			t.Errorf("no difference or drift in %s is explained: %v", o, told)
		}
	}
	if !told["four_fifths approved"] {
		t.Errorf("no breach of the four-fifths rule is explained")
	}
	i := slices.IndexFunc(f.Comparisons, func(c Comparison) bool {
		return c.Kind == Difference && c.Outcome == Refusal && c.Group == "gender:woman"
	})
	if h := headline(&f.Comparisons[i]); !strings.HasPrefix(h, "Exchanges about women are refused more often than others: ") || !strings.Contains(h, "points (+") {
		t.Error(h)
	}
	for _, o := range outcomes {
		if meanings[o] == "" || nouns[o] == "" {
			t.Errorf("%s has no words", o)
		}
	}
}
