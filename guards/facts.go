package guards

// factKind says what sort of value a mention holds.
type factKind uint8

const (
	noFact      factKind = iota
	numberFact           // a count, a quantity with a unit, money or a share: see dim
	dateFact             // a day, a month, a quarter or a year: see packDate
	weekdayFact          // value to high, Monday is 0
	timeFact             // minutes after midnight
	ordinalFact          // "third"
	versionFact          // the kinds from here on are compared as text, by key
	idFact               // "DW-620"
	emailFact
	urlFact
	phoneFact
	nameFact
)

// dim is the dimension of a number: only numbers of one dimension are compared.
type dim uint8

const (
	dimNone dim = iota // a plain number or a count of things
	dimSeconds
	dimMonths   // months and years: not a fixed number of days
	dimWorkdays // working days are not days
	dimPercent
	dimPoints // percentage points
	dimMetres
	dimGrams
	dimLitres
	dimBytes
	dimBits
	dimWattHours
	dimWatts
	dimVolts
	dimAmps
	dimHertz
	dimCelsius
	dimFahrenheit
	dimPascals
	dimSpeed
	dimPounds // of money or of weight
	dimDollar // "$": of any country
	dimEuro
	dimPound
	dimYen
	dimRupee
	dimFranc
	dimCAD
	dimAUD
	dimKrona
	dimZloty
	dimYuan
	dimMoney // a number that a key calls a price, in no named currency
)

// comparator is how a number is bounded.
type comparator uint8

const (
	exactly comparator = iota
	atLeast
	atMost
	moreThan
	lessThan
	roughly
)

// mention is one typed value in a text.
type mention struct {
	kind        factKind
	dim         dim
	cmp         comparator
	weak        bool // a match counts, a miss does not: "a day", "option 3", "one"
	either      bool // day and month, or the half of the day, may be the other way round
	first, last int32
	start, end  uint32 // byte offsets in the text
	key         uint32 // of text kinds: hash of the normal form; of counts: stem of what is counted; of dates: packDate
	value, high float64
	raw, rawTo  float64 // a number as written, before its unit
}

// maxMentions bounds what one text can hold; the rest is ordinary words.
const maxMentions = 4096

// extractor walks over the tokens of one text.
type extractor struct {
	text string
	toks []token
	from int // first token of the unit being read: nothing looks back beyond it
	out  []mention
}

// extract appends the mentions of toks[from:to], a stretch of one sentence, row
// or field, to out. It may flag tokens as content where they tell things apart
// ("option 3").
func extract(out []mention, text string, toks []token, from, to int) []mention {
	x := extractor{text: text, toks: toks[:to], from: from, out: out}
	shouting := x.shouting()
	for i := from; i < to && len(x.out) < maxMentions; {
		next := x.cluster(i)
		if next == 0 {
			next = x.calendar(i)
		}
		if next == 0 {
			next = x.quantity(i)
		}
		if next == 0 && !shouting {
			next = x.name(i)
		}
		if next == 0 {
			next = i + 1
		}
		i = next
	}
	return x.out
}

// shouting reports whether most words are upper-case, so that capitals mean
// nothing.
func (x *extractor) shouting() bool {
	words, uppers := 0, 0
	for i := x.from; i < len(x.toks); i++ {
		if t := &x.toks[i]; t.kind == wordToken && t.size > 1 {
			words++
			if t.has(upper) {
				uppers++
			}
		}
	}
	return words > 2 && uppers*3 > words*2
}

// add appends m, which spans toks[first:last].
func (x *extractor) add(m mention, first, last int) int {
	m.first, m.last = int32(first), int32(last)
	m.start, m.end = x.toks[first].start, uint32(x.toks[last-1].end())
	x.out = append(x.out, m)
	return last
}

// at returns the token i, or an empty one beyond the ends.
func (x *extractor) at(i int) *token {
	if i < x.from || i >= len(x.toks) {
		return &noToken
	}
	return &x.toks[i]
}

var noToken = token{kind: symbolToken}

func (x *extractor) sym(i int, c byte) bool {
	t := x.at(i)
	return t.kind == symbolToken && t.char == c
}

// gluedSym reports whether token i is the symbol c without a space before it.
func (x *extractor) gluedSym(i int, c byte) bool { return x.sym(i, c) && x.at(i).has(glued) }

// word reports whether token i is one of the words given, in lower case.
func (x *extractor) word(i int, any ...string) bool {
	t := x.at(i)
	if t.kind != wordToken || t.size == 0 {
		return false
	}
	for _, w := range any {
		if len(w) == int(t.size) && equalFold(x.text[t.start:t.end()], w) {
			return true
		}
	}
	return false
}

// equalFold compares s with low, which is lower-case ASCII of the same length.
func equalFold(s, low string) bool {
	for i := 0; i < len(low); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != low[i] {
			return false
		}
	}
	return true
}

func (x *extractor) isDigits(i int) bool { return x.at(i).kind == digitToken && x.at(i).size > 0 }

// integer reads the run of digits i; false when it is longer than 15 digits.
func (x *extractor) integer(i int) (float64, bool) {
	t := x.at(i)
	if t.kind != digitToken || t.size == 0 || t.size > 15 {
		return 0, false
	}
	v := 0.0
	for _, c := range []byte(x.text[t.start:t.end()]) {
		v = v*10 + float64(c-'0')
	}
	return v, true
}

// comparison reads the bounds around a number at toks[i:j]. It returns the
// comparator and where the phrase before the number begins.
func (x *extractor) comparison(i, j int) comparator {
	b, bb := i-1, i-2
	switch { // before
	case x.word(b, "least", "minimum", "min"), x.word(b, "of") && x.word(bb, "minimum"),
		x.word(b, "than") && x.word(bb, "fewer", "less", "lower") && x.word(i-3, "no", "not"):
		return atLeast
	case x.word(b, "most", "maximum", "max", "within"), x.word(b, "of") && x.word(bb, "maximum"), x.word(b, "to") && x.word(bb, "up"),
		x.word(b, "than") && x.word(bb, "more", "greater", "longer", "later", "higher") && x.word(i-3, "no", "not", "never"):
		return atMost
	case x.word(b, "than") && x.word(bb, "more", "greater", "higher", "longer", "larger", "older", "better"),
		x.word(b, "over", "above", "exceeding", "exceeds", "exceed", "beyond"):
		return moreThan
	case x.word(b, "than") && x.word(bb, "less", "fewer", "lower", "shorter", "smaller", "younger"), x.word(b, "under", "below"):
		return lessThan
	case x.word(b, "about", "around", "approximately", "roughly", "nearly", "almost", "some", "circa", "approx", "just"), x.sym(b, '~'):
		return roughly
	}
	if x.sym(b, '.') && x.word(bb, "approx") {
		return roughly
	}
	switch { // after
	case x.word(j, "or", "and") && x.word(j+1, "more", "over", "above", "older", "longer", "higher", "greater", "up"),
		x.gluedSym(j, '+'), x.word(j, "minimum"), x.word(j, "at") && x.word(j+1, "least"), x.word(j, "upwards"):
		return atLeast
	case x.word(j, "or", "and") && x.word(j+1, "less", "fewer", "under", "below", "younger"), x.word(j, "maximum"),
		x.word(j, "at") && x.word(j+1, "most"):
		return atMost
	case x.word(j, "or") && x.word(j+1, "so"):
		return roughly
	}
	return exactly
}
