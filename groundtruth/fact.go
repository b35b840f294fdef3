package groundtruth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Fact is one typed statement: an attribute of a subject has a value, for some
// and for a time.
type Fact struct {
	ID        string `json:"id"`        // 12 hex digits that Identify makes of the rest, authors left out
	Subject   string `json:"subject"`   // other names of it after "|": "Kestrel 500|K500"
	Attribute string `json:"attribute"` // other wordings after "|": "return window|return period"
	Value     string `json:"value"`
	Unit      string `json:"unit,omitempty"`
	Scope     Scope  `json:"scope,omitzero"`
	Valid     Span   `json:"valid,omitzero"`
	Source    string `json:"source,omitempty"` // where a person can look it up; "" is the document that it stands in
	Author    string `json:"author,omitempty"`
}

// Scope says for whom something holds, or who asks. An empty part of a fact's
// scope holds for all; one of a caller's is not known.
type Scope struct {
	Region   string `json:"region,omitempty" yaml:"region"`
	Product  string `json:"product,omitempty" yaml:"product"`
	Audience string `json:"audience,omitempty" yaml:"audience"`
}

// Parts are the parts of the scope by name, in a fixed order.
func (s Scope) Parts() [3]Part {
	return [3]Part{{"region", s.Region}, {"product", s.Product}, {"audience", s.Audience}}
}

// Part is one part of a Scope.
type Part struct{ Name, Value string }

// Set sets the part of that name; false if a scope has no such part.
func (s *Scope) Set(name, value string) bool {
	switch name {
	case "region":
		s.Region = value
	case "product":
		s.Product = value
	case "audience":
		s.Audience = value
	default:
		return false
	}
	return true
}

// Admits reports whether something of scope s can hold for a caller: no part of it
// is known to be another one.
func (s Scope) Admits(caller Scope) bool {
	theirs := caller.Parts()
	for i, p := range s.Parts() {
		if p.Value != "" && theirs[i].Value != "" && !strings.EqualFold(p.Value, theirs[i].Value) {
			return false
		}
	}
	return true
}

// String names the parts that are set: "region EU, audience staff"; "" if none is.
func (s Scope) String() string {
	var set []string
	for _, p := range s.Parts() {
		if p.Value != "" {
			set = append(set, p.Name+" "+p.Value)
		}
	}
	return strings.Join(set, ", ")
}

// Names are the names of the subject, the first one first.
func (f *Fact) Names() []string { return alternatives(f.Subject) }

// Wordings are those of the attribute, the first one first.
func (f *Fact) Wordings() []string { return alternatives(f.Attribute) }

func alternatives(text string) []string {
	var out []string
	for name := range strings.SplitSeq(text, "|") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Amount is the value with its unit.
func (f *Fact) Amount() string {
	if f.Unit == "" {
		return f.Value
	}
	return f.Value + " " + f.Unit
}

// Statement says the fact as a sentence.
func (f *Fact) Statement() string {
	name, word := f.Subject, f.Attribute
	if names := f.Names(); len(names) > 0 {
		name = names[0]
	}
	if words := f.Wordings(); len(words) > 0 {
		word = words[0]
	}
	text := "The " + word + " of " + name + " is " + f.Amount()
	if on, ok := f.Boolean(); ok {
		is := " is not "
		if on {
			is = " is "
		}
		text = name + is + word
	}
	if scope := f.Scope.String(); scope != "" {
		text += " (" + scope + ")"
	}
	return text + "."
}

// Boolean tells whether the value is a plain yes or no, and which.
func (f *Fact) Boolean() (on, ok bool) {
	if f.Unit != "" {
		return false, false
	}
	switch strings.ToLower(f.Value) {
	case "yes", "true":
		return true, true
	case "no", "false":
		return false, true
	}
	return false, false
}

// Longest parts of a fact, in bytes.
const (
	maxFactText  = 500
	maxFactValue = 2000
)

// Check reports what would make a fact unusable.
func (f *Fact) Check() error {
	for _, p := range []struct {
		name, value string
		most        int
	}{
		{"subject", f.Subject, maxFactText}, {"attribute", f.Attribute, maxFactText}, {"value", f.Value, maxFactValue},
		{"unit", f.Unit, maxFactText}, {"source", f.Source, maxFactText}, {"author", f.Author, maxFactText},
		{"region", f.Scope.Region, maxFactText}, {"product", f.Scope.Product, maxFactText}, {"audience", f.Scope.Audience, maxFactText},
	} {
		switch {
		case !storable(p.value) || strings.ContainsAny(p.value, "\n\r"):
			return fmt.Errorf("its %s is not one line of text", p.name)
		case len(p.value) > p.most:
			return fmt.Errorf("its %s has %d bytes, more than %d", p.name, len(p.value), p.most)
		}
	}
	switch {
	case len(f.Names()) == 0:
		return errors.New("it has no subject")
	case len(f.Wordings()) == 0:
		return errors.New("it has no attribute")
	case strings.TrimSpace(f.Value) == "":
		return errors.New("it has no value")
	}
	return f.Valid.Check()
}

// Identify gives the fact the ID that follows from what it says.
func (f *Fact) Identify() {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q", f.Subject, f.Attribute, f.Value, f.Unit, f.Scope, f.Valid))
	f.ID = hex.EncodeToString(sum[:6])
}

// A Span is a time in which something holds, written as days ("2026-03-31") or
// moments (RFC 3339). Days are those of UTC. An empty end is open.
type Span struct {
	From string `json:"from,omitempty"` // first day or moment
	To   string `json:"to,omitempty"`   // last day, or the moment at which it ends
}

// Check reports an end that is no day or moment, and ends in the wrong order.
func (s Span) Check() error {
	from, to, err := s.Bounds()
	if err == nil && !from.IsZero() && !to.IsZero() && !from.Before(to) {
		err = fmt.Errorf("it is valid from %s to %s: the end comes before the beginning", s.From, s.To)
	}
	return err
}

// Bounds are the first moment of the span and the first one after it; a zero time is
// an open end.
func (s Span) Bounds() (from, to time.Time, err error) {
	read := func(text, which string) (t time.Time, day bool) {
		if text == "" || err != nil {
			return t, false
		}
		if t, err = time.Parse(time.DateOnly, text); err == nil {
			return t, true
		}
		if t, err = time.Parse(time.RFC3339, text); err != nil {
			err = fmt.Errorf("%s is %q: write a day as 2026-03-31, or a moment as 2026-03-31T12:00:00Z", which, text)
		}
		return t, false
	}
	from, _ = read(s.From, "valid from")
	to, day := read(s.To, "valid to")
	if day {
		to = to.AddDate(0, 0, 1)
	}
	return from, to, err
}

// Place says where a moment lies: before the span, in it or after it. A span that
// cannot be read is never in force; Check refuses such.
func (s Span) Place(at time.Time) Tense {
	from, to, err := s.Bounds()
	switch {
	case err != nil || !to.IsZero() && !at.Before(to):
		return Past
	case !from.IsZero() && at.Before(from):
		return Future
	}
	return Present
}

// Tense is whether something was, is or will be in force.
type Tense int

const (
	Past Tense = iota - 1
	Present
	Future
)

// String names the ends: "from 2026-01-01 to 2026-03-31"; "" if both are open.
func (s Span) String() string {
	var ends []string
	if s.From != "" {
		ends = append(ends, "from "+s.From)
	}
	if s.To != "" {
		ends = append(ends, "to "+s.To)
	}
	return strings.Join(ends, " ")
}
