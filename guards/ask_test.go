package guards_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
	"touchstone/guards"
)

// fakeModel answers by a function and notes what it was asked, call by call.
type fakeModel struct {
	calls  [][]guards.Pair
	answer func(ctx context.Context, p guards.Pair) (guards.Entailment, error)
}

func (m *fakeModel) Entail(ctx context.Context, pairs []guards.Pair) ([]guards.Entailment, error) {
	m.calls = append(m.calls, pairs)
	var out []guards.Entailment
	for _, p := range pairs {
		e, err := m.answer(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func always(e guards.Entailment) func(context.Context, guards.Pair) (guards.Entailment, error) {
	return func(context.Context, guards.Pair) (guards.Entailment, error) { return e, nil }
}

var (
	yes     = guards.Entailment{Supported: 0.97, Contradicted: 0.01, NotCovered: 0.02}
	no      = guards.Entailment{Supported: 0.02, Contradicted: 0.95, NotCovered: 0.03}
	neither = guards.Entailment{Supported: 0.02, Contradicted: 0.02, NotCovered: 0.96}
)

const shopRules = "Standard customers may return unworn items within 28 days of delivery. Silver members have 45 days. " +
	"The shop in Athlone opens at nine. Write to returns@example.com with questions."

// checkAll checks each text as a claim of its own against shopRules.
func checkAll(t *testing.T, ctx context.Context, model guards.Entailer, texts ...string) []guards.Finding {
	t.Helper()
	g, err := guards.New("groundedness", guards.Deps{Entailment: model})
	if err != nil {
		t.Fatal(err)
	}
	ex := &guards.Exchange{Given: groundtruth.Given("rules", "Shop rules", shopRules)}
	at := 0
	for i, text := range texts {
		ex.Claims = append(ex.Claims, guards.Claim{Index: i, Start: at, End: at + len(text), Text: text})
		at += len(text) + 1
	}
	got, err := g.Check(ctx, ex)
	if err != nil || len(got) != len(texts) {
		t.Fatalf("%d findings, %v", len(got), err)
	}
	return got
}

const (
	verbatim = "Standard customers may return unworn items within 28 days of delivery."
	changed  = "Standard customers may return unworn items within 30 days of delivery."
	contact  = "Standard customers can write to help@example.com about unworn items."
	reworded = "Ordinary shoppers get four weeks to hand back things they never wore."
	near     = "The shop in Athlone opens and closes at nine."
	unheard  = "Zebras graze peacefully."
)

// The model is asked once, and only about what exact comparison leaves open; what that
// settles no model overrules.
func TestModelIsAskedOnceAboutWhatIsOpen(t *testing.T) {
	for _, said := range []guards.Entailment{yes, no, neither} {
		m := &fakeModel{answer: always(said)}
		got := checkAll(t, t.Context(), m, verbatim, changed, contact, near)
		if len(m.calls[0]) != 1 || m.calls[0][0].Claim != near || !strings.Contains(m.calls[0][0].Evidence, "opens at nine") {
			t.Errorf("asked first %+v", m.calls[0])
		}
		for i, want := range []guards.Verdict{guards.Supported, guards.Contradicted, guards.NotCovered} {
			if got[i].Verdict != want || got[i].Category == "meaning" {
				t.Errorf("%+v: %q is %s: %s", said, got[i].Claim.Text, got[i].Verdict, got[i].Reason)
			}
		}
	}
	m := &fakeModel{answer: always(yes)}
	checkAll(t, t.Context(), m, verbatim, changed, contact)
	if len(m.calls) != 0 {
		t.Errorf("asked %+v though all is settled", m.calls)
	}
}

// A whole sentence word for word is settled, and so is one that leaves out a condition of
// which another is enough. Less is not: it may lack what matters.
func TestWhatIsQuotedIsSettled(t *testing.T) {
	const rules = "The guarantee ends when the motor has been tuned or when a battery has been opened. It is void if the seal is broken and if the bill is lost."
	for claim, settled := range map[string]bool{
		"The guarantee ends when the motor has been tuned or when a battery has been opened.": true,
		"The guarantee ends when a battery has been opened.":                                  true,
		"The guarantee ends when the motor has been tuned.":                                   false,
		"The guarantee ends when a battery has been tuned.":                                   false,
		"It is void if the bill is lost.":                                                     false,
	} {
		a, _ := guards.NewVerifier().Compare(&guards.Claim{Text: claim}, groundtruth.Given("rules", "", rules))
		if (a.Settled && a.Verdict == guards.Supported) != settled {
			t.Errorf("%q: %s, settled %v, want %v", claim, a.Verdict, a.Settled, settled)
		}
	}
}

// A claim that shares no word with the evidence can be the same in other words. Nothing
// else comes of asking: what bears on nothing contradicts nothing.
func TestModelReadsWhatSharesNoWord(t *testing.T) {
	for _, c := range []struct {
		said guards.Entailment
		want guards.Verdict
	}{{guards.Entailment{Supported: 0.99, Contradicted: 0.005, NotCovered: 0.005}, guards.Supported}, {no, guards.NotCovered}, {neither, guards.NotCovered}} {
		m := &fakeModel{answer: always(c.said)}
		got := checkAll(t, t.Context(), m, unheard)[0]
		if got.Verdict != c.want || (len(got.Evidence) > 0) != (c.want == guards.Supported) {
			t.Errorf("%+v: %s: %s, evidence %+v", c.said, got.Verdict, got.Reason, got.Evidence)
		}
		if len(m.calls) == 0 || !strings.Contains(m.calls[0][0].Evidence, "Standard customers") {
			t.Errorf("asked %+v", m.calls)
		}
	}
	if got := checkAll(t, t.Context(), nil, unheard)[0]; got.Verdict != guards.NotCovered || len(got.Evidence) > 0 {
		t.Errorf("without a model: %+v", got)
	}
}

// What the model says becomes a verdict, a reason and the evidence that decides.
func TestModelDecidesWhatIsOpen(t *testing.T) {
	for _, c := range []struct {
		said   guards.Entailment
		claim  string
		want   guards.Verdict
		reason string
	}{
		{yes, reworded, guards.Supported, `"Shop rules" says the same in other words (0.`},
		{no, near, guards.Contradicted, `"Shop rules" says otherwise (0.`},
		{neither, near, guards.NotCovered, `"Shop rules" speaks of this but does not say it (0.`},
	} {
		got := checkAll(t, t.Context(), &fakeModel{answer: always(c.said)}, c.claim)[0]
		if got.Verdict != c.want || got.Category != "meaning" || !strings.HasPrefix(got.Reason, c.reason) || len(got.Evidence) == 0 {
			t.Errorf("%q: %s (%s): %s, evidence %d", c.claim, got.Verdict, got.Category, got.Reason, len(got.Evidence))
		}
		if (got.Verdict == guards.Supported) != (got.Score < 0.5) {
			t.Errorf("%q: %s with score %.2f", c.claim, got.Verdict, got.Score)
		}
	}
}

// A value that no evidence holds needs a surer model than other claims do.
func TestMissingValueNeedsASurerModel(t *testing.T) {
	lowest := map[string]float64{}
	for _, claim := range []string{"The shop in Athlone serves 24 people at nine.", near} {
		lowest[claim] = 1
		for p := 0.5; p < 1; p += 0.005 {
			said := guards.Entailment{Supported: p, Contradicted: (1 - p) / 2, NotCovered: (1 - p) / 2}
			if got := checkAll(t, t.Context(), &fakeModel{answer: always(said)}, claim)[0]; got.Verdict == guards.Supported {
				lowest[claim] = min(lowest[claim], p)
			}
		}
	}
	for claim, p := range lowest {
		if p == 1 || claim != near && p < lowest[near]+0.1 {
			t.Errorf("%q is supported from %.3f on; one without a missing value from %.3f", claim, p, lowest[near])
		}
	}
}

// The quotation is the piece that the model finds most telling, and two where none is
// enough alone.
func TestModelFindsTheDecidingEvidence(t *testing.T) {
	telling := func(alone float64) *fakeModel {
		return &fakeModel{answer: func(_ context.Context, p guards.Pair) (guards.Entailment, error) {
			pieces := strings.Count(p.Evidence, ". ") + strings.Count(p.Evidence, "\n")
			switch {
			case pieces > 1:
				return yes, nil
			case strings.Contains(p.Evidence, "Silver members"):
				return guards.Entailment{Supported: alone, NotCovered: 1 - alone}, nil
			case strings.Contains(p.Evidence, "Athlone"):
				return guards.Entailment{Supported: alone / 2, NotCovered: 1 - alone/2}, nil
			}
			return neither, nil
		}}
	}
	const claim = "Customers of silver rank in Athlone can wait longer with items than others."
	for alone, want := range map[float64][]string{0.9: {"Silver members have 45 days."}, 0.5: {"Silver members have 45 days.", "The shop in Athlone opens at nine."}} {
		m := telling(alone)
		got := checkAll(t, t.Context(), m, claim)[0]
		var quotes []string
		for _, e := range got.Evidence {
			quotes = append(quotes, e.Quote)
		}
		if got.Verdict != guards.Supported || fmt.Sprint(quotes) != fmt.Sprint(want) {
			t.Errorf("alone %.1f: %s by %q, want %q", alone, got.Verdict, quotes, want)
		}
		if len(m.calls) != 2 {
			t.Errorf("%d calls, want one for the verdict and one for the evidence", len(m.calls))
		}
	}
}

// A model that fails, is late or cannot judge leaves what is settled and never turns
// the rest into supported.
func TestModelThatCannotJudge(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(context.Context, guards.Pair) (guards.Entailment, error)
		want   string
	}{
		"fails": {func(context.Context, guards.Pair) (guards.Entailment, error) { return yes, errors.New("session broke") }, "The model failed"},
		"late": {func(ctx context.Context, _ guards.Pair) (guards.Entailment, error) {
			<-ctx.Done()
			return yes, ctx.Err()
		}, "did not answer in time"},
		"foreign": {always(guards.Entailment{NotMeasured: "language"}), "in a language that the model does not know"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		got := checkAll(t, ctx, &fakeModel{answer: c.answer}, verbatim, changed, reworded, near)
		cancel()
		for i, want := range []guards.Verdict{guards.Supported, guards.Contradicted, guards.NotMeasured, guards.NotMeasured} {
			if got[i].Verdict != want {
				t.Errorf("%s: %q is %s: %s", name, got[i].Claim.Text, got[i].Verdict, got[i].Reason)
			}
			if want == guards.NotMeasured && (!strings.Contains(got[i].Reason, c.want) || got[i].Score != 0.5 || strings.Contains(got[i].Reason, "session")) {
				t.Errorf("%s: score %.2f, reason %q", name, got[i].Score, got[i].Reason)
			}
		}
	}
	if got := checkAll(t, t.Context(), shortModel{}, near); got[0].Verdict != guards.NotMeasured {
		t.Errorf("too few answers: %s", got[0].Verdict)
	}
}

// shortModel answers nothing.
type shortModel struct{}

func (shortModel) Entail(context.Context, []guards.Pair) ([]guards.Entailment, error) {
	return nil, nil
}

// The guard's own deadline and a cancelled request are the guard's failure, whatever
// the model says after it.
func TestModelBeyondTheGuardsDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g, err := guards.New("groundedness", guards.Deps{Entailment: &fakeModel{answer: func(context.Context, guards.Pair) (guards.Entailment, error) {
		cancel()
		return yes, nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := g.Check(ctx, &guards.Exchange{Given: groundtruth.Given("rules", "", shopRules), Claims: []guards.Claim{{Text: near}}})
	if !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A span of the model's is told in the answer's bytes, and a claim of which the model
// read only the beginning is not supported by that.
func TestSpansAndCutClaims(t *testing.T) {
	e := neither
	from := strings.Index(near, "and closes")
	e.Spans = []guards.Span{{Start: 0, End: 3, Score: 0.6}, {Start: from, End: from + len("and closes"), Score: 0.9}}
	got := checkAll(t, t.Context(), &fakeModel{answer: always(e)}, verbatim, near)[1]
	if answer := verbatim + " " + near; answer[got.Start:got.End] != "and closes" {
		t.Errorf("marked %q", answer[got.Start:got.End])
	}
	cut := yes
	cut.Cut = true
	if got := checkAll(t, t.Context(), &fakeModel{answer: always(cut)}, reworded)[0]; got.Verdict == guards.Supported {
		t.Errorf("a claim cut short is %s", got.Verdict)
	}
}

// By itself the model decides all that evidence bears on, and still not what it cannot
// judge.
func TestModelAlone(t *testing.T) {
	check := func(said guards.Entailment, text string) guards.Finding {
		g, err := guards.New("groundedness", guards.Deps{Entailment: &fakeModel{answer: always(said)}, EntailmentAlone: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.Check(t.Context(), &guards.Exchange{Given: groundtruth.Given("rules", "Shop rules", shopRules), Claims: []guards.Claim{{Text: text}}})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	for _, c := range []struct {
		said guards.Entailment
		text string
		want guards.Verdict
	}{{no, verbatim, guards.Contradicted}, {yes, changed, guards.Supported}, {neither, verbatim, guards.NotCovered}, {guards.Entailment{NotMeasured: "language"}, verbatim, guards.NotMeasured}} {
		if got := check(c.said, c.text); got.Verdict != c.want || got.Verdict != guards.NotMeasured && len(got.Evidence) != 1 {
			t.Errorf("%q is %s: %s", c.text, got.Verdict, got.Reason)
		}
	}
}
