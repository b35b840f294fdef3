package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/review"
	"touchstone/policies"
)

func replay(t testing.TB, path string, r review.Replaying) *review.Replay {
	t.Helper()
	log, err := audit.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // it is only read
	out, err := r.Run(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSameBundleDecidesTheSame(t *testing.T) {
	p := defaults(t)
	path, log, ids := traffic(t, p, 400)
	if n, err := log.Erase(t.Context(), ids[:100], "dpo", "a test"); err != nil || n != 100 {
		t.Fatalf("erased %d: %v", n, err)
	}
	r := replay(t, path, review.Replaying{Candidate: p})
	if r.Total.Exchanges != 400 || r.Total.Different() != 0 || r.Failed != 0 || r.Left != (review.Left{}) || len(r.Blocked)+len(r.Allowed)+len(r.Others) != 0 {
		t.Errorf("the same bundle, also on erased entries: %s, %+v", r.Summary(), r.Left)
	}
	if r.Recorded[p.Revision()] != 400 || r.Total.Was < 40 || r.Total.Was > 380 || len(r.Rules) < 2 {
		t.Errorf("%d of 400 blocked then, by %v: the traffic is too tame to prove anything", r.Total.Was, r.Recorded)
	}
}

func TestReplayTellsWhatWouldBeDifferent(t *testing.T) {
	p := defaults(t)
	path, log, _ := traffic(t, p, 400)
	before := audit.Entry{Version: 1, ID: "01K00000000000000000000000", At: start, Kind: "chat", App: "shop", Outcome: audit.Pass,
		Choices: []judge.Receipt{{Action: policies.Allow, Sentences: []judge.SentenceRecord{{Verdict: "supported"}}}}}
	passed, undecided := before, before
	passed.ID, passed.Choices = "01K00000000000000000000001", nil
	undecided.ID, undecided.Choices = "01K00000000000000000000002", []judge.Receipt{{Action: policies.Block, Error: "slow", Steps: []judge.Step{{Final: true}}}}
	for _, e := range []audit.Entry{before, passed, undecided} {
		log.Append(t.Context(), e, true)
	}
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, milder := changed(t, func(s string) string {
		s = strings.Replace(s, "    threshold: 0.5 # of the probability that the sentence is wrong", "    threshold: 0.9", 1)
		return strings.Replace(s, "apps: {}", "apps: {mail: {hallucination.not_covered: {action: block}}}", 1)
	})
	r := replay(t, path, review.Replaying{Candidate: milder, Most: 5})
	if r.Left != (review.Left{Unjudged: 1, Unrecorded: 1, Undecided: 1}) || r.Total.Exchanges != 400 {
		t.Errorf("left out %+v of %d", r.Left, r.Total.Exchanges)
	}
	if r.Total.Allowed == 0 || r.Total.Blocked == 0 || len(r.Blocked) != 5 || r.Total.Was-r.Total.Allowed+r.Total.Blocked != r.Total.Now {
		t.Errorf("%s; %+v", r.Summary(), r.Total)
	}
	for _, d := range r.Apps {
		if d.Name != "mail" && d.Blocked > 0 || d.Name == "mail" && d.Blocked != r.Total.Blocked {
			t.Errorf("application %s: %+v", d.Name, d)
		}
	}
	for _, d := range r.Allowed {
		if d.Was != policies.Block || d.Now == policies.Block || !strings.Contains(d.Why(), "hallucination.contradicted") {
			t.Errorf("newly allowed %+v: %s", d, d.Why())
		}
	}
	for _, d := range r.Blocked {
		if d.App != "mail" || !strings.Contains(d.Why(), "hallucination.not_covered: block instead of flag") {
			t.Errorf("newly blocked %+v: %s", d, d.Why())
		}
	}
	sum := review.Delta{}
	for _, list := range [][]review.Delta{r.Apps, r.Routes, r.Models} {
		sum = review.Delta{}
		for _, d := range list {
			sum.Exchanges += d.Exchanges
			sum.Was += d.Was
			sum.Now += d.Now
			sum.Blocked += d.Blocked
			sum.Allowed += d.Allowed
			sum.Other += d.Other
		}
		if sum != r.Total {
			t.Errorf("the parts come to %+v, the whole is %+v", sum, r.Total)
		}
	}
	if len(r.Groups) != 1 || r.Groups[0].Name != "age" || r.Groups[0].Exchanges < 10 {
		t.Errorf("groups: %+v", r.Groups)
	}
	if back := replay(t, path, review.Replaying{Candidate: p, Against: milder}); back.Total.Blocked != r.Total.Allowed || back.Total.Allowed != r.Total.Blocked || back.Left.Undecided != 0 {
		t.Errorf("the other way round: %+v and %+v", back.Total, r.Total)
	}
	part := replay(t, path, review.Replaying{Candidate: p, Span: audit.Span{From: start.Add(time.Minute), To: start.Add(2 * time.Minute), Filter: audit.Filter{Route: "support"}}})
	if part.Total.Exchanges != 5 {
		t.Errorf("a minute of one route: %d exchanges", part.Total.Exchanges)
	}
	var text, html bytes.Buffer
	if err := r.WriteText(&text, 3); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{r.Blocked[0].ID, "Newly blocked, the first 3 of", "hallucination.contradicted", "1 about which no policy was asked"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
	for _, want := range []string{r.Blocked[4].ID, "hallucination.contradicted no longer fires (was block)", "back-office"} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(string(js), fmt.Sprintf(`"newly_allowed":%d`, r.Total.Allowed)) {
		t.Errorf("the JSON lacks the total: %.300s", js)
	}
}

type failing struct{ judge.Decider }

func (failing) Decide(context.Context, *policies.Input) (policies.Decision, error) {
	return policies.Decision{}, fmt.Errorf("undefined decision")
}

func TestACandidateThatCannotDecideIsADifference(t *testing.T) {
	p := defaults(t)
	path, _, _ := traffic(t, p, 40)
	r := replay(t, path, review.Replaying{Candidate: failing{p}, OnFailure: func(route string) policies.Action {
		if route == "support" {
			return policies.Allow
		}
		return ""
	}})
	if r.Failed != 40 || r.Total.Different() != 40 || r.Total.Now != 20 {
		t.Errorf("%s, %d failed, %d blocked now", r.Summary(), r.Failed, r.Total.Now)
	}
}

// BenchmarkReplay replays a log of 100,000 exchanges; make bench-replay runs it. The
// CPU time is what the work costs on a machine that others use too.
func BenchmarkReplay(b *testing.B) {
	p := defaults(b)
	path, _, _ := traffic(b, p, 100_000)
	b.ResetTimer()
	for range b.N {
		before := cpu()
		r := replay(b, path, review.Replaying{Candidate: p})
		if r.Total.Exchanges != 100_000 || r.Total.Different() != 0 {
			b.Fatal(r.Summary())
		}
		b.ReportMetric(r.Seconds, "s/replay")
		b.ReportMetric(float64(r.Total.Exchanges)/r.Seconds, "exchanges/s")
		b.ReportMetric((cpu() - before).Seconds(), "cpu-s/replay")
	}
}

// cpu is the processor time that this process has taken.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
