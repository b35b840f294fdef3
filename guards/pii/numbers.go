package pii

import (
	"net/netip"
	"strings"
)

// maxGroups bounds how many groups of digits are taken for one number.
const maxGroups = 8

// sequence is digits with what people put between them: tokens first to before end,
// with the groups of digits among them.
type sequence struct {
	groups []int // tokens that are digits
	digits int
}

// number looks at what begins with the digits of token i and returns where to go on.
func (s *scan) number(i int) int {
	if n := s.network(i); n > 0 {
		return n
	}
	if n := s.spread(i); n > 0 {
		return n
	}
	if n := s.dated(i); n > 0 {
		return n
	}
	seq := s.sequence(i)
	if seq.digits >= 5 {
		if n := s.numbered(i, seq); n > 0 {
			return n
		}
	}
	if len(s.of(i)) <= 3 {
		s.aged(i)
	}
	s.houseNumber(i)
	return i + 1
}

// sequence collects groups of digits that may belong together, from token i on.
func (s *scan) sequence(i int) sequence {
	seq := sequence{groups: make([]int, 0, maxGroups)}
	for k := i; k < len(s.tokens) && len(seq.groups) < maxGroups; k++ {
		t := &s.tokens[k]
		if k > i && t.gap == newline {
			break
		}
		switch {
		case t.kind == number:
			seq.groups = append(seq.groups, k)
			seq.digits += int(t.end - t.start)
			continue
		case t.kind == mixed && t.gap == glued && len(seq.groups) > 1 && extended(s.of(k)) > 0: // 555-0100x42
			seq.groups = append(seq.groups, k)
			seq.digits += extended(s.of(k))
		case t.kind == mark && strings.IndexByte("-./()", s.text[t.start]) >= 0 && k-seq.groups[len(seq.groups)-1] <= 2:
			continue
		}
		break
	}
	return seq
}

// extended is how many digits stand before the extension in 0100x42, or 0.
func extended(w string) int {
	i := strings.IndexByte(strings.ToLower(w), 'x')
	if i < 2 || i > 5 || i+1 == len(w) || len(w)-i > 6 || !digits(w[:i]) || !digits(w[i+1:]) {
		return 0
	}
	return i
}

// numbered tries the forms that a number may have on more and fewer of its groups. It
// returns where to go on, or 0 when it is none of them.
func (s *scan) numbered(i int, seq sequence) int {
	told := s.before(i)
	for n := len(seq.groups); n > 0; n-- {
		last := seq.groups[n-1]
		end := last + 1
		start := i
		if start > 0 && s.tokens[start].gap == glued && s.tokens[start-1].kind == mark {
			switch s.text[s.tokens[start-1].start] {
			case '+':
				start--
			case '(':
				start--
				if start > 0 && s.tokens[start].gap == glued && s.text[s.tokens[start-1].start] == '+' {
					start--
				}
			}
		}
		c := candidate{s: s, from: start, to: end, groups: seq.groups[:n], told: told | s.after(end)}
		c.read()
		if c.glued() {
			continue
		}
		if c.card() || c.national() || c.phone() || c.labelled() {
			return end
		}
	}
	return 0
}

// candidate is a number under test.
type candidate struct {
	s        *scan
	from, to int // tokens
	groups   []int
	told     tells
	digits   string
	text     string
	plus     bool
	shape    string // lengths of the groups and what is between them, such as "3-2-4"
}

// read takes in the digits and the shape.
func (c *candidate) read() {
	s := c.s
	from, to := s.tokens[c.from].start, s.tokens[c.to-1].end
	c.text = s.text[from:to]
	if last := s.of(c.to - 1); s.tokens[c.to-1].kind == mixed {
		c.text = c.text[:len(c.text)-len(last)+extended(last)]
	}
	c.plus = c.text[0] == '+' || strings.HasPrefix(c.text, "(+")
	var digits, shape []byte
	run := 0
	for i := 0; i < len(c.text); i++ {
		b := c.text[i]
		if isDigit(b) {
			digits = append(digits, b)
			run++
			continue
		}
		if run > 0 {
			shape = appendLength(shape, run)
			run = 0
		}
		shape = append(shape, b)
	}
	if run > 0 {
		shape = appendLength(shape, run)
	}
	c.digits, c.shape = string(digits), string(shape)
}

// appendLength writes a length as one character: 1 to 9, then a to z.
func appendLength(b []byte, n int) []byte {
	const names = "0123456789abcdefghijklmnopqrstuvwxyz"
	return append(b, names[min(n, len(names)-1)])
}

// glued tells a number that goes on, or began before: part of a longer code, of a
// decimal number, of a path.
func (c *candidate) glued() bool {
	s := c.s
	if c.to < len(s.tokens) && s.tokens[c.to].gap == glued {
		switch next := &s.tokens[c.to]; next.kind {
		case mark:
			switch b := s.text[next.start]; b {
			case '-', '/', '_', '.', ':', ',', '@', '%', '\\', '=':
				if int(next.end) < len(s.text) && isAlnum(s.text[next.end]) {
					return true
				}
			}
		default:
			return true
		}
	}
	if c.from > 0 && s.tokens[c.from].gap == glued {
		switch prev := &s.tokens[c.from-1]; prev.kind {
		case mark:
			switch b := s.text[prev.start]; b {
			case '-', '/', '_', '.', ',', '$', '\\', '=', '%':
				if b == '=' || b == '$' {
					return b == '$'
				}
				if prev.start > 0 && isAlnum(s.text[prev.start-1]) {
					return true
				}
			}
		default:
			return true
		}
	}
	return false
}

// find records the candidate.
func (c *candidate) find(category string, score float64, why string) bool {
	s := c.s
	end := int(s.tokens[c.to-1].end)
	s.add(int(s.tokens[c.from].start), end, category, score, why)
	return true
}

// card tells payment cards by issuer, length and check digit (ISO/IEC 7812).
func (c *candidate) card() bool {
	n := len(c.digits)
	if n < 12 || n > 19 || c.plus || !luhn(c.digits) {
		return false
	}
	switch c.shape {
	case "4-4-4-4", "4 4 4 4", "4-6-5", "4 6 5", "4-6-4", "4 6 4", "4 4 4 4 3", "4-4-4-4-3", "4 4 4 3", "4-4-4-3", "4.4.4.4", "6 4 5", "5 5 5", "6 8", "8 8", "4 4 4", "4-4-4":
	default:
		if len(c.groups) > 1 {
			return false
		}
	}
	issuer := issuerOf(c.digits)
	switch {
	case issuer == "" && c.told&tellsCard == 0:
		return false
	case c.told&tellsCard != 0:
		return c.find(Card, 0.99, "A payment card number with a right check digit.")
	case n < 13 || issuer == "Maestro": // many numbers begin so
		return false
	case c.told&tellsNegative != 0 && len(c.groups) == 1:
		return c.find(Card, 0.4, "It has the form of a payment card number, but is called something else.")
	}
	return c.find(Card, 0.95, "A payment card number with a right check digit.")
}

// issuerOf names the network that a card number's first digits belong to.
func issuerOf(d string) string {
	in := func(n, from, to int) bool {
		v := 0
		for i := range n {
			v = v*10 + int(d[i]-'0')
		}
		return v >= from && v <= to
	}
	n := len(d)
	switch {
	case d[0] == '4' && (n == 13 || n == 16 || n == 19):
		return "Visa"
	case (in(2, 51, 55) || in(4, 2221, 2720)) && n == 16:
		return "Mastercard"
	case (in(2, 34, 34) || in(2, 37, 37)) && n == 15:
		return "American Express"
	case (in(3, 300, 305) || in(2, 36, 36) || in(2, 38, 39)) && n >= 14:
		return "Diners Club"
	case (in(4, 6011, 6011) || in(2, 65, 65) || in(3, 644, 649)) && n >= 16:
		return "Discover"
	case in(4, 3528, 3589) && n >= 16, (in(4, 2131, 2131) || in(4, 1800, 1800)) && n == 15:
		return "JCB"
	case in(2, 62, 62) && n >= 16:
		return "UnionPay"
	case in(2, 50, 50) || in(2, 56, 58) || in(1, 6, 6):
		return "Maestro"
	}
	return ""
}

// luhn tells whether digits end in the check digit of payment cards (ISO/IEC 7812-1).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// network finds IP and MAC addresses. It returns where to go on, or 0.
func (s *scan) network(i int) int {
	t := &s.tokens[i]
	if i+1 >= len(s.tokens) || s.tokens[i+1].gap != glued || s.tokens[i+1].kind != mark || t.end-t.start > 4 {
		return 0
	}
	sep := s.text[t.end]
	if sep != '.' && sep != ':' {
		return 0
	}
	end := int(t.start)
	for end < len(s.text) && end-int(t.start) < 45 && (isHex(s.text[end]) || s.text[end] == sep || sep == ':' && s.text[end] == '.') {
		end++
	}
	for end > int(t.start) && (s.text[end-1] == '.' || s.text[end-1] == ':' && !strings.HasSuffix(s.text[t.start:end], "::")) {
		end--
	}
	text := s.text[t.start:end]
	if sep == '.' && strings.Count(text, ".") != 3 || sep == ':' && strings.Count(text, ":") < 2 {
		return 0
	}
	if end < len(s.text) && (isAlnum(s.text[end]) || s.text[end] == '_') || t.start > 0 && (isAlnum(s.text[t.start-1]) || t.gap == glued && strings.IndexByte(".:-_", s.text[t.start-1]) >= 0) {
		return 0
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return 0
	}
	score := 0.85
	switch {
	case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsPrivate() || a.IsLinkLocalUnicast():
		score = 0.4 // of no person
	case s.before(i)&tellsNegative != 0: // version 1.2.3.4
		score = 0.4
	}
	s.add(int(t.start), end, IP, score, "A network address.")
	k := i + 1
	for k < len(s.tokens) && int(s.tokens[k].start) < end {
		k++
	}
	return k
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
