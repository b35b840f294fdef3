package groundtruth_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
)

const factsCSV = `Subject,Attribute,Value,Unit,Region,Audience,Valid from,Valid to,Source,Author
Kestrel 500|K500,price|list price,349.00,EUR,EU,,2026-04-01,,Price list 2026,ana
Kestrel 500,price,329,EUR,EU,,2025-01-01,2026-03-31,Price list 2025,
Kestrel 500,waterproof,no,,,staff,,,,
`

const factsYAML = `# what sales may say
- subject: Kestrel 500|K500
  attribute: price|list price
  value: 349.00
  unit: EUR
  region: EU
  valid_from: 2026-04-01
  source: Price list 2026
  author: ana
- {subject: Kestrel 500, attribute: price, value: 329, unit: EUR, region: EU, valid_from: 2025-01-01, valid_to: 2026-03-31, source: Price list 2025}
- subject: Kestrel 500
  attribute: waterproof
  value: no
  audience: staff
`

const factsJSONL = `{"subject": "Kestrel 500|K500", "attribute": ["price", "list price"], "value": 349.00, "unit": "EUR", "region": "EU", "valid_from": "2026-04-01", "source": "Price list 2026", "author": "ana"}

{"subject": "Kestrel 500", "attribute": "price", "value": "329", "unit": "EUR", "region": "EU", "valid_from": "2025-01-01", "valid_to": "2026-03-31", "source": "Price list 2025"}
{"subject": "Kestrel 500", "attribute": "waterproof", "value": "no", "audience": "staff"}
`

func TestFactsReadTheSameInEveryFormat(t *testing.T) {
	var want groundtruth.Document
	for i, f := range []struct{ name, text string }{{"prices.csv", factsCSV}, {"prices.yaml", factsYAML}, {"prices.jsonl", factsJSONL}} {
		doc, err := groundtruth.ReadFacts(f.name, []byte(f.text), "ben")
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		for i := range doc.Records.Facts {
			f := &doc.Records.Facts[i]
			f.Subject, f.Attribute = strings.ReplaceAll(f.Subject, " | ", "|"), strings.ReplaceAll(f.Attribute, " | ", "|")
			f.Identify()
		}
		doc.Title = ""
		if i == 0 {
			want = doc
		} else if !reflect.DeepEqual(doc, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", f.name, doc, want)
		}
	}
	f := want.Records.Facts
	if len(f) != 3 || f[0].Author != "ana" || f[1].Author != "ben" || f[0].Amount() != "349.00 EUR" || f[0].ID == f[1].ID || len(f[0].ID) != 12 {
		t.Errorf("facts %+v", f)
	}
	if s := f[0].Statement(); s != "The price of Kestrel 500 is 349.00 EUR (region EU)." {
		t.Error(s)
	}
	if s := f[2].Statement(); s != "Kestrel 500 is not waterproof (audience staff)." {
		t.Error(s)
	}
	if !strings.Contains(want.Text, "329 EUR (region EU). Valid from 2025-01-01 to 2026-03-31.") {
		t.Errorf("text %q", want.Text)
	}
}

func TestBadFactsAreToldOneByOne(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"f.csv", "subject,attribute,value\nA,b,\nA,,3\n,b,3\n", "line 2: it has no value\nline 3: it has no attribute\nline 4: it has no subject"},
		{"f.csv", "subject,attribute,value,valid_to\nA,b,c,31.3.2026\n", `line 2: valid to is "31.3.2026": write a day as 2026-03-31`},
		{"f.csv", "subject,attribute,value,valid_from,valid_to\nA,b,c,2026-04-01,2026-03-31\n", "the end comes before the beginning"},
		{"f.csv", "subject,attribute,price\nA,b,c\n", `line 2: there is no field "price"; there are: attribute, audience,`},
		{"f.csv", "subject,attribute,value\nA,b\n", "line 2 has 2 fields and the header has 3"},
		{"f.csv", "subject,attribute,value\nA,b,c\nA,b,c\n", `the fact "The b of A is c." stands in it twice`},
		{"f.csv", "subject,attribute,value\n", "it holds no records"},
		{"f.txt", "x", "its name ends neither in .csv"},
		{"f.jsonl", "{\"subject\": {\"a\": 1}}\n", "line 1: subject is neither a value nor a list of values"},
		{"f.yaml", "subject: A\n", "line 1: a list of records is needed"},
		{"f.yaml", "- subject: [[A]]\n", "line 1: subject is neither a value nor a list of values"},
		{"f.yaml", strings.Repeat("[", 100), "line 1 is nested deeper than 64 levels"},
	} {
		_, err := groundtruth.ReadFacts(c.name, []byte(c.text), "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %s", c.name, c.text, err, c.want)
		}
	}
}

func TestSpanKnowsItsEnds(t *testing.T) {
	day := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	s := groundtruth.Span{From: "2026-01-01", To: "2026-03-31"}
	for at, want := range map[string]groundtruth.Tense{
		"2025-12-31T23:59:59Z": groundtruth.Future, "2026-01-01T00:00:00Z": groundtruth.Present, "2026-03-31T23:59:59Z": groundtruth.Present,
		"2026-04-01T00:00:00Z": groundtruth.Past, "2026-04-01T01:00:00+02:00": groundtruth.Present,
	} {
		if got := s.Place(day(at)); got != want {
			t.Errorf("at %s: %d, want %d", at, got, want)
		}
	}
	if got := (groundtruth.Span{To: "2026-03-31T12:00:00Z"}).Place(day("2026-03-31T12:00:00Z")); got != groundtruth.Past {
		t.Errorf("a moment ends a span: %d", got)
	}
}

func TestKnownFactsFollowTheStore(t *testing.T) {
	store, err := groundtruth.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	known := groundtruth.NewKnown(store)
	ask := func(tenant, text string, collections ...string) string {
		t.Helper()
		list, err := known.Facts(t.Context(), tenant, collections, text)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range list {
			out = append(out, f.In.ID+" "+f.Subject+" "+f.Value)
		}
		return strings.Join(out, ", ")
	}
	put := func(tenant, id, csv string) {
		t.Helper()
		doc, err := groundtruth.ReadFacts("f.csv", []byte("subject,attribute,value\n"+csv), "")
		if err != nil {
			t.Fatal(err)
		}
		doc.ID, doc.Collection = id, "default"
		if changed, err := store.For(tenant).Replace(t.Context(), doc); err != nil || !changed {
			t.Fatal(changed, err)
		}
	}
	const text = "What does the Kestrel 500 cost, and the K500's sister?"
	if got := ask("", text, "default"); got != "" {
		t.Errorf("an empty store knows %s", got)
	}
	put("", "a", "Kestrel 500|K500,price,349\nKestrel,maker,Falco\nKestrel 700,price,449\n")
	put("other", "b", "Kestrel 500,price,1\n")
	if got := ask("", text, "default"); got != "a Kestrel 500|K500 349, a Kestrel Falco" {
		t.Errorf("found %s", got)
	}
	if got := ask("", text, "elsewhere"); got != "" {
		t.Errorf("another collection knows %s", got)
	}
	if got := ask("other", text, "default"); got != "b Kestrel 500 1" {
		t.Errorf("another tenant knows %s", got)
	}
	put("", "a", "Kestrel 500,price,359\n")
	if got := ask("", text, "default"); got != "a Kestrel 500 359" {
		t.Errorf("after a change: %s", got)
	}
	if err := store.Delete(t.Context(), "default", "a"); err != nil {
		t.Fatal(err)
	}
	if got := ask("", text, "default"); got != "" {
		t.Errorf("after deletion: %s", got)
	}
}

// Facts survive a restart, and are no passages: what held until March must not be
// found as if it held.
func TestFactsAreKeptAndNotSearched(t *testing.T) {
	path := t.TempDir() + "/g.db"
	store, err := groundtruth.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := groundtruth.ReadFacts("f.csv", []byte(factsCSV), "")
	if err != nil {
		t.Fatal(err)
	}
	doc.ID, doc.Collection = "prices.csv", "default"
	if _, err := store.Replace(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = groundtruth.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	list, err := store.Recorded(t.Context())
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].Held, doc.Records) || list[0].Source.Facts != 3 {
		t.Errorf("kept %+v, %v", list, err)
	}
	found, err := store.Search(t.Context(), groundtruth.Query{Collections: []string{"default"}, Text: "Kestrel 500 price"})
	if err != nil || len(found) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}
