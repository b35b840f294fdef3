package guards_test

import (
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
	"touchstone/guards"
)

const known = `subject,attribute,value,unit,region,audience,valid_from,valid_to
Kestrel 500|K500,price|list price,349,EUR,EU,,2026-04-01,
Kestrel 500|K500,price,329,EUR,EU,,2025-01-01,2026-03-31
Kestrel 500,price,369,EUR,EU,,2027-01-01,
Kestrel 500,price,299,GBP,UK,,,
Kestrel 500,deposit,50,EUR,,,,
Kestrel 500,waterproof,no,,,,,
Kestrel 500,weight,12.5,kg,,,,
Kestrel,maker,Falco Works,,,,,
Kestrel,warranty,2,years,,,,
Kestrel,warranty,3,years,,staff,,
Falco Works,CEO|chief executive,Ana Ruiz,,,,,
Falco Works,support email,help@falco.example,,,,,
Falco Works,spring discount,20,%,,,2026-03-01,2026-05-31
Merlin,launch date,12 May 2025,,,,,
standard customers,return window|return,28,days,,,,
`

// noon of a day on which the price of 2026 is in force
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// factsGuard is the guard with the facts of a CSV and a document beside them.
func factsGuard(t testing.TB, csv string, passages ...string) guards.Guard {
	t.Helper()
	store, err := groundtruth.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	doc, err := groundtruth.ReadFacts("facts.csv", []byte(csv), "")
	if err != nil {
		t.Fatal(err)
	}
	doc.ID, doc.Collection = "facts.csv", "default"
	if _, err := store.Replace(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	for i, p := range passages {
		doc, _, err := groundtruth.Read(t.Context(), "p.md", []byte(p))
		if err != nil {
			t.Fatal(err)
		}
		doc.ID, doc.Collection = "p"+string(rune('0'+i))+".md", "default"
		if _, err := store.Replace(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	g, err := guards.New("groundedness", guards.Deps{Store: store, Facts: groundtruth.NewKnown(store)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFactsDecideClaims(t *testing.T) {
	g := factsGuard(t, known)
	eu := groundtruth.Scope{Region: "EU"}
	for _, c := range []struct {
		question, claim string
		scope           groundtruth.Scope
		want            guards.Verdict
		category        string
		reason          string
	}{
		// money, by scope
		{"", "The price of the Kestrel 500 is 349 EUR.", eu, guards.Supported, "", ""},
		{"", "The Kestrel 500 costs 349 euros.", eu, guards.Supported, "", ""},
		{"", "The Kestrel 500 costs €399.", eu, guards.Contradicted, "money", "The answer says €399; the fact on the price of Kestrel 500 for region EU says 349 EUR since 1 April 2026."},
		{"", "The K500 costs 399 EUR.", eu, guards.Contradicted, "money", ""},
		{"", "The Kestrel 500 costs $349.", eu, guards.Contradicted, "money", ""},
		{"", "In the UK, the Kestrel 500 costs 299 GBP.", eu, guards.Supported, "", ""},
		{"", "In the UK, the Kestrel 500 costs 349 GBP.", eu, guards.Contradicted, "money", "for region UK says 299 GBP."},
		{"What is the price of the Kestrel 500?", "It is 399 EUR.", eu, guards.Contradicted, "money", ""},
		{"What is the price of the Kestrel 500?", "It is 349 EUR.", eu, guards.Supported, "", ""},
		{"", "The Kestrel 500 costs 399 EUR with a deposit of 50 EUR.", eu, guards.Contradicted, "money", "says €399|says 399 EUR"},
		{"", "The Kestrel 500 costs 349 EUR with a deposit of 80 EUR.", eu, guards.Contradicted, "money", "The answer says 80 EUR; the fact on the deposit"},
		// time
		{"", "The Kestrel 500 costs 329 EUR.", eu, guards.Contradicted, "stale", "Was true until 31 March 2026: the price of Kestrel 500 for region EU was 329 EUR; now it is 349 EUR."},
		{"", "The Kestrel 500 costs 369 EUR.", eu, guards.Contradicted, "early", "Not true before 1 January 2027: the price of Kestrel 500 for region EU will be 369 EUR; now it is 349 EUR."},
		{"", "In 2025 the price of the Kestrel 500 was 329 EUR.", eu, guards.Supported, "", ""},
		{"", "Until 31 March 2026, the Kestrel 500 cost 329 EUR.", eu, guards.Supported, "", ""},
		{"", "In 2025 the price of the Kestrel 500 was 349 EUR.", eu, guards.Contradicted, "money", "says 329 EUR"},
		{"", "From 1 January 2027 the price of the Kestrel 500 is 369 EUR.", eu, guards.Supported, "", ""},
		{"", "The spring discount of Falco Works is 20%.", eu, guards.Contradicted, "stale", "Was true until 31 May 2026: the spring discount of Falco Works was 20 %; no fact is in force now."},
		// audience
		{"", "The warranty of the Kestrel is 2 years.", groundtruth.Scope{}, guards.Supported, "", ""},
		{"", "The warranty of the Kestrel is 3 years.", groundtruth.Scope{}, guards.Contradicted, "duration", ""},
		{"", "The warranty of the Kestrel is 3 years.", groundtruth.Scope{Audience: "staff"}, guards.Supported, "", ""},
		{"", "The warranty of the Kestrel is 2 years.", groundtruth.Scope{Audience: "Staff"}, guards.Contradicted, "duration", "for audience staff says 3 years"},
		{"", "The Kestrel 500 costs 399 EUR.", groundtruth.Scope{}, guards.NotCovered, "", "The price of Kestrel 500 depends on the region, and that of the caller is not known."},
		{"", "The Kestrel 500 costs 399 EUR.", groundtruth.Scope{Region: "US"}, guards.NotCovered, "", "and not for the caller's region US."},
		// other kinds of values
		{"", "The Kestrel 500 is waterproof.", eu, guards.Contradicted, "negation", ""},
		{"", "The Kestrel 500 is not waterproof.", eu, guards.Supported, "", ""},
		{"", "The Kestrel 500 has a weight of 12,500 g.", eu, guards.Supported, "", ""},
		{"", "The Kestrel 500 weighs 14 kg.", eu, guards.Contradicted, "number", ""},
		{"", "The CEO of Falco Works is Bo Lind.", eu, guards.Contradicted, "name", `The answer says Bo Lind; the fact on the CEO of Falco Works says Ana Ruiz.`},
		{"", "Ana Ruiz is the chief executive of Falco Works.", eu, guards.Supported, "", ""},
		{"", "The support email of Falco Works is info@falco.example.", eu, guards.Contradicted, "email", ""},
		{"", "The launch date of the Merlin is 12 June 2025.", eu, guards.Contradicted, "date", ""},
		{"", "The launch date of the Merlin is 2025-05-12.", eu, guards.Supported, "", ""},
		{"", "Standard customers have a return window of 30 days.", eu, guards.Contradicted, "duration", ""},
		{"", "Standard customers may return items within 30 days.", eu, guards.Contradicted, "duration", ""},
		{"", "Standard customers may return items within four weeks.", eu, guards.Supported, "", ""},
	} {
		ex := &guards.Exchange{Collections: []string{"default"}, Scope: c.scope, At: noon,
			Prompt: []guards.Message{{Role: "user", Text: c.question}}, Claims: []guards.Claim{{Text: c.claim, End: len(c.claim)}}}
		got, err := g.Check(t.Context(), ex)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		f := got[0]
		told := c.reason == ""
		for r := range strings.SplitSeq(c.reason, "|") {
			told = told || strings.Contains(f.Reason, r)
		}
		if f.Verdict != c.want || c.category != "" && f.Category != c.category || !told {
			t.Errorf("%q %q\n got %s (%s, %.2f): %s\nwant %s (%s): %s", c.question, c.claim, f.Verdict, f.Category, f.Score, f.Reason, c.want, c.category, c.reason)
			continue
		}
		if c.want != guards.NotCovered && (len(f.Evidence) == 0 || f.Evidence[0].Source != "facts.csv" || f.Evidence[0].Fact == "" || f.Evidence[0].Revision == "" || f.Evidence[0].Quote == "") {
			t.Errorf("%q: evidence %+v", c.claim, f.Evidence)
		}
	}
}

// What facts do not plainly speak of they must not contradict.
func TestFactsKeepSilent(t *testing.T) {
	g := factsGuard(t, known)
	for _, claim := range []string{
		"The Kestrel 700 costs 449 EUR.",
		"The Kestrel 500 costs 50 EUR less than the Merlin.",
		"The price of the Kestrel 500 includes a 20 EUR voucher.",
		"The Kestrel 500 comes with a waterproof case.",
		"The Kestrel 500 was launched in 2021.",
		"The Kestrel 500, launched in 2025, costs 349 EUR.",
		"Shipping the Kestrel 500 takes 5 days.",
		"The CEO of Falco Works lives in Paris.",
		"Bo Lind met Ana Ruiz, the CEO of Falco Works.",
		"The Kestrel 500 costs 349 EUR, 20 EUR more than last year.",
		"The Kestrel 500 does not cost 399 EUR.",
		"The price was 300 EUR when the Kestrel 500 came out.",
		"Gold customers may return items within 60 days.",
	} {
		ex := &guards.Exchange{Collections: []string{"default"}, Scope: groundtruth.Scope{Region: "EU"}, At: noon, Claims: []guards.Claim{{Text: claim, End: len(claim)}}}
		got, err := g.Check(t.Context(), ex)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if f := got[0]; f.Verdict == guards.Contradicted {
			t.Errorf("%q: %s (%s): %s", claim, f.Verdict, f.Category, f.Reason)
		}
	}
}

// A fact outweighs a document that is behind it, and supports beside others.
func TestFactsAgainstDocuments(t *testing.T) {
	g := factsGuard(t, known, "# Prices\n\nThe Kestrel 500 costs 329 EUR. The Kestrel 500 is sold in red and blue.")
	for claim, want := range map[string]guards.Verdict{
		"The Kestrel 500 costs 349 EUR.":           guards.Supported,
		"The Kestrel 500 costs 329 EUR.":           guards.Contradicted,
		"The Kestrel 500 is sold in red and blue.": guards.Supported,
	} {
		ex := &guards.Exchange{Collections: []string{"default"}, Scope: groundtruth.Scope{Region: "EU"}, At: noon, Claims: []guards.Claim{{Text: claim, End: len(claim)}}}
		got, err := g.Check(t.Context(), ex)
		if err != nil || len(got) != 1 || got[0].Verdict != want {
			t.Errorf("%q: %+v, %v", claim, got, err)
		}
	}
}

// The time of the answer decides, not that of the check.
func TestFactsOfTheTimeOfTheAnswer(t *testing.T) {
	g := factsGuard(t, known)
	claim := "The Kestrel 500 costs 329 EUR."
	for at, want := range map[time.Time]guards.Verdict{
		time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC): guards.Supported,
		time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC):   guards.Contradicted,
	} {
		ex := &guards.Exchange{Collections: []string{"default"}, Scope: groundtruth.Scope{Region: "EU"}, At: at, Claims: []guards.Claim{{Text: claim, End: len(claim)}}}
		got, err := g.Check(t.Context(), ex)
		if err != nil || got[0].Verdict != want {
			t.Errorf("at %s: %+v, %v", at, got, err)
		}
	}
}
