package guards

// quantity reads a number with its unit, a sum of money, a share, a range or an
// ordinal at token i. It returns the token after it, 0 if there is none.
func (x *extractor) quantity(i int) int {
	m := mention{kind: numberFact}
	start, j := i, i
	if d, n := x.currencyBefore(i); n > 0 {
		m.dim, j = d, i+n
	}
	negative := false
	if x.sym(j, '-') && x.isDigits(j+1) && x.at(j+1).has(glued) && !x.at(j).has(glued) {
		negative = true
		j++
	}
	v, next, spelled := x.number(j)
	if next == 0 {
		if m.dim != dimNone {
			return 0
		}
		return x.indefinite(i)
	}
	m.value, m.high = v, v
	if negative {
		m.value, m.high = -v, -v
	}
	j = next
	if x.rank(&m, j) {
		return x.add(m, start, j+1)
	}
	if spelled && next == start+1 && x.word(start, "hundreds", "thousands", "millions", "billions", "dozens") {
		m.weak = true
	}
	if x.label(start-1) || x.listed(start) || !spelled && x.partOfName(start, j) {
		m.weak = true
		for k := start; k < j; k++ {
			if x.toks[k].kind == digitToken {
				x.toks[k].flags |= content
			}
		}
	}
	hi, after := x.rangeEnd(start, j)
	if after > 0 && v >= 1500 && v < 2100 && x.toks[after-1].size == 2 && hi > float64(int(v)%100) {
		hi += float64(int(v) / 100 * 100) // 2018-19
	}
	if after > 0 && hi > v && !negative {
		m.high, j = hi, after
	}
	if month := x.at(j); m.high != m.value && month.kind == wordToken && month.is(monthName) && month.has(capital) || x.word(start, "twice", "thrice") && x.word(j, "as") {
		m.weak = true // days of a month, and a multiple: neither is a count of its own
	}
	m.raw, m.rawTo = m.value, m.high
	unitAt := j
	j = x.unit(&m, j)
	if j == unitAt && m.dim == dimNone {
		x.counted(&m, j)
		if v == 1 && spelled && m.high == 1 {
			m.weak = true
			if m.key == 0 { // "the one", "once"
				return 0
			}
		}
		if y := int(v); !spelled && m.high == v && float64(y) == v && y >= 1500 && y < 2100 && x.toks[start].size == 4 && next == start+1 {
			if m.key == 0 || x.word(start-1, "in", "since", "by", "of", "until", "from", "during", "before", "after", "for") || x.at(start-1).kind == symbolToken {
				return x.add(mention{kind: dateFact, key: packDate(y, 0, 0)}, start, next)
			}
		}
	}
	m.cmp = x.comparison(start, j)
	return x.add(m, start, j)
}

// rank recognises "3rd" after its digits and turns m into an ordinal.
func (x *extractor) rank(m *mention, j int) bool {
	if x.at(j).has(glued) && x.word(j, "st", "nd", "rd", "th") {
		m.kind = ordinalFact
		return true
	}
	return false
}

// partOfName reports whether the number toks[i:j] ends a name, as in "Kestrel
// 500" and "Windows 11": it follows a capitalised word and has no unit.
func (x *extractor) partOfName(i, j int) bool {
	t, next := x.at(i-1), x.at(j)
	return t.kind == wordToken && t.has(capital) && t.has(content) && !t.is(monthName|weekdayName) && !x.at(i).has(glued) &&
		!(next.kind == wordToken && next.is(unitWord|scaleWord)) && !(next.kind == symbolToken && (next.char == '%' || next.char == '-' || next.char == '.' && next.has(glued) && x.isDigits(j+1)))
}

// listed reports whether the number at i goes on a list of labels: "steps 7 and 8".
func (x *extractor) listed(i int) bool {
	if n := len(x.out); n > 0 && (x.word(i-1, "and", "or", "to") || x.sym(i-1, ',') || x.sym(i-1, '-')) {
		m := &x.out[n-1]
		return m.kind == numberFact && m.weak && m.dim == dimNone && int(m.last) == i-1 && x.label(int(m.first)-1)
	}
	return false
}

// label reports whether token i names a numbered thing: "step 2".
func (x *extractor) label(i int) bool {
	return x.word(i, "option", "step", "section", "article", "chapter", "page", "passage", "number", "no", "figure", "table", "part", "level",
		"phase", "tier", "room", "gate", "line", "route", "type", "class", "zone", "grade", "stage", "size", "paragraph", "note", "floor", "annex", "schedule",
		"options", "steps", "sections", "articles", "chapters", "pages", "passages", "tables", "parts", "lines", "routes", "form")
}

// number reads digits or number words at i, with scale words. spelled is set for words.
func (x *extractor) number(i int) (v float64, next int, spelled bool) {
	t := x.at(i)
	switch {
	case t.kind == digitToken && t.size > 0:
		v, next = x.numeral(i)
	case t.kind == wordToken && t.is(cardinal|scaleWord|fractionOf) && !(t.has(capital) && !t.has(initial) && !t.has(upper)):
		v, next = x.spelled(i)
		return v, next, true
	case t.kind == symbolToken && t.char == 0 && t.size == 2:
		switch t.text(x.text) {
		case "½":
			return 0.5, i + 1, false
		case "¼":
			return 0.25, i + 1, false
		case "¾":
			return 0.75, i + 1, false
		}
	}
	if next == 0 {
		return 0, 0, false
	}
	n := x.at(next)
	if n.kind == symbolToken && n.has(glued) && n.char == 0 && n.size == 2 { // 2½
		if f, _, _ := x.number(next); f > 0 {
			return v + f, next + 1, false
		}
	}
	if n.kind != wordToken || n.size == 0 {
		return v, next, false
	}
	if n.has(glued) && n.size <= 2 { // 1.5k, 3M, 2bn
		switch n.text(x.text) {
		case "k", "K":
			return v * 1e3, next + 1, false
		case "M", "mn":
			return v * 1e6, next + 1, false
		case "B", "bn", "Bn":
			return v * 1e9, next + 1, false
		case "m":
			if d, k := x.currencyBefore(i - 1); k > 0 && d != dimNone {
				return v * 1e6, next + 1, false
			}
		}
	}
	for n.kind == wordToken && n.is(scaleWord) {
		v *= lexemes[n.lex].value
		next++
		n = x.at(next)
	}
	return v, next, false
}

// numeral reads digits with separators: 1,500 and 4.5, but also 1.234,56 and
// 2,5 where they can mean nothing else.
func (x *extractor) numeral(i int) (float64, int) {
	v, ok := x.integer(i)
	if !ok {
		return 0, 0
	}
	j, groups := i+1, 0
	group := func(sep byte) bool { // a separator and exactly three digits
		return x.toks[i].size <= 3 && x.gluedSym(j, sep) && x.isDigits(j+1) && x.at(j+1).has(glued) && x.at(j+1).size == 3
	}
	for group(',') {
		g, _ := x.integer(j + 1)
		v, j, groups = v*1000+g, j+2, groups+1
	}
	if groups == 0 && group('.') {
		k := j
		w := v
		n := 0
		for group('.') {
			g, _ := x.integer(j + 1)
			w, j, n = w*1000+g, j+2, n+1
		}
		european := x.gluedSym(j, ',') && x.isDigits(j+1) && x.at(j+1).has(glued) && x.at(j+1).size <= 2
		if n > 1 || european {
			if european {
				w += x.fraction(j + 1)
				j += 2
			}
			return w, j
		}
		j = k
	}
	dot := x.gluedSym(j, '.') || groups == 0 && x.gluedSym(j, ',') && x.at(j+1).size <= 2 && !x.gluedSym(j+2, ',')
	if dot && x.isDigits(j+1) && x.at(j+1).has(glued) {
		return v + x.fraction(j+1), j + 2
	}
	if x.gluedSym(j, '/') && x.isDigits(j+1) && x.at(j+1).has(glued) && !x.gluedSym(j+2, '/') {
		if d, ok := x.integer(j + 1); ok && d >= 2 && d <= 16 && v < d {
			return v / d, j + 2
		}
	}
	return v, j
}

// fraction is the run of digits i read as decimals.
func (x *extractor) fraction(i int) float64 {
	t := x.at(i)
	v, scale := 0.0, 1.0
	for _, c := range []byte(x.text[t.start:min(t.end(), int(t.start)+15)]) {
		v = v*10 + float64(c-'0')
		scale *= 10
	}
	return v / scale
}

// spelled reads number words: "two hundred and fifty", "twenty-four", "half a
// million", "three quarters", "two and a half".
func (x *extractor) spelled(i int) (float64, int) {
	total, part, seen, j := 0.0, 0.0, false, i
	for {
		t := x.at(j)
		if t.kind != wordToken || t.size == 0 {
			break
		}
		lex := &lexemes[t.lex]
		switch {
		case lex.class&cardinal != 0 && (!seen || part == 0 || part >= 20 && int(part)%10 == 0 && lex.value < 10 || int(part)%100 == 0 && part > 0):
			part += lex.value
		case lex.class&scaleWord != 0:
			if !seen {
				part = 1
			}
			if lex.value == 100 || lex.value == 12 {
				part = max(part, 0) * lex.value
			} else {
				total, part = total+part*lex.value, 0
			}
		case lex.class&fractionOf != 0:
			f := lex.value
			if seen {
				if part > 0 && part < 10 && x.word(j, "quarters", "thirds", "fifths", "tenths", "eighths") {
					return total + part*f, j + 1
				}
				return total + part, j
			}
			if x.word(j, "quarter") && !(x.word(j+1, "of", "an") || x.word(j-1, "a")) || x.word(j+1, "past", "to") || x.gluedSym(j+1, '-') && !x.word(j+2, "hour", "day", "year", "dozen") {
				return 0, 0 // a quarter of the year, a time of day, half-baked
			}
			k := j + 1
			if x.word(k, "a", "an") {
				k++
			} else if x.word(k, "of") && x.word(k+1, "a", "an") {
				k += 2
			} else if x.gluedSym(k, '-') {
				k++
			}
			if s := x.at(k); s.kind == wordToken && s.is(scaleWord) {
				return f * lexemes[s.lex].value, k + 1
			} else if s.kind == wordToken && s.is(unitWord) {
				return f, k // the unit follows
			}
			return f, j + 1
		default:
			return x.finish(total, part, seen, j)
		}
		seen = true
		j++
		switch next := x.at(j); {
		case x.gluedSym(j, '-') && x.at(j+1).kind == wordToken && x.at(j+1).is(cardinal):
			j++
		case x.word(j, "and") && x.at(j+1).kind == wordToken && x.at(j+1).is(cardinal) && (total > 0 || part >= 100):
			j++
		case x.word(j, "and") && x.word(j+1, "a") && x.word(j+2, "half"):
			return total + part + 0.5, j + 3
		case next.kind != wordToken || !next.is(cardinal|scaleWord|fractionOf):
			return x.finish(total, part, seen, j)
		}
	}
	return x.finish(total, part, seen, j)
}

func (x *extractor) finish(total, part float64, seen bool, j int) (float64, int) {
	if !seen {
		return 0, 0
	}
	return total + part, j
}

// currencyBefore reads a currency symbol or code at i, before its number, and
// how many tokens it takes.
func (x *extractor) currencyBefore(i int) (dim, int) {
	t := x.at(i)
	if t.kind == symbolToken && t.size > 0 {
		switch t.text(x.text) {
		case "$":
			return dimDollar, 1
		case "€":
			return dimEuro, 1
		case "£":
			return dimPound, 1
		case "¥":
			return dimYen, 1
		case "₹":
			return dimRupee, 1
		}
		return dimNone, 0
	}
	if t.kind == wordToken && t.size > 0 && t.has(upper) {
		if t.size == 2 && x.word(i, "us", "ca", "au") && x.gluedSym(i+1, '$') {
			return dimDollar, 2
		}
		if lex := &lexemes[t.lex]; t.size == 3 && lex.class&unitWord != 0 && lex.dim >= dimDollar && x.isDigits(i+1) {
			return lex.dim, 1
		}
	}
	return dimNone, 0
}

// rangeEnd reads the second end of a range whose first end is toks[i:j].
func (x *extractor) rangeEnd(i, j int) (float64, int) {
	k := 0
	switch {
	case x.sym(j, '-') && !(x.gluedSym(j, '-') && !x.at(j+1).has(glued)):
		k = j + 1
	case x.word(j, "to") && x.word(i-1, "from") || x.word(j, "to") && (x.isDigits(j+1) || x.at(j+1).kind == wordToken && x.at(j+1).is(cardinal)):
		k = j + 1
	case x.word(j, "and") && x.word(i-1, "between"):
		k = j + 1
	default:
		if _, n := x.currencyBefore(j + 1); !x.word(j, "to") || n == 0 { // $90 million to $100 million
			return 0, 0
		}
		k = j + 1
	}
	if _, n := x.currencyBefore(k); n > 0 {
		k += n
	}
	if x.gluedSym(k+1, ':') {
		return 0, 0
	}
	v, next, _ := x.number(k)
	return v, next
}

// unit reads what follows a number and sets m's dimension; it returns the token
// after the unit, j if there is none.
func (x *extractor) unit(m *mention, j int) int {
	t := x.at(j)
	if t.kind == symbolToken && t.size > 0 {
		switch s := t.text(x.text); s {
		case "%":
			m.dim = dimPercent
			if x.word(j+1, "points", "point") {
				m.dim = dimPoints
				return j + 2
			}
			return j + 1
		case "€", "£", "$":
			if m.dim == dimNone && t.has(glued) {
				m.dim, _ = x.currencyBefore(j)
				return j + 1
			}
		case "°", "º":
			m.dim = dimCelsius
			if x.word(j+1, "f") {
				m.dim = dimFahrenheit
			}
			if x.word(j+1, "c", "f") {
				return j + 2
			}
			return j + 1
		case "-":
			if !t.has(glued) || !x.at(j+1).has(glued) {
				return j
			}
			j++
			t = x.at(j)
		default:
			return j
		}
	}
	if t.kind != wordToken || t.size == 0 {
		return j
	}
	switch {
	case x.word(j, "per") && x.word(j+1, "cent"):
		m.dim = dimPercent
		return j + 2
	case x.word(j, "percentage") && x.word(j+1, "point", "points"):
		m.dim = dimPoints
		return j + 2
	case x.word(j, "working", "business") && x.word(j+1, "day", "days", "week", "weeks"):
		m.dim = dimWorkdays
		if x.word(j+1, "week", "weeks") {
			m.value, m.high = m.value*5, m.high*5
		}
		return j + 2
	case x.word(j, "working", "business") && x.word(j+1, "hour", "hours"):
		m.key = x.at(j + 1).stem
		return j + 2
	case x.word(j, "us", "canadian", "australian") && x.word(j+1, "dollars"):
		m.dim = dimDollar
		return j + 2
	case x.word(j, "calendar", "consecutive", "full", "further", "additional", "more", "whole", "straight", "square") && x.at(j+1).is(unitWord):
		if x.word(j, "square") {
			return j
		}
		j++
		t = x.at(j)
	}
	lex := &lexemes[t.lex]
	if lex.class&unitWord == 0 {
		return j
	}
	if t.size == 1 && !t.has(glued) && (!t.has(capital) == (lex.dim == dimCelsius || lex.dim == dimFahrenheit)) {
		return j // "5 c"; "3 M", but "50 C" and "9 l" are read
	}
	if m.dim != dimNone { // "$5 dollars", "£15m"
		return j
	}
	factor := lex.value
	if lex.class&ordinalWord != 0 { // "second"
		factor = 1
	}
	m.dim, m.value, m.high = lex.dim, m.value*factor, m.high*factor
	j++
	if m.dim == dimSeconds || m.dim == dimMonths {
		return x.compound(m, j)
	}
	if m.dim == dimPound && x.word(j, "sterling") {
		j++
	}
	return j
}

// compound adds the smaller parts of a duration: "3 h 40 min", "1h50".
func (x *extractor) compound(m *mention, j int) int {
	for range 3 {
		k := j
		if x.word(k, "and") || x.sym(k, ',') {
			k++
		}
		v, next, spelled := x.number(k)
		if next == 0 || m.high != m.value {
			return j
		}
		u := x.at(next)
		lex := &lexemes[u.lex]
		switch {
		case u.kind == wordToken && lex.class&unitWord != 0 && lex.dim == m.dim && lex.value < m.value && lex.value > 0:
			m.value += v * lex.value
			j = next + 1
		case k == j && !spelled && x.at(k).has(glued) && x.at(k).size == 2 && m.dim == dimSeconds && v < 60:
			m.value += v * 60
			j = next
		default:
			return j
		}
		m.high = m.value
	}
	return j
}

// counted sets what a plain number counts: the first content word after it.
func (x *extractor) counted(m *mention, j int) {
	for k := j; k < j+3; k++ {
		t := x.at(k)
		if t.kind != wordToken || t.size == 0 {
			return
		}
		if t.has(content) {
			m.key = t.stem
			return
		}
		if t.is(stopWord) && !x.word(k, "of", "more", "other", "the", "different") {
			return
		}
	}
}

// indefinite reads "an hour" and spelled ordinals.
func (x *extractor) indefinite(i int) int {
	t := x.at(i)
	if t.kind != wordToken || t.size == 0 {
		return 0
	}
	if t.is(ordinalWord) && !t.is(stopWord) {
		if x.word(i, "second") && x.word(i-1, "a", "per", "every") {
			return 0
		}
		return x.add(mention{kind: ordinalFact, value: lexemes[t.lex].value, high: lexemes[t.lex].value, weak: true}, i, i+1)
	}
	if x.word(i, "a", "an") {
		u := x.at(i + 1)
		if lex := &lexemes[u.lex]; u.kind == wordToken && lex.class&unitWord != 0 && (lex.dim == dimSeconds || lex.dim == dimMonths) && u.size > 1 {
			return x.add(mention{kind: numberFact, dim: lex.dim, value: lex.value, high: lex.value, weak: true}, i, i+2)
		}
	}
	return 0
}
