package policies

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"touchstone/guards"
)

func TestProbeAsksOneRuleAtAnyThreshold(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, Default()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Neither a state, nor that the rule is off, nor what a route says of the threshold counts.
	changed := strings.Replace(string(text), "routes: {}", "routes: {support: {hallucination.contradicted: {threshold: 0.99, state: draft, action: flag}}}", 1)
	changed = strings.Replace(changed, "    action: block\n", "    action: allow\n", 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := NewProbe(t.Context(), dir, "hallucination.contradicted", "threshold")
	if err != nil {
		t.Fatal(err)
	}
	if p.Default != 0.5 {
		t.Errorf("the default is %v", p.Default)
	}
	in := &Input{Route: "support", Final: true, Sentences: []guards.Sentence{
		{Finding: guards.Finding{Claim: guards.Claim{Index: 3}, Verdict: guards.Contradicted, Score: 0.7}},
		{Finding: guards.Finding{Claim: guards.Claim{Index: 4}, Verdict: guards.Contradicted, Score: 0.4}},
		{Finding: guards.Finding{Claim: guards.Claim{Index: 5}, Verdict: guards.NotCovered, Score: 0.9}},
	}}
	q, err := p.Ask(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		at   float64
		want []int
	}{{0, []int{3, 4}}, {0.4, []int{3, 4}}, {0.41, []int{3}}, {0.7, []int{3}}, {0.71, nil}, {1, nil}} {
		got, fires, err := q.At(t.Context(), tc.at)
		if err != nil || !slices.Equal(got, tc.want) || fires != (tc.want != nil) {
			t.Errorf("at %v: %v %v %v, want %v", tc.at, got, fires, err, tc.want)
		}
	}
	whole, err := NewProbe(t.Context(), dir, "hallucination.low_groundedness", "threshold")
	if err != nil {
		t.Fatal(err)
	}
	if q, err = whole.Ask(&Input{Final: true, Counts: Counts{Supported: 3, NotCovered: 3}}); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[float64]bool{0.3: false, 0.5: false, 0.51: true, 1: true} {
		if _, fires, err := q.At(t.Context(), at); err != nil || fires != want {
			t.Errorf("groundedness 0.5 at %v: %v %v", at, fires, err)
		}
	}
	for _, tc := range []struct{ rule, setting, want string }{
		{"hallucination.none", "threshold", "the bundle has no rule hallucination.none; it has "},
		{"coverage.skipped", "threshold", "defaults gives it no number"},
	} {
		if _, err := NewProbe(t.Context(), dir, tc.rule, tc.setting); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v", tc.rule, tc.setting, err)
		}
	}
	if _, err := NewProbe(t.Context(), filepath.Join(dir, "none"), "a.b", "c"); err == nil || !strings.Contains(err.Error(), "loading policies from") {
		t.Errorf("no bundle: %v", err)
	}
}
