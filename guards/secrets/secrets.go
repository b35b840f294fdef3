// Package secrets finds keys, tokens and passwords in text, by the rules of gitleaks
// and a few of its own for prose.
package secrets

import (
	"cmp"
	"slices"
	"strings"
)

// Span is a secret in a text.
type Span struct {
	Start, End int    // bytes of the text
	Category   string // the rule's name, such as "aws_access_token"
	Score      float64
	Why        string // one sentence, for people, that does not repeat the text
}

// Scanner finds secrets. It is safe for concurrent use.
type Scanner struct {
	rules []*rule
	words *words
	plain allowance // what is no secret by any rule
}

// Bounds on what is looked at around something that could be a secret, in bytes.
const (
	before    = 160
	behind    = 60
	maxRegion = 16 << 10
)

// Most is how many secrets are listed of one text; what stands behind them is not read.
const Most = 1000

// Scan lists the secrets in text, in order and apart.
func (s *Scanner) Scan(text string) []Span {
	var found []Span
	regions(text, func(from, to int) {
		if len(found) < Most {
			found = s.region(found, text, from, to)
		}
	})
	return apart(found)
}

// region runs the rules whose words stand in a part of the text.
func (s *Scanner) region(found []Span, text string, from, to int) []Span {
	part := text[from:to]
	hits := s.words.in(part)
	if len(hits) == 0 {
		return found
	}
	part = unpunctuated(part)
	for len(hits) > 0 {
		n := 1
		for n < len(hits) && hits[n].rule == hits[0].rule {
			n++
		}
		r := s.rules[hits[0].rule]
		matches := r.matches(part, hits[:n])
		hits = hits[n:]
		for _, m := range matches {
			start, end := r.secret(m)
			secret := part[start:end]
			if start == end || entropy(secret) < r.entropy || s.plain.allows(secret, part, m) || r.allowed(secret, part, m) {
				continue
			}
			found = append(found, Span{from + start, from + end, r.category, r.score, r.why})
		}
	}
	return found
}

// regions calls f with the parts of text that could hold a secret: around runs of
// letters, digits and signs that no word looks like. It reads each byte once.
func regions(text string, f func(from, to int)) {
	start, end := -1, -1
	flush := func() {
		for start >= 0 && start < end {
			to := min(end, start+maxRegion)
			f(start, to)
			if to == end {
				break
			}
			start = to - before // what stands over the cut is in the next part whole
		}
		start = -1
	}
	for i := 0; i < len(text); {
		if runs[text[i]] == 0 {
			i++
			continue
		}
		from, seen := i, uint8(0)
		for i < len(text) && runs[text[i]] != 0 {
			seen |= runs[text[i]]
			i++
		}
		if !suspicious(text[from:i], seen) {
			continue
		}
		a, b := max(0, from-before), min(len(text), i+behind)
		if start >= 0 && a > end {
			flush()
		}
		if start < 0 {
			start = a
		}
		end = b
	}
	flush()
}

// Kinds of bytes in runs.
const (
	letter uint8 = 1 << iota
	capital
	digit
	sign
)

var runs = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z':
			t[c] = letter
		case b >= 'A' && b <= 'Z':
			t[c] = capital
		case b >= '0' && b <= '9':
			t[c] = digit
		case strings.IndexByte("_-+/=.~!@#$%^&*", b) >= 0:
			t[c] = sign
		}
	}
	return t
}()

// suspicious tells a run that could be a secret: long enough and of more kinds of
// characters than words have. Paths, dates and amounts fall under it too; the rules see
// to them.
func suspicious(run string, seen uint8) bool {
	switch n := len(run); {
	case n < 6:
		return false
	case seen&digit != 0 && seen&(letter|capital) != 0:
		return true
	case n >= 8 && seen&sign != 0 && seen&(letter|capital) != 0 && strings.ContainsAny(run, "!@#$%^&*=+~"):
		return true
	case n >= 10 && strings.HasPrefix(run, "-----"):
		return true
	}
	return len(run) >= 20 && seen&letter != 0 && seen&capital != 0 || len(run) >= 32 && seen&digit != 0
}

// unpunctuated has blanks in the place of signs that end a sentence or bracket: rules
// are written for code, where a secret ends at a quote or a blank.
func unpunctuated(s string) string {
	var out []byte
	for i := range len(s) {
		if strings.IndexByte(".,;:!?)]}>", s[i]) < 0 || i == 0 || runs[s[i-1]]&(letter|capital|digit|sign) == 0 {
			continue
		}
		if i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\n' || s[i+1] == '\r' || strings.IndexByte(".,;)]}>", s[i+1]) >= 0 {
			if s[i] == ':' { // it names what follows
				continue
			}
			if out == nil {
				out = []byte(s)
			}
			out[i] = ' '
		}
	}
	if out == nil {
		return s
	}
	return string(out)
}

// apart sorts finds and, of those that overlap, keeps the surer, and of equals the
// longer.
func apart(found []Span) []Span {
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b Span) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.End-b.Start, a.End-a.Start), cmp.Compare(a.Start, b.Start))
	})
	var out []Span
	for _, f := range found {
		if !slices.ContainsFunc(out, func(o Span) bool { return o.Start < f.End && f.Start < o.End }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Span) int { return a.Start - b.Start })
	return out
}
