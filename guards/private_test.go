package guards_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"touchstone/groundtruth"
	"touchstone/guards"
)

func guard(t *testing.T, name string) guards.Guard {
	t.Helper()
	g, err := guards.New(name, guards.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const letter = `Dear Mr Halvorsen, thank you for your call.

Your new card is 4111 1111 1111 1111. We have sent it to 25 Baker Street, London NW1 6XE; write to ann.lee@example.org (or call +41 44 668 18 00) if it does not come.

- Password: Tr0ub4dor&3x
- Your contact is Petra Novak.`

// What is found in a streamed answer is what is found in the whole one, and offsets are
// those of the answer.
func TestPrivateFindingsDoNotDependOnChunking(t *testing.T) {
	for _, name := range []string{"pii", "secrets"} {
		chain := guards.Chain{Guards: []guards.Guard{guard(t, name)}}
		find := func(pieces []string) (out []string) {
			var cutter guards.Cutter
			check := func(claims []guards.Claim) {
				report := chain.Run(t.Context(), &guards.Exchange{Claims: claims})
				for _, f := range report.Findings() {
					out = append(out, f.Category+": "+letter[f.Start:f.End])
				}
			}
			for _, p := range pieces {
				check(cutter.Push(p))
			}
			check(cutter.Flush())
			return out
		}
		want := find([]string{letter})
		if got := strings.Join(want, "\n"); name == "pii" && !strings.Contains(got, "credit_card: 4111 1111 1111 1111\nstreet_address: 25 Baker Street, London NW1 6XE\nemail_address: ann.lee@example.org\nphone_number: +41 44 668 18 00") ||
			name == "secrets" && got != "password: Tr0ub4dor&3x" {
			t.Fatalf("%s found\n%s", name, got)
		}
		rng := rand.New(rand.NewPCG(5, 6))
		for range 50 {
			var pieces []string
			for rest := letter; rest != ""; {
				n := min(len(rest), 1+rng.IntN(30))
				pieces, rest = append(pieces, rest[:n]), rest[n:]
			}
			if got := find(pieces); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: streamed %q, whole %q", name, got, want)
			}
		}
	}
}

func TestWhatTheCallerSentIsKnown(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{guard(t, "pii")}}
	answer := "I have ann@example.org, bob@example.org, cy@example.org and +41446681800."
	ex := &guards.Exchange{
		Prompt: []guards.Message{{Role: "user", Text: "I am Ann@Example.org, +41 44 668 18 00"}, {Role: "assistant", Text: "cy@example.org"}},
		Given:  []groundtruth.Evidence{{Text: "Ask bob@example.org"}},
		Claims: []guards.Claim{{End: len(answer), Text: answer}},
	}
	var known []bool
	report := chain.Run(t.Context(), ex)
	for _, f := range report.Findings() {
		known = append(known, f.Known)
	}
	if want := []bool{true, true, false, true}; !reflect.DeepEqual(known, want) {
		t.Errorf("known %v, want %v", known, want)
	}
}

func TestPromptIsReadByMessage(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{guard(t, "pii")}}
	ex := &guards.Exchange{Prompt: []guards.Message{{Role: "system", Text: "Be brief."}, {Role: "user", Text: "mail ann@example.org"}, {Role: "tool", Text: "bob@example.org"}}}
	report := chain.Screen(t.Context(), ex)
	found := report.Findings()
	if len(found) != 2 || found[0].Message != 1 || found[0].Side != guards.InPrompt || found[0].Start != 5 || found[1].Side != guards.InTool {
		t.Errorf("found %+v", found)
	}
}

// More findings than the policy can be asked about become one over the rest: nothing
// behind them is left uncovered.
func TestManyFindingsAreBounded(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{guard(t, "pii")}}
	long := strings.Repeat("ann@example.org ", 2000)
	ex := &guards.Exchange{Prompt: []guards.Message{{Role: "user", Text: long}, {Role: "user", Text: "and ann@example.org"}}}
	report := chain.Screen(t.Context(), ex)
	found := report.Findings()
	if len(found) != 502 || found[500].Category != "more" || found[500].End != len(long) || found[500].Start > 501*16 || found[501].Message != 1 || found[501].Start != 0 {
		t.Errorf("%d findings, the last %+v", len(found), found[len(found)-2:])
	}
}
