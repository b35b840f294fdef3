// Package pii finds personal data in text: contacts, payment and identity numbers,
// addresses, dates of birth, names, health terms. It reads text in any script and
// form, needs no model but a small tagger of its own, and takes time and memory in
// proportion to the text.
package pii

import (
	"cmp"
	"io"
	"slices"
	"sync"
)

// What a Span can be. National identity numbers have the category National; Why
// names the country's.
const (
	Email      = "email_address"
	Phone      = "phone_number"
	Card       = "credit_card"
	IBAN       = "iban"
	National   = "national_id"
	Passport   = "passport"
	License    = "driver_license"
	Account    = "bank_account"
	Medical    = "medical_record"
	IP         = "ip_address"
	Address    = "street_address"
	Birth      = "date_of_birth"
	Age        = "age"
	Person     = "person"
	Health     = "health"
	UserHandle = "username"
)

// Categories lists them all.
func Categories() []string {
	return []string{Email, Phone, Card, IBAN, National, Passport, License, Account, Medical, IP, Address, Birth, Age, Person, Health, UserHandle}
}

// Span is a piece of personal data in a text.
type Span struct {
	Start, End int // bytes of the text as given
	Category   string
	Score      float64 // probability that it is what Category says, 0 to 1
	Why        string  // one sentence, for people, that does not repeat the text
}

// Scanner finds personal data. It is safe for concurrent use.
type Scanner struct {
	names *tagger
	pool  sync.Pool
}

// New returns a scanner.
func New() *Scanner { return with(loadTagger()) }

// NewWith returns a scanner with another tagger than the embedded one, as Learn
// writes it.
func NewWith(r io.Reader) (*Scanner, error) {
	t, err := readTagger(r)
	if err != nil {
		return nil, err
	}
	return with(t), nil
}

func with(t *tagger) *Scanner {
	s := &Scanner{names: t}
	s.pool.New = func() any { return &scan{names: s.names} }
	return s
}

// Scan lists the personal data in text, in order and apart: of two that overlap the
// surer one stands.
func (s *Scanner) Scan(text string) []Span {
	sc := s.pool.Get().(*scan)
	defer s.pool.Put(sc)
	n := normalise(text)
	found := sc.run(n.text)
	if len(found) == 0 {
		return nil
	}
	out := make([]Span, len(found))
	for i, f := range found {
		out[i] = f
		if len(n.shifts) > 0 {
			out[i].Start, out[i].End = n.origin(f.Start), n.originEnd(f.End)
		}
	}
	return out
}

// scan is the work on one text; its memory is used again.
type scan struct {
	names  *tagger
	text   string
	tokens []token
	found  []Span
	tags   tagging
}

func (s *scan) run(text string) []Span {
	s.text, s.found = text, s.found[:0]
	s.tokens = tokenise(text, s.tokens[:0])
	defer func() {
		s.text = "" // not to keep it alive
		if cap(s.tokens) > maxKept {
			s.tokens = nil
		}
	}()
	for i := 0; i < len(s.tokens); {
		i = s.at(i)
	}
	s.tagNames()
	return apart(s.found)
}

// maxKept is how many tokens of memory a scan keeps for the next text.
const maxKept = 1 << 18

// at looks at what begins with token i and returns where to go on.
func (s *scan) at(i int) int {
	t := &s.tokens[i]
	switch t.kind {
	case number:
		return s.number(i)
	case mixed:
		return s.code(i)
	case mark:
		return s.mark(i)
	}
	if t.tells&(tellsHealth|tellsMonth|tellsAge) != 0 {
		return s.word(i)
	}
	if t.shout && t.end-t.start == 2 {
		if n := s.spread(i); n > 0 {
			return n
		}
	}
	return i + 1
}

// word looks at a word that tells something by itself and returns where to go on.
func (s *scan) word(i int) int {
	t := &s.tokens[i]
	if t.tells&tellsHealth != 0 {
		s.health(i)
	}
	if t.tells&tellsMonth != 0 {
		if n := s.monthFirst(i); n > 0 {
			return n
		}
	}
	return i + 1
}

// add records a find from one token to before another.
func (s *scan) add(start, end int, category string, score float64, why string) {
	s.found = append(s.found, Span{start, end, category, score, why})
}

// of is the text of a token.
func (s *scan) of(i int) string { return s.text[s.tokens[i].start:s.tokens[i].end] }

// around is what the words near tokens from to before to tell: up to reach tokens
// before, not further than the line before, and a few behind.
func (s *scan) around(from, to int) tells {
	return s.before(from) | s.after(to)
}

const reach = 7

func (s *scan) before(from int) tells {
	var told tells
	lines := 0
	for k, i := 0, from-1; i >= 0 && k < reach; i-- {
		if s.tokens[i+1].gap == newline {
			if lines++; lines > 1 {
				break
			}
		}
		if s.tokens[i].kind == mark {
			if c := s.text[s.tokens[i].start]; c == '.' && s.tokens[i+1].gap != glued || c == '!' || c == '?' || c == ';' {
				break
			}
			continue
		}
		told |= s.tokens[i].tells
		k++
	}
	return told
}

func (s *scan) after(to int) tells {
	var told tells
	for k, i := 0, to; i < len(s.tokens) && k < 3; i++ {
		if s.tokens[i].gap == newline || s.tokens[i].kind == mark && s.text[s.tokens[i].start] != '(' && s.text[s.tokens[i].start] != ')' {
			break
		}
		told |= s.tokens[i].tells
		k++
	}
	return told
}

// near calls f with the words near a place until it returns true.
func (s *scan) near(from, to int, f func(word string) bool) bool {
	for k, i := 0, from-1; i >= 0 && k < reach+1; i-- {
		if s.tokens[i].kind == mark {
			continue
		}
		if f(s.of(i)) {
			return true
		}
		k++
	}
	for k, i := 0, to; i < len(s.tokens) && k < 3; i++ {
		if s.tokens[i].kind != mark {
			if f(s.of(i)) {
				return true
			}
			k++
		}
	}
	return false
}

// apart sorts finds and drops those that overlap with a surer one.
func apart(found []Span) []Span {
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	out := found[:0]
	for _, f := range found {
		keep := true
		for len(out) > 0 && out[len(out)-1].End > f.Start {
			last := out[len(out)-1]
			if weight(last) >= weight(f) {
				keep = false
				break
			}
			out = out[:len(out)-1]
		}
		if keep {
			out = append(out, f)
		}
	}
	return out
}

// weight orders finds that overlap: an address holds more than the name in it.
func weight(f Span) float64 {
	w := f.Score
	switch f.Category {
	case Email, IBAN, Address, UserHandle:
		w++
	case Person, Health, Age:
		w -= 0.2
	}
	return w
}
