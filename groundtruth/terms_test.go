package groundtruth

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func termsOf(text string) string {
	var t Tokenizer
	var list []string
	t.Terms(text, func(term []byte, _, _ int) bool { list = append(list, string(term)); return true })
	return strings.Join(list, " ")
}

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		"The café, Straße & Łódź!":      "the cafe strasse lodz",
		"DW-620 dw620 DW 620":           "dw620 dw 620 dw620 dw 620 dw 620",
		"v2.3.1 and version 2.3.1.":     "v2.3.1 2.3.1 and version 2.3.1",
		"99.95% of 1,500 or 12,34,5":    "99.95 of 1500 or 12 34 5",
		"10kg 3.5GHz 21st 5G":           "10 kg 3.5 ghz 21 5 g",
		"the company's don't O’Neil":    "the company dont o neil",
		"U.S.A. state-of-the-art":       "usa state of the art",
		"iPhone15 A4B7X":                "iphone15 iphone 15 a4b7x",
		"a@b.example https://x.org/p1":  "a b example https xorgp1 x org p1",
		"2024-03-01 16:30":              "2024 03 01 16 30",
		"日本語です カ x":                     "日本 本語 語で です カ x",
		"한국어 ﾃｽﾄ":                       "한국 국어 テス スト",
		"ﬁne Ａ１ ㎏ ½":                    "fine a1 kg 1⁄2",
		"x_max_retry":                   "x max retry",
		"":                              "",
		"— … !":                         "",
		"привет МИР":                    "привет мир",
		strings.Repeat("a", 100) + " b": strings.Repeat("a", 64) + " b",
	} {
		if got := termsOf(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestSearchFindsForms(t *testing.T) {
	s := openStore(t, ":memory:")
	replace(t, s, note("c", "a", "Manual", "The café refunded its customers for the DW-620 drill, firmware v2.3.1, uptime 99.95%, at 1,500 rpm.",
		"東京の配送は三日かかります。", "Companies ship policies within the U.S.A."))
	for query, want := range map[string]string{
		"cafe": "a#0", "CAFÉ": "a#0", "refunding": "a#0", "dw620": "a#0", "dw-620": "a#0", "version 2.3.1": "a#0", "99.95": "a#0", "1500": "a#0",
		"配送": "a#1", "shipping": "a#2", "company policy": "a#2", "USA": "a#2", "unheard": "", "620 drill": "a#0",
	} {
		if got := found(t, s, query, "c"); strings.Join(got, " ") != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	if got := found(t, s, "drill"); len(got) != 0 {
		t.Errorf("a query of no collection finds %q", got)
	}
	replace(t, s, note("c", "b", "Drill care", "Clean it weekly."), note("c", "d", "Saw care", "Clean it weekly. A drill needs that too."))
	if got := found(t, s, "cleaning a drill", "c"); len(got) < 2 || got[0] != "d#0" || got[1] != "b#0" {
		t.Errorf("the text counts more than the title, and the title counts: found %q", got)
	}
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"The DW-620's v2.3.1 costs 1,500€ (99.95%)", "日本語 한국어 ﾃｽﾄ ½", "U.S.A. a’b\xff\xe2\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var tok Tokenizer
		tok.Terms(text, func(term []byte, start, end int) bool {
			if len(term) == 0 || len(term) > maxTerm || start < 0 || start >= end || end > len(text) || utf8.ValidString(text) && !utf8.Valid(term) {
				t.Fatalf("%q gives %q at %d:%d", text, term, start, end)
			}
			return true
		})
	})
}
