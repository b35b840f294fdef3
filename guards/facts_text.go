package guards

// cluster reads what is written without spaces and means one thing: e-mail
// addresses, URLs, versions, phone numbers and identifiers. It returns the token
// after it, 0 if toks[i] begins none.
func (x *extractor) cluster(i int) int {
	t := x.at(i)
	if t.kind == symbolToken && t.char != '+' && t.char != '(' || t.has(glued) && i > x.from && x.at(i-1).kind != symbolToken {
		return 0
	}
	if t.kind != symbolToken && !x.at(i+1).has(glued) && t.kind != digitToken { // the common case: a word by itself
		return x.code(i)
	}
	end, at, colon, slash, dots, letters, nums := i, 0, false, false, 0, 0, 0
	for end < len(x.toks) && end-i < 64 && (end == i || x.toks[end].has(glued)) {
		u := &x.toks[end]
		switch {
		case u.kind == wordToken:
			letters++
		case u.kind == digitToken:
			nums++
		case u.char == '@':
			at = end
		case u.char == ':' && x.gluedSym(end+1, '/'):
			colon = true
		case u.char == '/':
			slash = true
		case u.char == '.':
			dots++
		case u.char == ',' || u.char == ';' || u.char == '"' || u.char == '|' || u.char == '<' || u.char == '>' || u.char == ')' && t.char != '(':
			if end > i {
				goto ended
			}
		}
		end++
	}
ended:
	stop := end
	for stop > i+1 && x.toks[stop-1].kind == symbolToken && x.toks[stop-1].char != '/' { // a full stop at the end is not part of it
		stop--
	}
	switch {
	case at > i && at < stop-1 && t.kind != symbolToken && dots > 0:
		return x.addKey(emailFact, i, stop, false)
	case colon && x.word(i, "http", "https", "ftp"), t.kind == wordToken && dots > 0 && (x.word(i, "www") || x.domain(i, stop)):
		return x.addKey(urlFact, i, stop, false)
	}
	if t.kind == digitToken {
		if n := x.numericDate(i); n > 0 {
			return n
		}
	}
	if n := x.phone(i); n > 0 {
		return n
	}
	if t.kind == symbolToken {
		return 0
	}
	if n := x.version(i); n > 0 {
		return n
	}
	if letters > 0 && nums > 0 && !slash && !colon {
		return x.identifier(i, stop)
	}
	return 0
}

// domain reports whether toks[i:stop] begins like a host name.
func (x *extractor) domain(i, stop int) bool {
	for k := i + 1; k+1 < stop; k++ {
		if x.sym(k, '.') && x.word(k+1, "com", "org", "net", "io", "dev", "gov", "edu", "co", "eu", "uk", "de", "fr", "example", "test", "app", "ai", "info", "shop") && x.at(k+1).has(glued) && x.toks[k-1].size > 1 {
			return true
		}
		if x.sym(k, '/') {
			return false
		}
	}
	return false
}

// addKey adds a mention compared by its normal form: lower case, for URLs
// without scheme, "www." and the last slash, for identifiers without separators.
func (x *extractor) addKey(kind factKind, i, stop int, weak bool) int {
	h := uint32(2166136261)
	from := i
	if kind == urlFact {
		if x.word(i, "http", "https", "ftp") {
			from = i + 4
		}
		if x.word(from, "www") && x.sym(from+1, '.') {
			from += 2
		}
	}
	for k := from; k < stop; k++ {
		t := &x.toks[k]
		if t.kind == symbolToken && (kind == idFact || kind == phoneFact || kind == urlFact && k == stop-1 && t.char == '/') {
			continue
		}
		for _, c := range []byte(t.text(x.text)) {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			h = (h ^ uint32(c)) * 16777619
		}
	}
	return x.add(mention{kind: kind, key: h, weak: weak}, i, stop)
}

// version reads "v1.2.3", "1.2.3" and "version 2.1".
func (x *extractor) version(i int) int {
	j, named := i, x.word(i-1, "version", "release", "v")
	if x.word(i, "v") && x.isDigits(i+1) && x.at(i+1).has(glued) {
		j, named = i+1, true
	}
	if !x.isDigits(j) || x.toks[j].size > 4 {
		return 0
	}
	first, dots, thousands := j, 0, true
	for x.gluedSym(j+1, '.') && x.isDigits(j+2) && x.at(j+2).has(glued) {
		j, dots = j+2, dots+1
		thousands = thousands && x.toks[j].size == 3
	}
	if thousands && dots > 1 && !named { // 1.234.567
		return 0
	}
	if dots >= 2 && !(dots == 2 && x.toks[j].size == 4) || named {
		h := uint32(2166136261)
		for k := first; k <= j; k++ {
			for _, c := range []byte(x.toks[k].text(x.text)) {
				h = (h ^ uint32(c)) * 16777619
			}
		}
		return x.add(mention{kind: versionFact, key: h}, i, j+1)
	}
	return 0
}

// phone reads a telephone number: seven to fifteen digits in groups, beginning
// with +, 0 or a bracket, or grouped like one. key is a hash of its last seven digits.
func (x *extractor) phone(i int) int {
	var num [16]byte
	n, groups, j := 0, 0, i
	lead := x.sym(i, '+') || x.sym(i, '(')
	if t := x.at(i); t.kind == digitToken && t.size > 0 && t.size <= 5 && x.text[t.start] == '0' {
		lead = true
	}
	last := i
	for j < len(x.toks) && j-i < 24 {
		t := x.at(j)
		if t.kind == digitToken && t.size > 0 {
			if n+int(t.size) > 15 {
				return 0
			}
			n += copy(num[n:], x.text[t.start:t.end()])
			groups++
			j++
			last = j
			continue
		}
		if t.kind == symbolToken && (t.char == '+' && j == i || t.char == '(' || t.char == ')' || (t.char == '-' || t.char == '.' || t.char == '/') && j > i) {
			j++
			continue
		}
		break
	}
	if n < 7 || !lead && !(groups == 3 && n >= 10 && x.at(i).size == 3) || x.at(i).size == 4 && lead && groups == 3 && n == 8 && x.sym(i+1, '-') {
		return 0
	}
	return x.add(mention{kind: phoneFact, key: hashBytes(num[n-7 : n])}, i, last)
}

// identifier reads letters and digits written together: "DW-620", "A4", "DE89".
func (x *extractor) identifier(i, stop int) int {
	t := &x.toks[i]
	if t.kind == wordToken && !t.has(capital) || t.kind == digitToken {
		// 23kg, 1h50, 24x7, 3rd, 41-year-old: numbers with units; 7f3a-91: needs capitals
		hasUpper := false
		for k := i; k < stop; k++ {
			hasUpper = hasUpper || x.toks[k].has(upper)
		}
		if !hasUpper || stop-i < 3 {
			return 0
		}
	}
	if t.kind == wordToken && t.is(monthName) || x.word(i, "q") || t.kind == wordToken && lexemes[t.lex].dim >= dimDollar {
		return 0
	}
	// a word with a hyphen and a number is an identifier when the word is short or in capitals: "post-2019" is not
	if t.kind == wordToken && t.size > 4 && !t.has(upper) {
		return 0
	}
	end := i
	for k := i; k < stop; k++ {
		u := &x.toks[k]
		if k > i && u.kind == wordToken && u.size > 3 && !u.has(capital) && x.toks[k-1].char == '-' {
			end-- // "ARID1A-mutated"
			break
		}
		if u.kind == symbolToken && u.char != '-' && u.char != '_' && u.char != '.' && u.char != '/' {
			break
		}
		end = k + 1
	}
	for end > i && x.toks[end-1].kind == symbolToken {
		end--
	}
	nums := false
	for k := i; k < end; k++ {
		nums = nums || x.toks[k].kind == digitToken
	}
	if !nums || end-i < 2 {
		return 0
	}
	return x.addKey(idFact, i, end, false)
}

// code reads capitals and a number beside each other: "NV 417".
func (x *extractor) code(i int) int {
	t := x.at(i)
	if t.kind != wordToken || !t.has(upper) || t.size > 4 || t.is(unitWord|stopWord|monthName|weekdayName) || !x.isDigits(i+1) || x.at(i+1).size < 2 || x.gluedSym(i+2, '%') || x.gluedSym(i+2, ':') || x.gluedSym(i+2, ',') && x.at(i+3).has(glued) {
		return 0
	}
	if x.at(i+1).size == 4 && x.text[x.at(i+1).start] <= '2' { // "FIFA 2022"
		return 0
	}
	return x.addKey(idFact, i, i+2, false)
}

// name reads a capitalised name at i: one that is not just the first word of a
// sentence, with small connecting words inside ("Bank of Velmora").
func (x *extractor) name(i int) int {
	end := i + 1
	switch {
	case x.nameWord(i):
	case x.at(i).kind == wordToken && x.at(i).size == 1 && x.at(i).has(capital) && x.gluedSym(i+1, '.') && x.nameWord(i+2): // J. Smith
		end = i + 3
	default:
		return 0
	}
	for {
		switch k := end; {
		case x.nameWord(k) || x.at(k).has(capital) && x.at(k).kind == wordToken && x.at(k).size == 1 && !(x.isDigits(k+1) && x.at(k+1).has(glued)):
			end = k + 1
		case x.gluedSym(k, '.') && x.toks[k-1].size <= 2 && x.nameWord(k+1): // J. Smith
			end = k + 2
		case x.sym(k, '&') && x.nameWord(k+1), x.gluedSym(k, '-') && x.at(k+1).has(glued) && x.nameWord(k+1):
			end = k + 2
		case x.at(k).kind == wordToken && x.at(k).size > 0 && x.at(k).is(connector) && x.nameWord(k+1):
			end = k + 2
		case x.word(k, "of") && x.word(k+1, "the") && x.nameWord(k+2):
			end = k + 3
		default:
			if t := x.at(i); end == i+1 && t.has(initial) && !t.has(upper) {
				return 0 // a capital that the sentence gave it
			}
			return x.add(mention{kind: nameFact, key: x.toks[end-1].stem}, i, end)
		}
		if end-i > 12 {
			return x.add(mention{kind: nameFact, key: x.toks[end-1].stem}, i, end)
		}
	}
}

// nameWord reports whether token i may be part of a name.
func (x *extractor) nameWord(i int) bool {
	t := x.at(i)
	if t.kind != wordToken || !t.has(capital) || t.size < 2 {
		return false
	}
	if t.has(upper) && t.size > 1 && !t.is(stopWord) {
		return !t.is(unitWord | negator)
	}
	return !t.is(stopWord | opener | monthName | weekdayName | negator | cardinal)
}
