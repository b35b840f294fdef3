package guards

// packDate holds a date in a key; a part that is not said is 0. quarter 1 to 4
// stands for the month as 13 to 16.
func packDate(year, month, day int) uint32 { return uint32(year)<<16 | uint32(month)<<8 | uint32(day) }

func unpackDate(key uint32) (year, month, day int) {
	return int(key >> 16), int(key >> 8 & 0xff), int(key & 0xff)
}

// calendar reads a date, a weekday or a time of day at token i; 0 if there is none.
func (x *extractor) calendar(i int) int {
	t := x.at(i)
	if t.kind == digitToken && t.size > 0 {
		if n := x.numericDate(i); n > 0 {
			return n
		}
		if n := x.clock(i); n > 0 {
			return n
		}
		// 3 March, 3rd of March
		day, ok := x.integer(i)
		j := i + 1
		if x.at(j).has(glued) && x.word(j, "st", "nd", "rd", "th") {
			j++
		}
		if x.word(j, "of") {
			j++
		}
		if ok && day >= 1 && day <= 31 && t.size <= 2 {
			if m := x.month(j); m > 0 {
				return x.year(i, j+1, m, int(day))
			}
		}
		return 0
	}
	if t.kind != wordToken || t.size == 0 {
		return 0
	}
	switch {
	case t.is(monthName):
		return x.monthFirst(i)
	case t.is(weekdayName) && t.has(capital):
		return x.weekday(i)
	case x.word(i, "weekday", "weekdays"):
		return x.add(mention{kind: weekdayFact, value: 0, high: 4}, i, i+1)
	case x.word(i, "weekend", "weekends"):
		return x.add(mention{kind: weekdayFact, value: 5, high: 6}, i, i+1)
	case x.word(i, "noon", "midday"):
		return x.add(mention{kind: timeFact, value: 720, high: 720}, i, i+1)
	case x.word(i, "midnight"):
		return x.add(mention{kind: timeFact}, i, i+1)
	case x.word(i, "q") && x.at(i+1).has(glued) && x.isDigits(i+1) && x.at(i+1).size == 1:
		if q, _ := x.integer(i + 1); q >= 1 && q <= 4 {
			return x.year(i, i+2, 12+int(q), 0)
		}
	case t.is(ordinalWord) && x.word(i+1, "quarter"):
		if q := lexemes[t.lex].value; q <= 4 {
			j := i + 2
			if x.word(j, "of") && x.isDigits(j+1) && x.at(j+1).size == 4 {
				j++
			}
			return x.year(i, j, 12+int(q), 0)
		}
	case x.word(i, "half", "quarter"):
		return x.spokenClock(i)
	}
	return 0
}

// month returns the month named at i, 0 if none. Short and ambiguous names need
// their capital.
func (x *extractor) month(i int) int {
	t := x.at(i)
	if t.kind == wordToken && t.size > 0 && t.is(monthName) && (t.has(capital) || t.size > 3 && !x.word(i, "march")) {
		return int(lexemes[t.lex].value)
	}
	return 0
}

// year completes a date that began at first with a year at j, if one stands there.
func (x *extractor) year(first, j, month, day int) int {
	k := j
	if x.sym(k, '.') && x.at(k).has(glued) && x.toks[k-1].size <= 4 && x.toks[k-1].kind == wordToken { // "Jan."
		k++
	}
	if x.sym(k, ',') {
		k++
	}
	if y, ok := x.integer(k); ok && x.at(k).size == 4 && y >= 1000 && y < 2200 {
		return x.add(mention{kind: dateFact, key: packDate(int(y), month, day)}, first, k+1)
	}
	return x.add(mention{kind: dateFact, key: packDate(0, month, day)}, first, j)
}

// monthFirst reads "March 3rd, 2024", "March 2024" and "March".
func (x *extractor) monthFirst(i int) int {
	m := x.month(i)
	if m == 0 {
		return 0
	}
	j := i + 1
	if x.gluedSym(j, '.') && x.at(i).size <= 4 && x.isDigits(j+1) {
		j++
	}
	if d, ok := x.integer(j); ok && d >= 1 && d <= 31 && x.at(j).size <= 2 && !x.gluedSym(j+1, ':') {
		j++
		if x.at(j).has(glued) && x.word(j, "st", "nd", "rd", "th") {
			j++
		}
		return x.year(i, j, m, int(d))
	}
	if y, ok := x.integer(j); ok && x.at(j).size == 4 && y >= 1000 && y < 2200 {
		return x.add(mention{kind: dateFact, key: packDate(int(y), m, 0)}, i, j+1)
	}
	if t := x.at(i); t.size <= 3 && (t.has(initial) || !x.word(i-1, "in", "of", "since", "until", "till", "from", "by", "next", "last", "early", "late", "mid", "to", "through", "and", "-", "before", "after", "during", "this")) && !x.sym(i-1, '-') && !x.sym(i+1, '-') {
		return 0 // "May I", "Mar", "Dec"
	}
	return x.add(mention{kind: dateFact, key: packDate(0, m, 0)}, i, i+1)
}

// numericDate reads 2024-03-05, 05/03/2024 and 5.3.2024.
func (x *extractor) numericDate(i int) int {
	sep := x.at(i + 1)
	if sep.kind != symbolToken || !sep.has(glued) || sep.char != '-' && sep.char != '/' && sep.char != '.' || !x.gluedSym(i+3, sep.char) {
		return 0
	}
	a, ok1 := x.integer(i)
	b, ok2 := x.integer(i + 2)
	c, ok3 := x.integer(i + 4)
	if !ok1 || !ok2 || !ok3 || !x.at(i+2).has(glued) || !x.at(i+4).has(glued) {
		return 0
	}
	switch {
	case x.toks[i].size == 4 && b >= 1 && b <= 12 && c >= 1 && c <= 31:
		return x.add(mention{kind: dateFact, key: packDate(int(a), int(b), int(c))}, i, i+5)
	case x.toks[i+4].size != 4 && !(x.toks[i+4].size == 2 && sep.char == '/') || a < 1 || b < 1 || a > 31 || b > 31:
		return 0
	}
	if c < 100 {
		c += 2000
	}
	switch {
	case a > 12 && b <= 12:
		return x.add(mention{kind: dateFact, key: packDate(int(c), int(b), int(a))}, i, i+5)
	case b > 12 && a <= 12:
		return x.add(mention{kind: dateFact, key: packDate(int(c), int(a), int(b))}, i, i+5)
	case a <= 12 && b <= 12: // day first, unless said otherwise: compared both ways round
		return x.add(mention{kind: dateFact, key: packDate(int(c), int(b), int(a)), either: sep.char == '/' && a != b}, i, i+5)
	}
	return 0
}

// weekday reads a weekday or a stretch of them: "Mon-Fri", "Tuesday to Friday".
func (x *extractor) weekday(i int) int {
	t := x.at(i)
	if t.size == 3 && x.word(i, "sun", "sat", "wed") && !x.weekdayBeside(i) {
		return 0
	}
	d := lexemes[t.lex].value
	if x.sym(i+1, '-') || x.word(i+1, "to", "through", "until") {
		if u := x.at(i + 2); u.kind == wordToken && u.size > 0 && u.is(weekdayName) && u.has(capital) {
			e := lexemes[u.lex].value
			if e < d {
				e += 7
			}
			return x.add(mention{kind: weekdayFact, value: d, high: e}, i, i+3)
		}
	}
	return x.add(mention{kind: weekdayFact, value: d, high: d}, i, i+1)
}

// weekdayBeside tells "Sat" and "Sun" the days from other words: a separator, a
// time or another day stands next to them.
func (x *extractor) weekdayBeside(i int) bool {
	n, p := x.at(i+1), x.at(i-1)
	return n.kind != wordToken || p.kind == symbolToken && p.size > 0 || n.is(weekdayName) || p.kind == wordToken && p.is(weekdayName) || x.word(i-1, "on", "exc")
}

// clock reads 16:00, 4 p.m., 4.30pm and "2.20 in the afternoon".
func (x *extractor) clock(i int) int {
	h, ok := x.integer(i)
	if !ok || h > 24 || x.at(i).size > 2 {
		return 0
	}
	minutes, j, marked := 0.0, i+1, false
	if (x.gluedSym(j, ':') || x.gluedSym(j, '.')) && x.isDigits(j+1) && x.at(j+1).has(glued) && x.at(j+1).size <= 2 {
		if m, _ := x.integer(j + 1); m < 60 && (x.sym(j, ':') || x.at(j+1).size == 2) {
			marked = x.sym(j, ':')
			minutes, j = m, j+2
			if marked && x.gluedSym(j, ':') && x.isDigits(j+1) && x.at(j+1).has(glued) {
				j += 2
			}
		}
	}
	m := mention{kind: timeFact}
	pm, k := x.meridiem(j)
	switch {
	case k > 0:
		if h > 12 {
			k = j
			break
		}
		h = float64(int(h) % 12)
		if pm {
			h += 12
		}
		j = k
	case !marked:
		return 0
	case h >= 1 && h < 12 && x.toks[i].size == 1:
		m.either = true // 9:30 may be in the morning or in the evening
	}
	m.value = float64(int(h)%24)*60 + minutes
	m.high = m.value
	return x.add(m, i, j)
}

// meridiem reads "am", "p.m." or "in the evening" at j.
func (x *extractor) meridiem(j int) (pm bool, next int) {
	switch {
	case x.word(j, "am"):
		return false, j + 1
	case x.word(j, "pm"):
		return true, j + 1
	case x.word(j, "a", "p") && x.gluedSym(j+1, '.') && x.word(j+2, "m") && x.at(j+2).has(glued):
		next = j + 3
		if x.gluedSym(next, '.') && next+1 < len(x.toks) {
			next++
		}
		return x.word(j, "p"), next
	case x.word(j, "in") && x.word(j+1, "the") && x.word(j+2, "morning"):
		return false, j + 3
	case x.word(j, "in") && x.word(j+1, "the") && x.word(j+2, "afternoon", "evening"), x.word(j, "at") && x.word(j+1, "night"):
		return true, j + 2 + min(1, len(x.toks)-j-2)
	}
	return false, 0
}

// spokenClock reads "half past nine" and "a quarter to ten".
func (x *extractor) spokenClock(i int) int {
	j := i + 1
	if x.gluedSym(j, '-') {
		j++
	}
	past := x.word(j, "past")
	if !past && !(x.word(j, "to") && x.word(i, "quarter")) {
		return 0
	}
	h := x.at(j + 1)
	v, ok := x.integer(j + 1)
	if !ok {
		if h.kind != wordToken || h.size == 0 || !h.is(cardinal) {
			return 0
		}
		v = lexemes[h.lex].value
	}
	if v < 1 || v > 12 {
		return 0
	}
	offset := 30.0
	if x.word(i, "quarter") {
		offset = 15
	}
	if !past {
		offset = -offset
	}
	m := mention{kind: timeFact, either: true}
	end := j + 2
	v = float64(int(v) % 12)
	if pm, k := x.meridiem(end); k > 0 {
		m.either, end = false, k
		if pm {
			v += 12
		}
	}
	m.value = float64(int(v*60+offset+1440) % 1440)
	m.high = m.value
	return x.add(m, i, end)
}
