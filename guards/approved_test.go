package guards_test

import (
	"context"
	"strings"
	"testing"

	"touchstone/groundtruth"
	"touchstone/guards"
)

const agreed = `- question: [return window, how long can I return]
  answer: Standard customers may return items within 28 days. Shipping back is free.
- question: return window
  region: UK
  answer: UK customers may return items within 14 days.
- question: "re:^is .* (open|closed) on sundays"
  answer: All shops are closed on Sundays.
- question: price
  answer: Prices are in the price list.
  valid_to: 2026-01-31
`

// approvedGuards are the guards named, over a store of approved answers.
func approvedGuards(t *testing.T, names ...string) []guards.Guard {
	t.Helper()
	store, err := groundtruth.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	doc, err := groundtruth.ReadApproved("answers.yaml", []byte(agreed), "ana")
	if err != nil {
		t.Fatal(err)
	}
	doc.ID, doc.Collection = "answers.yaml", "default"
	if _, err := store.Replace(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	var list []guards.Guard
	for _, n := range names {
		known := groundtruth.NewKnown(store)
		g, err := guards.New(n, guards.Deps{Store: store, Facts: known, Approved: known})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	return list
}

func asked(question string, scope groundtruth.Scope, texts ...string) *guards.Exchange {
	ex := &guards.Exchange{Collections: []string{"default"}, Scope: scope, At: noon, Prompt: []guards.Message{{Role: "user", Text: question}}}
	at := 0
	for i, text := range texts {
		ex.Claims = append(ex.Claims, guards.Claim{Index: i, Start: at, End: at + len(text), Text: text})
		at += len(text) + 1
	}
	return ex
}

func TestQuestionsFindTheirApprovedAnswer(t *testing.T) {
	g := approvedGuards(t, "approved")[0]
	uk := groundtruth.Scope{Region: "UK"}
	for _, c := range []struct {
		question string
		scope    groundtruth.Scope
		want     string // begin of the approved answer; "" for none
	}{
		{"What is your return window?", groundtruth.Scope{}, "Standard customers"},
		{"How long can I return a bike?", groundtruth.Scope{}, "Standard customers"},
		{"What is your return window?", uk, "UK customers"},
		{"IS the shop in Cork open on Sundays?", groundtruth.Scope{}, "All shops"},
		{"What is the return window for the Kestrel 500?", groundtruth.Scope{}, ""},
		{"Does the return window include weekends, holidays, strikes and floods in other countries?", groundtruth.Scope{}, ""},
		{"What is the price?", groundtruth.Scope{}, ""}, // out of date
		{"Which window is broken?", groundtruth.Scope{}, ""},
		{"", groundtruth.Scope{}, ""},
	} {
		got, err := g.Check(t.Context(), asked(c.question, c.scope, "The weather is fine in Cork."))
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0].Offer, c.want)) {
			t.Errorf("%q %v: %+v", c.question, c.scope, got)
		}
	}
}

func TestAnswersAreHeldAgainstTheApprovedOne(t *testing.T) {
	g := approvedGuards(t, "approved")[0]
	ex := asked("What is your return window?", groundtruth.Scope{}, "Happy to help!", "Standard customers may return items within 28 days.",
		"Standard customers may return items within 60 days.", "We also give away free helmets in March.")
	ex.Claims[0].NotClaim = "greeting"
	got, err := g.Check(t.Context(), ex)
	if err != nil || len(got) != 4 {
		t.Fatal(got, err)
	}
	for i, want := range []string{guards.Remark, guards.Agrees, guards.Differs, guards.Adds} {
		if f := got[i]; f.Category != want || f.Verdict != "" || f.Score < 0.5 || f.Claim.Index != i || !strings.Contains(f.Reason, `The approved answer to "return window" stands in answers.yaml, revision `) {
			t.Errorf("sentence %d: %s (%.2f) %q, want %s", i, f.Category, f.Score, f.Reason, want)
		}
	}
}

// The approved answer is ground truth as well.
func TestApprovedAnswersSupport(t *testing.T) {
	g := approvedGuards(t, "groundedness")[0]
	got, err := g.Check(t.Context(), asked("What is your return window?", groundtruth.Scope{},
		"Standard customers may return items within 28 days.", "Shipping back is free.", "Standard customers may return items within 60 days."))
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	for i, want := range []guards.Verdict{guards.Supported, guards.Supported, guards.Contradicted} {
		if got[i].Verdict != want || got[i].Evidence[0].Source != "answers.yaml" {
			t.Errorf("%q: %s: %s", got[i].Claim.Text, got[i].Verdict, got[i].Reason)
		}
	}
}

// What a caller sends along counts for every sentence, whatever its source is called
// beside those of the store.
func TestGivenEvidenceIsKeptForEverySentence(t *testing.T) {
	found := groundtruth.Evidence{Source: "a.md", Title: "A", Text: "The shop is in Cork.", Origin: groundtruth.FromIndex}
	g := newGuard(t, searchStore{search: func(context.Context, groundtruth.Query) ([]groundtruth.Evidence, error) {
		return []groundtruth.Evidence{found}, nil
	}})
	ex := asked("", groundtruth.Scope{}, "The shop is in Cork.", "Orders are shipped on Mondays.", "Orders are shipped on Mondays.")
	ex.Given = groundtruth.Given("rules", "", "Orders are shipped on Mondays.")
	got, err := g.Check(t.Context(), ex)
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	for _, f := range got {
		if f.Verdict != guards.Supported {
			t.Errorf("%q: %s: %s", f.Claim.Text, f.Verdict, f.Reason)
		}
	}
}
