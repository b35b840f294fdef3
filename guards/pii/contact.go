package pii

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark looks at a character that is neither letter nor digit.
func (s *scan) mark(i int) int {
	t := &s.tokens[i]
	switch s.text[t.start] {
	case '@':
		return s.email(i)
	case '[', '(':
		return s.disguised(i)
	case ':': // an IPv6 address may begin with ::
		if i+2 < len(s.tokens) && s.tokens[i+1].gap == glued && s.of(i+1) == ":" && s.tokens[i+2].kind != mark && s.tokens[i+2].gap == glued {
			return i + 1
		}
	}
	return i + 1
}

// email finds the address around an @, of the parts that mail really uses: RFC 5321
// bounds them by 64 and 255 bytes.
func (s *scan) email(i int) int {
	at := int(s.tokens[i].start)
	start, end := s.local(at), s.domain(at+1)
	if end == 0 {
		return i + 1
	}
	if start == at {
		s.handle(i)
		return i + 1
	}
	domain := s.text[at+1 : end]
	dot := strings.LastIndexByte(domain, '.')
	score, why := 0.99, "An e-mail address."
	switch {
	case dot < 0:
		return i + 1 // a host of a network, or code
	case !topLevel(domain[dot+1:]):
		return i + 1
	case strings.HasSuffix(domain, ".example") || strings.HasSuffix(domain, ".invalid") || strings.HasSuffix(domain, ".test"):
		score, why = 0.9, "An e-mail address of a domain that is kept for examples."
	}
	s.add(start, end, Email, score, why)
	for i < len(s.tokens) && int(s.tokens[i].start) < end {
		i++
	}
	return i
}

// local is where the part before the @ at begins.
func (s *scan) local(at int) int {
	i := at
	for i > 0 && at-i < 64 {
		c := s.text[i-1]
		switch {
		case isAlnum(c), strings.IndexByte("._%+-'!#$&*/=?^{|}~", c) >= 0:
			i--
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeLastRuneInString(s.text[:i])
			if unicode.IsLetter(r) || unicode.IsMark(r) {
				i -= n
				continue
			}
		}
		break
	}
	// What an address does not begin with is the text around it.
	for i < at && !isAlnum(s.text[i]) && s.text[i] != '_' && s.text[i] < utf8.RuneSelf {
		i++
	}
	if k := strings.LastIndexAny(s.text[i:at], "/='?&{|}"); k >= 0 { // of a link, an attribute, a template
		i += k + 1
	}
	return i
}

// domain is where the domain that begins at ends, or 0.
func (s *scan) domain(from int) int {
	i, end := from, 0
	for i < len(s.text) && i-from < 255 {
		c := s.text[i]
		switch {
		case isAlnum(c):
			i++
			end = i
			continue
		case c == '-' || c == '.' && i > from && s.text[i-1] != '.':
			i++
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s.text[i:])
			if unicode.IsLetter(r) || unicode.IsMark(r) {
				i += n
				end = i
				continue
			}
		}
		break
	}
	return end
}

// topLevel tells what may stand behind the last dot of a domain.
func topLevel(s string) bool {
	if len(s) < 2 || len(s) > 24 {
		return false
	}
	for i := range len(s) {
		if isDigit(s[i]) && !strings.HasPrefix(s, "xn") {
			return false
		}
	}
	return true
}

// disguised finds an address written as "ann (at) example [dot] com".
func (s *scan) disguised(i int) int {
	bracketed := func(k int, w string) bool {
		return k > 0 && k+1 < len(s.tokens) && s.tokens[k].kind == mark && strings.EqualFold(s.of(k+1), w) && k+2 < len(s.tokens) && s.tokens[k+2].kind == mark &&
			strings.IndexByte("])", s.text[s.tokens[k+2].start]) >= 0
	}
	if !bracketed(i, "at") || s.tokens[i-1].kind == mark || i+3 >= len(s.tokens) {
		return i + 1
	}
	start := s.local(int(s.tokens[i-1].end))
	k, dots := i+3, 0
	for k < len(s.tokens) && s.tokens[k].kind != mark && s.tokens[k].gap != newline {
		k++
		switch {
		case bracketed(k, "dot"):
			k += 3
		case k+1 < len(s.tokens) && s.tokens[k].kind == word && strings.EqualFold(s.of(k), "dot"):
			k++
		case k+1 < len(s.tokens) && s.of(k) == "." && s.tokens[k].gap == glued && s.tokens[k+1].gap == glued:
			k++
		default:
			if dots > 0 {
				s.add(start, int(s.tokens[k-1].end), Email, 0.9, "An e-mail address with its signs spelt out.")
				return k
			}
			return i + 1
		}
		dots++
	}
	return i + 1
}

// code words that follow an @ and name nobody.
var notHandles = map[string]bool{
	"media": true, "import": true, "override": true, "property": true, "param": true, "params": true, "return": true, "returns": true, "deprecated": true,
	"test": true, "charset": true, "keyframes": true, "supports": true, "include": true, "everyone": true, "here": true, "channel": true, "all": true,
	"staticmethod": true, "classmethod": true, "dataclass": true, "throws": true, "see": true, "since": true, "author": true, "autowired": true, "bean": true,
	"component": true, "service": true, "entity": true, "todo": true, "example": true, "type": true, "types": true, "latest": true,
}

// handle finds a name in a social network: @ann_lee.
func (s *scan) handle(i int) {
	from := int(s.tokens[i].end)
	if s.tokens[i].gap == glued && i > 0 && strings.IndexByte("(\"'.,:;[“", s.text[s.tokens[i-1].start]) < 0 {
		return
	}
	end := from
	for end < len(s.text) && end-from < 31 && (isAlnum(s.text[end]) || s.text[end] == '_') {
		end++
	}
	name := s.text[from:end]
	if len(name) < 3 || len(name) > 30 || isDigit(name[0]) && digits(name) || notHandles[strings.ToLower(name)] ||
		end < len(s.text) && strings.IndexByte("(/{=@", s.text[end]) >= 0 {
		return
	}
	s.add(from-1, end, UserHandle, 0.6, "A name in a social network.")
}
