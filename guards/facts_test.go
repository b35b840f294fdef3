package guards

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// mentionsOf extracts the typed values of a sentence.
func mentionsOf(text string) []mention {
	toks := tokenize(nil, text, 0, len(text), false)
	return extract(nil, text, toks, 0, len(toks))
}

// firstOf is the first value of a sentence that is not a name.
func firstOf(t *testing.T, text string) *mention {
	t.Helper()
	for _, m := range mentionsOf(text) {
		if m.kind != nameFact {
			return &m
		}
	}
	t.Fatalf("no value found in %q", text)
	return nil
}

func TestValuesThatAreEqual(t *testing.T) {
	for _, pair := range [][2]string{
		{"it has 1.5k users", "it has 1,500 users"},
		{"it has 1,500 users", "it has one thousand five hundred users"},
		{"two dozen eggs", "24 eggs"},
		{"half a million users", "500,000 users"},
		{"1.234,56 kg", "1,234.56 kg"},
		{"1.234.567 users", "1,234,567 users"},
		{"twenty-four tablets", "24 tablets"},
		{"two and a half hours", "150 minutes"},
		{"24 hours", "1 day"},
		{"2 weeks", "14 days"},
		{"a fortnight", "14 days"},
		{"12 months", "1 year"},
		{"3 h 40 min", "220 minutes"},
		{"1h50", "110 minutes"},
		{"a 30-day window", "30 days"},
		{"5 working days", "five business days"},
		{"3-5 days", "between 3 and 5 days"},
		{"3–5 days", "3 to 5 days"},
		{"£15m", "15 million pounds"},
		{"EUR 4.50", "4.50 euros"},
		{"€4.50", "4.5 EUR"},
		{"27.4p", "£0.274"},
		{"$3M", "3,000,000 dollars"},
		{"$1.5 billion", "1,500,000,000 USD"},
		{"25%", "25 percent"},
		{"a quarter of the fee", "25 per cent"},
		{"half of the fee", "50%"},
		{"2 percentage points", "2 pp"},
		{"about 9%", "9.2%"},
		{"on 3 March 2024", "2024-03-03"},
		{"March 3rd, 2024", "3 March 2024"},
		{"on 3rd of March", "March 3"},
		{"on 03/04/2024", "4 March 2024"},
		{"on 03/04/2024", "3 April 2024"},
		{"Q1 2024", "the first quarter of 2024"},
		{"at 16:00", "at 4 p.m."},
		{"at 4pm", "at 4:00 PM"},
		{"2.20 in the afternoon", "14:20"},
		{"half past nine", "9:30"},
		{"at a quarter past nine in the evening", "21:15"},
		{"noon", "12:00"},
		{"Mon-Fri", "weekdays"},
		{"from Monday to Friday", "Mon-Fri"},
		{"v1.2.3", "version 1.2.3"},
		{"model DW-620", "model DW620"},
		{"write to Help@Example.com", "help@example.com"},
		{"see https://www.example.com/a/", "http://example.com/a"},
		{"call +44 1632 960 118", "call 01632 960118"},
		{"the 2nd floor", "the second floor"},
		{"5 km", "5,000 metres"},
		{"500 g", "0.5 kg"},
		{"-6 °C", "-6 degrees"},
		{"½ hour", "30 minutes"},
	} {
		a, b := firstOf(t, pair[0]), firstOf(t, pair[1])
		if got := relate(a, b); got != equal {
			t.Errorf("%q and %q: got relation %d, want equal\n%+v\n%+v", pair[0], pair[1], got, *a, *b)
		}
	}
}

func TestValuesThatDiffer(t *testing.T) {
	for _, pair := range [][2]string{
		{"30 days", "one month"},
		{"5 working days", "5 days"},
		{"365 days", "1 year"},
		{"28 days", "30 days"},
		{"£15", "£50"},
		{"25%", "25 percentage points"},
		{"at least 10 users", "at most 10 users"},
		{"more than 10 users", "up to 10 users"},
		{"up to 5 users", "7 users"},
		{"8 days", "3-5 days"},
		{"3 March 2024", "4 March 2024"},
		{"3 March 2024", "3 March 2023"},
		{"05/04/2024", "3 April 2024"},
		{"16:00", "4 a.m."},
		{"Monday", "Tuesday"},
		{"Saturday", "weekdays"},
		{"v1.2.3", "v1.2.4"},
		{"DW-620", "DW-630"},
		{"a@example.com", "b@example.com"},
		{"5 km", "5 miles"},
		{"500 mg", "500 g"},
		{"5 MB", "5 GB"},
		{"Q1 2024", "Q2 2024"},
	} {
		a, b := firstOf(t, pair[0]), firstOf(t, pair[1])
		if got := relate(a, b); got != different {
			t.Errorf("%q and %q: got relation %d, want different\n%+v\n%+v", pair[0], pair[1], got, *a, *b)
		}
	}
}

func TestValuesThatCanBothBeTrue(t *testing.T) {
	for _, tc := range []struct {
		claim, evidence string
		want            relation
	}{
		{"more than 10 users", "12 users", compatible},
		{"at least 10 users", "12 users", compatible},
		{"7 users", "up to 10 users", compatible},
		{"4 days", "3-5 days", compatible},
		{"in 2024", "3 March 2024", equal},
		{"in March 2024", "Q1 2024", compatible},
		{"3 March 2024", "March 2024", compatible}, // the claim says more
		{"38%", "38.4%", compatible},               // rounded
		{"37%", "38.4%", different},
		{"on Wednesday", "Mon-Fri", equal},
		{"at 9:30", "21:30", equal},
		{"3 tablets", "5 users", incomparable},
		{"3 kg", "3 days", incomparable},
		{"5 EUR", "5 USD", incomparable},
		{"10 pounds", "£10", equal},
		{"in 2024", "in March", incomparable},
	} {
		if got := relate(firstOf(t, tc.claim), firstOf(t, tc.evidence)); got != tc.want {
			t.Errorf("%q against %q: got relation %d, want %d", tc.claim, tc.evidence, got, tc.want)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"The engineer Rhona Baird said so.":          "Rhona Baird",
		"It was sold to the Bank of Velmora.":        "Bank of Velmora",
		"It is run by Harrow & Pine.":                "Harrow & Pine",
		"Customers may return items.":                "",
		"Returns are free on Monday.":                "",
		"We met J. Smith and later Ana Silva there.": "J. Smith|Ana Silva",
		"THIS IS ALL IN CAPITALS HERE":               "",
		"Staff use NATO codes.":                      "NATO",
	} {
		var got []string
		for _, m := range mentionsOf(text) {
			if m.kind == nameFact {
				got = append(got, text[m.start:m.end])
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestNotValues holds what looks like a value to being none, or a weak one.
func TestNotValues(t *testing.T) {
	for _, text := range []string{
		"one of the two is enough", "May I help you?", "he sat in the sun", "no one came", "see step 2", "as passage 3 says",
	} {
		for _, m := range mentionsOf(text) {
			if !m.weak && m.kind != nameFact && !(m.kind == numberFact && text[m.start:m.end] == "two") {
				t.Errorf("%q: found %q, kind %d", text, text[m.start:m.end], m.kind)
			}
		}
	}
}

func TestNegationReach(t *testing.T) {
	for text, want := range map[string]string{
		"Items cannot be refunded in stores.":             "refunded",
		"It is exchanged but not refunded.":               "refunded",
		"There is no drying phase.":                       "drying phase",
		"They avoid travelling, and see their families.":  "travelling",
		"Prosecutors aren't swayed and will seek prison.": "swayed",
		"All items ship free.":                            "",
	} {
		toks := tokenize(nil, text, 0, len(text), false)
		markNegation(toks)
		var got []string
		for i := range toks {
			if toks[i].has(negated) {
				got = append(got, toks[i].text(text))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: negated %q, want %q", text, got, want)
		}
	}
}

// checkFacts holds what extraction promises of any text: offsets inside it, in
// order, at character boundaries.
func checkFacts(t *testing.T, text string) {
	t.Helper()
	toks := tokenize(nil, text, 0, len(text), false)
	last := 0
	for i := range toks {
		tk := &toks[i]
		if int(tk.start) < last || tk.end() > len(text) || tk.size == 0 {
			t.Fatalf("token %d is %d to %d of %d bytes", i, tk.start, tk.end(), len(text))
		}
		last = tk.end()
	}
	markNegation(toks)
	for _, m := range extract(nil, text, toks, 0, len(toks)) {
		if m.start >= m.end || int(m.end) > len(text) || m.first >= m.last || int(m.last) > len(toks) {
			t.Fatalf("a value of kind %d spans bytes %d to %d of %d", m.kind, m.start, m.end, len(text))
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[m.start:m.end]) {
			t.Fatalf("a value of kind %d cuts a character: %q", m.kind, text[m.start:m.end])
		}
		if m.value != m.value || m.high < m.value {
			t.Fatalf("%q has the value %v to %v", text[m.start:m.end], m.value, m.high)
		}
		if m.kind != nameFact && m.kind != ordinalFact && relate(&m, &m) != equal {
			t.Fatalf("%q is not equal to itself: %+v", text[m.start:m.end], m)
		}
	}
}

func FuzzFacts(f *testing.F) {
	for _, s := range []string{
		"1.5k, 1,500 and 1.234,56 in 3-5 days at 16:00 on 03/04/2024", "a@b.co https://www.x.com/ +44 1632 960 118 v1.2.3 DW-620",
		"half past nine, two and a half hours, £15m to £17m, ½", "\xff\xfe 日本語 naïve–café’s", `{"a": "b\nc", "d": [1, null]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		checkFacts(t, text)
		checkPacked(t, "A title", text)
		for _, b := range analyse(new(scratch), "A title", text) {
			for i := range b.pieces {
				if p := &b.pieces[i]; p.start > p.end || int(p.end) > len(b.text) || b.offset+int(p.end) > len(text) {
					t.Fatalf("piece %d is %d to %d of %d bytes", i, p.start, p.end, len(b.text))
				}
			}
			if b.text != text[b.offset:b.offset+len(b.text)] {
				t.Fatal("a block is not where it says it is")
			}
		}
	})
}

func BenchmarkFacts(b *testing.B) {
	text := "Silver members have 45 days, and Gold members 60 days, in each case counted from the delivery date (EUR 4.50 on 3 March 2024)."
	toks := make([]token, 0, 64)
	out := make([]mention, 0, 16)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		toks = tokenize(toks[:0], text, 0, len(text), false)
		out = extract(out[:0], text, toks, 0, len(toks))
	}
}
