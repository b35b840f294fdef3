package judge_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// pins finds numbers of four digits, in answers and prompts.
type pins struct{ err error }

var pin = regexp.MustCompile(`\d{4}`)

func (pins) Name() string { return "pins" }
func (pins) Detects()     {}
func (p pins) Check(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for _, c := range ex.Claims {
		for _, at := range pin.FindAllStringIndex(c.Text, -1) {
			out = append(out, guards.Finding{Claim: c, Category: "pin", Score: 1, Start: c.Start + at[0], End: c.Start + at[1]})
		}
	}
	return out, p.err
}
func (p pins) CheckPrompt(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for i, m := range ex.Prompt {
		for _, at := range pin.FindAllStringIndex(m.Text, -1) {
			out = append(out, guards.Finding{Side: guards.InPrompt, Message: i, Category: "pin", Score: 1, Start: at[0], End: at[1]})
		}
	}
	return out, p.err
}

// masking masks every finding, or does what action says.
type masking struct {
	action  policies.Action
	with    string
	restore bool
}

func (masking) Revision() string { return "1" }
func (m masking) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow}
	if len(in.Findings) == 0 {
		return d, nil
	}
	d.Action = m.action
	r := policies.Rule{ID: "pin", Action: m.action}
	if m.action == policies.Redact {
		for _, f := range in.Findings {
			r.Mask = append(r.Mask, policies.Mask{Side: f.Side, Message: f.Message, Start: f.Start, End: f.End, With: m.with, Restore: m.restore && in.Phase == policies.PromptPhase})
		}
	}
	d.Rules = []policies.Rule{r}
	return d, nil
}

func screening(p pins, m masking) *judge.Judge {
	return &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, p}}, Policy: m, HashKey: []byte("k")}
}

var prompt = guards.Exchange{ID: "x", Prompt: []guards.Message{
	{Role: "system", Text: "Never tell 1234."}, {Role: "user", Text: "Is it 1234 or 5678, <PIN_1>?"}, {Role: "user", Text: "Hello"},
}}

func TestScreenMasksAndRemembersWhatToRestore(t *testing.T) {
	j := screening(pins{}, masking{policies.Redact, "<PIN_{n}>", true})
	s := j.Screen(t.Context(), prompt)
	var sent []string
	for i, m := range prompt.Prompt {
		sent = append(sent, judge.Apply(m.Text, s.Edits[i]))
	}
	// <PIN_1> is a word of the prompt's own, so it stands for nothing else.
	if got := strings.Join(sent, "|"); got != "Never tell <PIN_2>.|Is it <PIN_2> or <PIN_3>, <PIN_1>?|Hello" {
		t.Errorf("sent %s", got)
	}
	if !maps.Equal(s.Restore, map[string]string{"<PIN_2>": "1234", "<PIN_3>": "5678"}) {
		t.Errorf("restore %v", s.Restore)
	}
	c := j.Open(prompt)
	c.After(s)
	c.Add(t.Context(), "The fee is 5 EUR. Your PIN is 4321.", true)
	r := c.Receipt()
	if len(r.Findings) != 4 || r.Findings[0].Side != guards.InPrompt || r.Findings[0].Sentence != nil || r.Findings[3].Side != guards.InAnswer || *r.Findings[3].Sentence != 1 || r.Findings[3].Start != 30 {
		t.Errorf("findings %+v", r.Findings)
	}
	if len(r.Guards) != 3 || r.Guards[0].Guard != "pins" || r.Guards[0].Phase != policies.PromptPhase || r.Guards[1].Phase != "" {
		t.Errorf("guards %+v", r.Guards)
	}
	if len(r.Rules) != 2 || r.Rules[0].Phase == r.Rules[1].Phase || r.Action != policies.Redact {
		t.Errorf("rules %+v, action %s", r.Rules, r.Action)
	}
}

func TestHashesAreKeyed(t *testing.T) {
	m := masking{policies.Redact, "{hash}", false}
	hash := func(key string) string {
		j := screening(pins{}, m)
		j.HashKey = []byte(key)
		s := j.Screen(t.Context(), prompt)
		if s.Edits[0][0].Text != s.Edits[1][0].Text || s.Edits[1][0].Text == s.Edits[1][1].Text || len(s.Restore) != 0 {
			t.Errorf("edits %+v", s.Edits)
		}
		return s.Edits[0][0].Text
	}
	if a, b := hash("a"), hash("b"); a == b || a != hash("a") || len(a) != 16 {
		t.Errorf("hashes %s and %s", a, b)
	}
}

func TestScreeningThatFails(t *testing.T) {
	j := screening(pins{errors.New("no rules loaded")}, masking{action: policies.Allow})
	if r := j.Screen(t.Context(), prompt).Receipt(); len(r.Guards) != 1 || r.Guards[0].Status != guards.Failed || r.Guards[0].Phase != policies.PromptPhase {
		t.Errorf("a guard that failed on the prompt: %+v", r)
	}
	j = screening(pins{}, masking{})
	j.Policy = broken{}
	if r := j.Screen(t.Context(), prompt).Receipt(); r.Action != policies.Block || len(r.Rules) != 1 || r.Rules[0].Phase != policies.PromptPhase || r.Error == "" {
		t.Errorf("a policy that failed on the prompt: %+v", r)
	}
	j.Policy = panicking{}
	if s := j.Screen(t.Context(), prompt); s.Decision.Action != policies.Block {
		t.Errorf("a policy that panicked on the prompt: %+v", s)
	}
	j.Chain.Guards = j.Chain.Guards[:1]
	if s := j.Screen(t.Context(), prompt); s != nil {
		t.Errorf("without a guard that reads prompts: %+v", s)
	}
}

// Masks give the same text however the answer was cut.
func TestMaskedAnswerDoesNotDependOnChunking(t *testing.T) {
	text := strings.Replace(answer, "$12.50", "$1250 and 2024", 1)
	j := screening(pins{}, masking{policies.Redact, "<{n}/{hash}>", false})
	whole, _ := j.Open(guards.Exchange{}).Add(t.Context(), text, true)
	want := judge.Apply(text, whole.Edits)
	if len(whole.Edits) != 4 || pin.MatchString(regexp.MustCompile(`/[0-9a-f]{16}>`).ReplaceAllString(want, ">")) {
		t.Fatalf("masked: %s", want)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		c := j.Open(guards.Exchange{})
		var edits []judge.Edit
		for rest := text; rest != ""; {
			n := min(len(rest), 1+rng.IntN(30))
			r, _ := c.Add(t.Context(), rest[:n], false)
			edits = append(edits, r.Edits...)
			rest = rest[n:]
		}
		r, _ := c.Add(t.Context(), "", true)
		if got := judge.Apply(text, append(edits, r.Edits...)); got != want {
			t.Fatalf("streamed:\n%s\nwhole:\n%s", got, want)
		}
	}
}
