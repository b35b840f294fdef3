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

// searchStore answers Search by a function; its other methods are not called.
type searchStore struct {
	groundtruth.Store
	search func(ctx context.Context, q groundtruth.Query) ([]groundtruth.Evidence, error)
}

func (s searchStore) Search(ctx context.Context, q groundtruth.Query) ([]groundtruth.Evidence, error) {
	return s.search(ctx, q)
}

// For gives every tenant the same answers.
func (s searchStore) For(string) groundtruth.Store { return s }

func newGuard(t testing.TB, store groundtruth.Store) guards.Guard {
	t.Helper()
	g, err := guards.New("groundedness", guards.Deps{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var returns = groundtruth.Evidence{Source: "returns.md", Title: "Returns policy", Revision: "abc", Origin: groundtruth.FromIndex,
	Text: "Standard customers may return unworn items within 28 days of delivery."}

func TestUnknownGuard(t *testing.T) {
	if _, err := guards.New("grounded", guards.Deps{}); err == nil || !strings.Contains(err.Error(), "groundedness") {
		t.Errorf("got %v, want an error that names the guards there are", err)
	}
}

func TestGroundednessAsksTheStore(t *testing.T) {
	var asked []groundtruth.Query
	g := newGuard(t, searchStore{search: func(_ context.Context, q groundtruth.Query) ([]groundtruth.Evidence, error) {
		asked = append(asked, q)
		return []groundtruth.Evidence{returns}, nil
	}})
	got, err := g.Check(context.Background(), &guards.Exchange{Collections: []string{"shop"}, Claims: []guards.Claim{
		{Index: 3, Text: "Glad to help!", NotClaim: "greeting"},
		{Index: 4, Text: "They may return unworn items within 30 days of delivery.", Context: "Standard customers"},
	}})
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if len(asked) != 1 || asked[0].Collections[0] != "shop" || !strings.Contains(asked[0].Text, "Standard customers") {
		t.Errorf("asked %+v, want one query with the claim's context in the caller's collections", asked)
	}
	if got[0].Verdict != guards.NotClaim || got[1].Verdict != guards.Contradicted || got[1].Claim.Index != 4 {
		t.Errorf("got %s and %s", got[0].Verdict, got[1].Verdict)
	}
	if e := got[1].Evidence[0]; e.Source != "returns.md" || e.Revision != "abc" || e.Quote != returns.Text {
		t.Errorf("got evidence %+v", e)
	}
}

func TestGroundednessWithoutEvidence(t *testing.T) {
	claims := []guards.Claim{{Text: "Silver members have 45 days."}}
	empty := searchStore{search: func(context.Context, groundtruth.Query) ([]groundtruth.Evidence, error) { return nil, nil }}
	for name, ex := range map[string]*guards.Exchange{
		"nothing found":  {Claims: claims, Collections: []string{"shop"}},
		"no collections": {Claims: claims},
	} {
		got, err := newGuard(t, empty).Check(context.Background(), ex)
		if err != nil || got[0].Verdict != guards.NotCovered || got[0].Score < 0.5 {
			t.Errorf("%s: got %+v, %v, want not_covered", name, got, err)
		}
	}
	got, err := newGuard(t, nil).Check(context.Background(), &guards.Exchange{Claims: []guards.Claim{{Text: "Standard customers may return items within 28 days."}},
		Collections: []string{"shop"}, Given: groundtruth.Given("context", "", "Intro.\n\n"+returns.Text)})
	if err != nil || got[0].Verdict != guards.Supported || got[0].Evidence[0].Source != "caller:context" || got[0].Evidence[0].Start != len("Intro.\n\n") {
		t.Errorf("from the caller's context: got %+v, %v", got, err)
	}
}

func TestGroundednessFailsWithTheStore(t *testing.T) {
	down := errors.New("connection refused")
	g := newGuard(t, searchStore{search: func(context.Context, groundtruth.Query) ([]groundtruth.Evidence, error) { return nil, down }})
	ex := &guards.Exchange{Claims: []guards.Claim{{Text: "Silver members have 45 days."}}, Collections: []string{"shop"},
		Given: []groundtruth.Evidence{{Text: "Silver members have 45 days."}}}
	if got, err := g.Check(context.Background(), ex); !errors.Is(err, down) || got != nil {
		t.Errorf("got %+v, %v, want the store's error and no findings", got, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g = newGuard(t, searchStore{search: func(context.Context, groundtruth.Query) ([]groundtruth.Evidence, error) { cancel(); return nil, nil }})
	ex.Claims = append(ex.Claims, ex.Claims[0])
	if got, err := g.Check(ctx, ex); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("cancelled between claims: got %+v, %v", got, err)
	}
}

// BenchmarkGroundedness12Sentences checks answers of 12 sentences, all
// different, against a store of 10,000 passages.
func BenchmarkGroundedness12Sentences(b *testing.B) {
	const passages = 10000
	store, err := groundtruth.Open(b.Context(), ":memory:")
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	subjects := []string{"Gold", "Silver", "Standard", "Business", "Student", "Family", "Harbour", "Meadow", "Lantern", "Copper", "Willow", "Falcon"}
	things := []string{"refund", "delivery", "warranty", "subscription", "deposit", "upgrade", "repair", "exchange", "voucher", "locker"}
	passage := func(i int) string {
		s, t := subjects[i%len(subjects)], things[i/len(subjects)%len(things)]
		return fmt.Sprintf("%s customers of branch %d ask for a %s within %d days of purchase. The fee is EUR %d.50 unless the order %d was placed before %d March 2024. "+
			"Requests about a %s are answered by the desk in zone %d, at most %d working days after they arrive. Items from aisle %d are excluded.",
			s, i, t, 10+i%50, 1+i%90, i*7, 1+i%28, t, i%400, 1+i%9, i%77)
	}
	for d := range 100 {
		doc := groundtruth.Document{ID: fmt.Sprint("doc", d), Collection: "shop", Title: fmt.Sprint("Handbook ", d), Hash: fmt.Sprint(d)}
		for p := range passages / 100 {
			text := passage(d*100 + p)
			doc.Passages = append(doc.Passages, groundtruth.Passage{Ordinal: p, Start: len(doc.Text), End: len(doc.Text) + len(text), Text: text})
			doc.Text += text + "\n"
		}
		if _, err := store.Replace(b.Context(), doc); err != nil {
			b.Fatal(err)
		}
	}
	searching := time.Duration(0)
	timed := newGuard(b, searchStore{search: func(ctx context.Context, q groundtruth.Query) ([]groundtruth.Evidence, error) {
		start := time.Now()
		found, err := store.Search(ctx, q)
		searching += time.Since(start)
		return found, err
	}})
	next := 0
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		ex := guards.Exchange{Collections: []string{"shop"}}
		for k := range 12 {
			i := (next*7919 + k*613) % passages
			ex.Claims = append(ex.Claims, guards.Claim{Index: k, Text: fmt.Sprintf("%s customers of branch %d can ask for a %s within %d days of purchase, for a fee of %d.50 euros.",
				subjects[i%len(subjects)], i, things[i/len(subjects)%len(things)], 10+(i+k%2)%50, 1+i%90)})
		}
		next++
		if _, err := timed.Check(b.Context(), &ex); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((b.Elapsed()-searching).Nanoseconds())/float64(b.N)/12, "ns/claim-without-search")
	b.ReportMetric(float64(searching.Nanoseconds())/float64(b.N)/12, "ns/search")
}
