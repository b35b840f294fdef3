package policies

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// settings is the default bundle with another data.yaml: old pieces replaced by new.
func settings(t *testing.T, replace ...string) string {
	t.Helper()
	data, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(replace...).Replace(string(data))
	if changed == string(data) {
		t.Fatalf("nothing of %q is in data.yaml", replace)
	}
	return folder(t, true, map[string]string{"data.yaml": changed})
}

// A canary is applied to its share of callers, always to the same ones, and to those
// still when the share grows.
func TestCanaryIsAStableShareOfCallers(t *testing.T) {
	small := load(t, settings(t, "    action: block\n    threshold: 0.5", "    action: block\n    state: canary\n    share: 0.05\n    threshold: 0.5"))
	large := load(t, settings(t, "    action: block\n    threshold: 0.5", "    action: block\n    state: canary\n    share: 0.2\n    threshold: 0.5"))
	const callers = 2000
	in, both := 0, 0
	for i := range callers {
		input := answer(12)
		input.Bucket = Bucket(fmt.Sprintf("shop\nuser-%d", i))
		applied := map[*Engine]bool{}
		for _, e := range []*Engine{small, large} {
			first, err := e.Decide(context.Background(), input)
			if err != nil {
				t.Fatal(err)
			}
			applied[e] = first.Action == Block
			list := first.Shadow
			if applied[e] {
				list = first.Rules
			}
			if len(list) == 0 || list[0].ID != "hallucination.contradicted" || list[0].State != InCanary || list[0].Action != Block {
				t.Fatalf("caller %d: %+v", i, first)
			}
		}
		if applied[large] {
			in++
		}
		if applied[small] && !applied[large] {
			t.Errorf("caller %d is in at 5%% and out at 20%%", i)
		}
		if applied[small] {
			both++
		}
	}
	for share, n := range map[float64]int{0.05: both, 0.2: in} { // five standard deviations
		if off := math.Abs(float64(n) - share*callers); off > 5*math.Sqrt(share*(1-share)*callers) {
			t.Errorf("%d of %d callers are in a canary of %g", n, callers, share)
		}
	}
}

func TestShadowAndExceptionsReachTheDecision(t *testing.T) {
	e := load(t, settings(t,
		"    action: block\n    threshold: 0.5", "    action: block\n    state: shadow\n    threshold: 0.5",
		"exceptions: []", `exceptions:
  - {id: EX-7, rule: hallucination.not_covered, routes: [support], from: 2026-11-01, until: 2026-11-30, owner: Jane, reason: Documents follow.}`))
	in := answer(12)
	in.Now = time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	d, err := e.Decide(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if d.Action != Allow || len(d.Rules) != 0 || len(d.Shadow) != 2 {
		t.Fatalf("got %+v", d)
	}
	if r := d.Shadow[0]; r.ID != "hallucination.contradicted" || r.State != InShadow || len(r.Sentences) == 0 || r.Owner == "" {
		t.Errorf("in shadow: %+v", r)
	}
	if r := d.Shadow[1]; r.ID != "hallucination.not_covered" || r.State != Exception || r.Exception != "EX-7" {
		t.Errorf("held back: %+v", r)
	}
	in.Now = in.Now.Add(time.Second)
	if d, err = e.Decide(context.Background(), in); err != nil || d.Action != Flag || len(d.Rules) != 1 || d.Rules[0].Lapsed != "EX-7" {
		t.Errorf("a second later: %+v, %v", d, err)
	}
}

// What was not applied of segments adds up as what was applied does.
func TestMergeKeepsShadowApart(t *testing.T) {
	d := Decision{Action: Allow}
	d.Merge(Decision{Action: Allow, Shadow: []Rule{{ID: "a", Action: Block, State: InShadow, Sentences: []int{0}}}})
	d.Merge(Decision{Action: Flag, Rules: []Rule{{ID: "a", Action: Flag, Sentences: []int{1}}}, Shadow: []Rule{{ID: "a", Action: Block, State: InShadow, Sentences: []int{1}}}})
	if want := "{Action:flag"; !strings.HasPrefix(fmt.Sprintf("%+v", d), want) || len(d.Rules) != 1 || len(d.Shadow) != 1 || fmt.Sprint(d.Shadow[0].Sentences) != "[0 1]" {
		t.Errorf("got %+v", d)
	}
}
