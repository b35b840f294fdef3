package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// witness is guard and policy in one: it finds BAD sentences contradicted, acts
// on them as told, and remembers every word of what it has allowed.
type witness struct {
	action  policies.Action
	mask    bool // with Redact: mask the words of a bad sentence instead of replacing it
	allowed map[string]bool
}

var word = regexp.MustCompile(`w\d+x\d+x\d+`) // choice, sentence, position: no two alike

func (w *witness) Name() string { return "witness" }

func (w *witness) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for _, c := range ex.Claims {
		f := guards.Finding{Claim: c, Verdict: guards.Supported}
		if strings.Contains(c.Text, "BAD") {
			f.Verdict = guards.Contradicted
		}
		for _, m := range word.FindAllString(c.Text, -1) {
			w.allowed[m] = f.Verdict == guards.Supported || w.action == policies.Flag
		}
		if w.mask && f.Verdict == guards.Contradicted {
			for _, at := range word.FindAllStringIndex(c.Text, -1) {
				out = append(out, guards.Finding{Claim: c, Start: c.Start + at[0], End: c.Start + at[1]})
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func (w *witness) Revision() string { return "1" }

func (w *witness) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow}
	for _, s := range in.Sentences {
		if s.Verdict == guards.Contradicted {
			d.Action = w.action
			d.Rules = append(d.Rules, policies.Rule{ID: "r", Action: w.action, Sentences: []int{s.Claim.Index}, Replacement: "GONE"})
		}
	}
	if w.mask {
		for i := range d.Rules {
			d.Rules[i].Mask = []policies.Mask{}
		}
		for _, f := range in.Findings {
			d.Rules[0].Mask = append(d.Rules[0].Mask, policies.Mask{Start: f.Start, End: f.End, With: "GONE"})
		}
		d.Rules = d.Rules[:min(len(d.Rules), 1)]
	}
	return d, nil
}

// answerOf makes an answer of some sentences, the bad ones as told.
func answerOf(r *rand.Rand, choice int, bad float64) (text string, anyBad bool) {
	var b strings.Builder
	seps := []string{" ", " ", "\n\n", "  ", "\n- "}
	for s := range 1 + r.IntN(6) {
		if s > 0 {
			b.WriteString(seps[r.IntN(len(seps))])
		}
		b.WriteString("The")
		for p := range 1 + r.IntN(5) {
			fmt.Fprintf(&b, " w%dx%dx%d", choice, s, p)
			if r.IntN(4) == 0 {
				b.WriteString(" é“3.5”")
			}
		}
		if r.Float64() < bad {
			anyBad = true
			b.WriteString(" BAD")
		}
		b.WriteString([]string{".", "!", " €.", " e.g. this."}[r.IntN(4)])
	}
	return b.String(), anyBad
}

// streamOf cuts answers into events at random, the choices interleaved at random.
func streamOf(r *rand.Rand, answers []string) []byte {
	var b bytes.Buffer
	rest := make([][]rune, len(answers))
	for i, a := range answers {
		rest[i] = []rune(a)
	}
	finished := make([]bool, len(answers))
	for left := len(answers); left > 0; {
		i := r.IntN(len(answers))
		if finished[i] {
			continue
		}
		n := min(len(rest[i]), 1+r.IntN([]int{1, 8, 400}[r.IntN(3)]))
		text, _ := json.Marshal(string(rest[i][:n]))
		rest[i] = rest[i][n:]
		finish := "null"
		if len(rest[i]) == 0 && r.IntN(2) == 0 || n == 0 {
			finish, finished[i] = `"stop"`, true
			left--
		}
		fmt.Fprintf(&b, `data: {"id":"1","choices":[{"index":%d,"delta":{"content":%s},"finish_reason":%s}],"x":1.0}`+"\n\n", i, text, finish)
		if r.IntN(9) == 0 {
			b.WriteString(": ping\n\n")
		}
	}
	if r.IntN(3) > 0 {
		b.WriteString("data: [DONE]\n\n")
	}
	return b.Bytes()
}

// TestGateLetsNothingOutUnruled is the promise of verified streaming: whatever
// the answers, the chunking, the order of choices and the verdicts, no word of a
// sentence leaves before it was allowed, words of a blocked or replaced sentence
// never do, and a stream with nothing to object to leaves byte for byte.
func TestGateLetsNothingOutUnruled(t *testing.T) {
	actions := []policies.Action{policies.Flag, policies.Redact, policies.Rewrite, policies.Block}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &witness{action: actions[r.IntN(len(actions))], allowed: map[string]bool{}}
		w.mask = w.action == policies.Redact && r.IntN(2) == 0
		j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{w}}, Policy: w}
		answers := make([]string, 1+r.IntN(2))
		anyBad := false
		for i := range answers {
			var bad bool
			answers[i], bad = answerOf(r, i, []float64{0, 0.3}[r.IntN(2)])
			anyBad = anyBad || bad
		}
		in := streamOf(r, answers)
		asError := r.IntN(4) == 0
		g := &gate{
			ctx: context.Background(), message: "NOTICE", asError: asError, limit: 1 << 20, n: len(answers),
			open: func(i int) *judge.Case { return j.Open(guards.Exchange{Choice: i}) },
			note: func(*gate) []byte { return nil },
			deny: func(*gate) *apiError { return blockedError("NOTICE", nil) },
		}
		var sent []byte
		take := func() {
			sent = append(sent, g.out...)
			g.out = nil
			for _, m := range word.FindAllString(textOf(sent), -1) {
				if !w.allowed[m] {
					t.Fatalf("seed %d: %s left without leave (action %s)\nupstream %s\nsent %s", seed, m, w.action, in, sent)
				}
			}
		}
		events := newSSEReader(bytes.NewReader(in), 1<<20)
		for !g.ended {
			ev, err := events.next()
			if err == io.EOF {
				if err := g.close(); err != nil {
					t.Fatal(err)
				}
				take()
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := g.push(ev); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			take()
		}
		if !anyBad || w.action == policies.Flag {
			if !bytes.Equal(sent, in) {
				t.Fatalf("seed %d: allowed, but\nupstream %s\nsent     %s", seed, in, sent)
			}
			continue
		}
		if len(g.queue) > 0 {
			t.Fatalf("seed %d: %d events stay behind", seed, len(g.queue))
		}
		checkTexts(t, seed, w, asError, answers, sent)
	}
}

// checkTexts compares what the client has read with what it should have.
func checkTexts(t *testing.T, seed uint64, w *witness, asError bool, answers []string, sent []byte) {
	t.Helper()
	action := w.action
	if action == policies.Block && asError {
		if !bytes.Contains(sent, []byte("data: {\"error\":")) {
			t.Fatalf("seed %d: no error event in %s", seed, sent)
		}
		return
	}
	for i, answer := range answers {
		var got strings.Builder
		finish := ""
		for line := range strings.SplitSeq(string(sent), "\n") {
			for _, c := range gjson.Get(strings.TrimPrefix(line, "data: "), "choices").Array() {
				if c.Get("index").Int() == int64(i) {
					if finish != "" {
						t.Fatalf("seed %d: choice %d goes on after its finish_reason: %s", seed, i, sent)
					}
					got.WriteString(c.Get("delta.content").String())
					finish = c.Get("finish_reason").String()
				}
			}
		}
		want, wantFinish := answer, "stop"
		var cutter guards.Cutter
		claims := append(cutter.Push(answer), cutter.Flush()...)
		for k := len(claims) - 1; k >= 0; k-- {
			c := claims[k]
			if !strings.Contains(c.Text, "BAD") {
				continue
			}
			if action == policies.Block {
				want, wantFinish = "NOTICE", "content_filter"
				if k > 0 {
					end := claims[k-1].End
					for strings.Contains(blanks, answer[end:end+1]) {
						end++
					}
					want = answer[:end] + "\n\nNOTICE"
				}
			} else if w.mask {
				want = want[:c.Start] + word.ReplaceAllString(c.Text, "GONE") + want[c.End:]
			} else {
				want = want[:c.Start] + "GONE" + want[c.End:]
			}
		}
		if got.String() != want || finish != wantFinish {
			t.Fatalf("seed %d: choice %d (%s) of %q reads\n%q (%s), want\n%q (%s)", seed, i, action, answer, got.String(), finish, want, wantFinish)
		}
	}
}

// textOf is all content in sent, joined per choice so that words cut by the
// chunking are seen.
func textOf(sent []byte) string {
	var texts [2]strings.Builder
	for line := range strings.SplitSeq(string(sent), "\n") {
		for _, c := range gjson.Get(strings.TrimPrefix(line, "data: "), "choices").Array() {
			texts[c.Get("index").Int()].WriteString(c.Get("delta.content").String())
		}
	}
	return texts[0].String() + " " + texts[1].String()
}
