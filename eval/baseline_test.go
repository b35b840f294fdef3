package eval

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

var update = flag.Bool("update", false, "write eval/baseline.json anew")

const baselineFile = "baseline.json"

// baseline is what a change is held to: the verdicts on a fixed sample, every
// eighth passage of each authored file.
type baseline struct {
	F1               Figure `json:"f1"`
	BalancedAccuracy Figure `json:"balanced_accuracy"`
	AUROC            Figure `json:"auroc"`
	// Verdicts of the rows of each file in order, a letter each: s supported,
	// c contradicted, n not covered, - not a claim, x not measured.
	Verdicts map[string]string `json:"verdicts"`
}

var letters = map[guards.Verdict]string{
	guards.Supported: "s", guards.Contradicted: "c", guards.NotCovered: "n", guards.NotClaim: "-", guards.NotMeasured: "x",
}

// judgeSample judges the sample as a route without ground truth does.
func judgeSample(t *testing.T) (now baseline, rows []Judged, sets []string, docs []string) {
	t.Helper()
	ctx := context.Background()
	store, err := groundtruth.Open(ctx, ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	guard, err := guards.New("groundedness", guards.Deps{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policies.Load(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := Files([]string{"data/authored/*.jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	source := func(use func(Item) error) error {
		for _, f := range files {
			n, last := -1, ""
			err := Read(f, nil, func(item Item) error {
				if item.ID != last {
					n, last = n+1, item.ID
				}
				if n%8 != 0 {
					return nil
				}
				return use(item)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	now.Verdicts = map[string]string{}
	var scorer Scorer
	runner := Runner{Judge: &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{guard}}, Policy: engine}, Workers: 2}
	err = runner.Run(ctx, source, func(res Result) error {
		scorer.Add(res)
		for _, r := range res.Rows {
			now.Verdicts[res.Item.Set] += letters[r.Verdict]
			rows, sets, docs = append(rows, r), append(sets, res.Item.Set), append(docs, res.Item.Doc)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := scorer.Report().Overall
	now.F1, now.BalancedAccuracy, now.AUROC = all.F1, all.BalancedAccuracy, all.AUROC
	return now, rows, sets, docs
}

// pair is one document's rows under the old and the new verdicts.
type pair struct{ before, now counts }

// differences are the gains in balanced accuracy over resamples of the documents,
// the same documents for both, in ascending order.
func differences(pairs []*pair) (diffs []float64) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range resamples {
		var b, n counts
		for range pairs {
			p := pairs[rng.IntN(len(pairs))]
			b.tp, b.fp, b.fn, b.tn = b.tp+p.before.tp, b.fp+p.before.fp, b.fn+p.before.fn, b.tn+p.before.tn
			n.tp, n.fp, n.fn, n.tn = n.tp+p.now.tp, n.fp+p.now.fp, n.fn+p.now.fn, n.tn+p.now.tn
		}
		diffs = append(diffs, float64(n.balanced()-b.balanced()))
	}
	slices.Sort(diffs)
	return diffs
}

func TestDifferencesTellADropFromATrade(t *testing.T) {
	pairs := func(lost, won int) (out []*pair) {
		for i := range 40 {
			p := &pair{counts{tp: 4, tn: 4}, counts{tp: 4, tn: 4}}
			if i < won {
				p.before = counts{tp: 3, fn: 1, tn: 4}
			}
			if i >= 40-lost {
				p.now = counts{tp: 3, fn: 1, tn: 4}
			}
			out = append(out, p)
		}
		return out
	}
	for _, tc := range []struct {
		name      string
		lost, won int
		drop      bool
	}{{"nothing changed", 0, 0, false}, {"one row lost", 1, 0, false}, {"a trade", 6, 6, false}, {"six rows lost", 6, 0, true}} {
		if drop := quantile(differences(pairs(tc.lost, tc.won)), .95) < 0; drop != tc.drop {
			t.Errorf("%s: drop %v, want %v", tc.name, drop, tc.drop)
		}
	}
}

// A change may trade one row for another; it fails when the balanced accuracy on
// the sample falls and that is not chance: 95% of resamples of the documents, the
// same for both, put the new verdicts below the old ones.
func TestVerdictsHoldTheBaseline(t *testing.T) {
	now, rows, sets, docs := judgeSample(t)
	if *update {
		data, err := json.MarshalIndent(now, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(baselineFile, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	var before baseline
	if err := json.Unmarshal(data, &before); err != nil {
		t.Fatal(err)
	}
	byDoc := map[string]*pair{}
	var order []*pair
	at := map[string]int{}
	var lost []string
	for i, r := range rows {
		old := before.Verdicts[sets[i]]
		if at[sets[i]] >= len(old) {
			t.Fatalf("%s has more rows than the baseline; run: go test ./eval -run Baseline -update", sets[i])
		}
		letter := old[at[sets[i]] : at[sets[i]]+1]
		at[sets[i]]++
		if !r.Label.scored() {
			continue
		}
		p := byDoc[docs[i]]
		if p == nil {
			p = &pair{}
			byDoc[docs[i]] = p
			order = append(order, p)
		}
		was, is := strings.Contains("cnx", letter), caught(r.Verdict)
		p.before.add(r.Label.bad(), was)
		p.now.add(r.Label.bad(), is)
		if was == r.Label.bad() && is != was {
			lost = append(lost, r.Row.ID+" ("+r.Error+", now "+string(r.Verdict)+")")
		}
	}
	diffs := differences(order)
	t.Logf("balanced accuracy %.3f (baseline %.3f), F1 %.3f (%.3f), %d rows", now.BalancedAccuracy, before.BalancedAccuracy, now.F1, before.F1, len(rows))
	if quantile(diffs, .95) < 0 {
		t.Errorf("balanced accuracy fell from %.3f to %.3f (90%% interval of the difference %.3f to %.3f). Rows lost: %s",
			before.BalancedAccuracy, now.BalancedAccuracy, quantile(diffs, .05), quantile(diffs, .95), strings.Join(lost, ", "))
	}
}
