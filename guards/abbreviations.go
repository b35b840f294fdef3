package guards

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// abbreviationKind says what a full stop behind a word can mean.
type abbreviationKind uint8

const (
	noAbbreviation abbreviationKind = iota
	neverEnds                       // Dr. e.g. vs.: something always follows
	beforeNumber                    // No. 5, Jan. 3: goes on with a number
	beforeName                      // Inc., U.S., J.: ends a sentence only before a word that starts one
	mayEnd                          // etc., p.m.: ends a sentence before a capital
)

// abbreviations are in lower case, without the last full stop.
var abbreviations = func() map[string]abbreviationKind {
	table := make(map[string]abbreviationKind)
	for kind, words := range map[abbreviationKind]string{
		neverEnds: "dr mr mrs ms mx prof rev hon pres gov sen rep gen col lt sgt capt cmdr maj fr messrs mme mlle " +
			"e.g i.e eg ie vs v.s cf viz approx ca c.f z.b d.h u.a bzw incl excl resp esp aka a.k.a",
		beforeNumber: "no nos nr fig figs vol vols p pp art arts sec secs ch chap eq eqs ref refs ver v tab app par para cl pt ext rm ste apt " +
			"jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun",
		beforeName: "inc ltd corp co llc plc bros st mt ft ave blvd rd dept univ assn intl natl govt est gmbh s.a b.v n.v jr sr " +
			"u.s u.k e.u u.n u.s.a d.c ph.d m.d b.a m.a b.sc m.sc m.b.a d.d.s j.d a.d b.c n.b",
		mayEnd: "etc et.al al a.m p.m min max hr hrs mins secs yr yrs mo mos wk wks lb lbs oz kg km tel",
	} {
		for _, word := range bytes.Fields([]byte(words)) {
			table[string(word)] = kind
		}
	}
	return table
}()

// abbreviation says what the last word of said is, given that a full stop follows.
func abbreviation(said []byte) abbreviationKind {
	start := len(said)
	for start > 0 && len(said)-start < 12 {
		b := said[start-1]
		if isSpace(b) || bytes.IndexByte([]byte(`([{"'*_/:;,`), b) >= 0 || b >= utf8.RuneSelf && !isWordByte(said[:start]) {
			break
		}
		start--
	}
	word := said[start:]
	if len(word) == 0 || len(word) >= 12 {
		return noAbbreviation
	}
	var lower [12]byte
	dotted := true // letters with full stops between, as in J.K
	for i, b := range word {
		lower[i] = b
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
		if i%2 == 0 && !(lower[i] >= 'a' && lower[i] <= 'z') || i%2 == 1 && b != '.' {
			dotted = false
		}
	}
	capital := word[0] != lower[0]
	if kind, ok := abbreviations[string(lower[:len(word)])]; ok && (len(word) > 1 || !capital) {
		switch string(lower[:len(word)]) {
		case "sun", "sat", "mon", "wed", "mar", "st", "mt", "co", "sen", "rep", "gen", "pres", "gov", "hon", "rev":
			if !capital { // "in the sun", "he sat", "the rep"
				return noAbbreviation
			}
		case "est":
			if word[1] == 'S' { // the time zone
				return noAbbreviation
			}
		case "no", "art", "ch", "pt", "app", "par", "tab", "fig", "ref", "ext":
			return beforeNumber
		}
		return kind
	}
	if dotted && (len(word) > 1 || capital) {
		return beforeName
	}
	return noAbbreviation
}

// isWordByte reports whether the last rune of b is a letter.
func isWordByte(b []byte) bool {
	r, _ := utf8.DecodeLastRune(b)
	return r == utf8.RuneError || unicode.IsLetter(r)
}

// isOrdinal reports whether the sentence so far is only the number of a list
// item, or has no letter or digit at all.
func isOrdinal(said []byte) bool {
	if len(said) > 24 {
		return false
	}
	digits, other := 0, 0
	for _, b := range said {
		switch {
		case isDigit(b):
			digits++
		case b >= utf8.RuneSelf || b == '$' || b == '%' || 'a' <= b|0x20 && b|0x20 <= 'z':
			return false
		case b != '*' && b != '_' && b != '(' && b != '[':
			other++
		}
	}
	return digits == 0 || digits <= 3 && other == 0
}

// isYesNo reports whether the sentence so far is a bare yes or no.
func isYesNo(said []byte) bool {
	said = bytes.Trim(said, "*_")
	return len(said) <= 3 && (bytes.EqualFold(said, []byte("yes")) || bytes.EqualFold(said, []byte("no")))
}

// announces reports whether the sentence so far starts like one that announces
// what follows.
func announces(said []byte) bool {
	said = bytes.TrimLeft(said, "*_")
	first, rest, _ := bytes.Cut(said, []byte(" "))
	first = bytes.Replace(first, []byte("’"), []byte("'"), 1)
	if len(first) > 0 && first[len(first)-1] == ',' && inSet(agreeing, first[:len(first)-1]) {
		first, _, _ = bytes.Cut(rest, []byte(" "))
		first = bytes.Replace(first, []byte("’"), []byte("'"), 1)
	}
	return inSet(announcers, first)
}

var (
	agreeing   = set("sure certainly okay ok absolutely great")
	announcers = set("here here's below summary answer")
)

// isRoman reports whether a word is a Roman numeral.
func isRoman(word []byte) bool {
	return len(word) > 0 && len(bytes.Trim(word, "IVXLC")) == 0
}

// starters are words that, capitalised behind an abbreviation, start a sentence.
var starters = set("a an the it its this that these those he she they we you i in on at for from if when while however but and or so " +
	"there here as to with by after before since because although though both each all some many most no not our your their his her my " +
	"please additionally also then what how who where which under during unlike once only another one according based overall until " +
	"it's there's that's he's she's they're we're you're any every several customers members such")

// calendar are words that go on with a time of day.
var calendar = set("monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays " +
	"mon tue wed thu fri sat sun est edt cst cdt mst mdt pst pdt et ct mt pt gmt utc bst cet cest eastern central mountain pacific " +
	"january february march april may june july august september october november december")

func isStarter(word []byte) bool  { return inSet(starters, word) }
func isCalendar(word []byte) bool { return inSet(calendar, word) }

// set makes a set of the words of a list.
func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range bytes.Fields([]byte(words)) {
		m[string(w)] = true
	}
	return m
}

// inSet looks a word up in lower case.
func inSet(m map[string]bool, word []byte) bool {
	var lower [16]byte
	if len(word) > len(lower) {
		return false
	}
	for i, b := range word {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	return m[string(lower[:len(word)])]
}
