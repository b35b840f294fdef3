package guards

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"touchstone/groundtruth"
)

// FactFinder finds the facts whose subject a text names, of every scope and time.
// groundtruth.Known is one.
type FactFinder interface {
	Facts(ctx context.Context, tenant string, collections []string, text string) ([]groundtruth.Stated, error)
}

// maxStated bounds the facts that are offered as evidence for one claim.
const maxStated = 6

// stated is what the facts say of one claim.
type stated struct {
	evidence []groundtruth.Evidence // facts in force that are about it
	finding  *Assessment            // what they decide by themselves; nil if nothing
	known    map[uint32]bool        // stems of subjects, attributes, values and scopes that agree with the claim
	agreed   []agreement
	values   int    // values of the claim that count
	hint     string // why facts that speak of it do not decide it; "" if none do
}

// agreement is a value of the claim that a fact gives too.
type agreement struct {
	mention int // of the claim
	fact    *groundtruth.Stated
}

// facts looks up what is known about a claim. It is nil where nothing is.
func (g *groundedness) facts(ctx context.Context, ex *Exchange, claim *Claim) (*stated, error) {
	if g.known == nil || len(ex.Collections) == 0 || len(claim.Text) > maxClaim {
		return nil, nil
	}
	question := ex.Question()
	found, err := g.known.Facts(ctx, ex.Tenant, ex.Collections, claim.Text+"\n"+claim.Context+"\n"+question)
	if err != nil {
		return nil, fmt.Errorf("looking up facts: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	at := ex.At
	if at.IsZero() {
		at = time.Now()
	}
	return newComparison(claim, question, ex.Scope, at).run(found), nil
}

// comparison is one claim held against facts.
type comparison struct {
	text              string
	toks              []token
	mentions          []mention
	context, question []token
	scope             groundtruth.Scope
	at                time.Time
	dates             []period // that the claim names
	past              bool     // it speaks of what was
	negates           bool
	taken             []string // by mention: the theme whose fact gives the same value; "" for none
	subject           []bool   // by token: it is part of a subject's name
}

// period is a stretch of time, its end left out.
type period struct{ from, to time.Time }

func newComparison(claim *Claim, question string, scope groundtruth.Scope, at time.Time) *comparison {
	c := &comparison{text: fold(claim.Text), scope: scope, at: at}
	c.toks = words(c.text)
	markNegation(c.toks)
	c.mentions = extract(nil, c.text, c.toks, 0, len(c.toks))
	c.context, c.question = words(fold(claim.Context)), words(fold(question))
	c.negates = negates(c.toks)
	c.taken = make([]string, len(c.mentions))
	c.subject = make([]bool, len(c.toks))
	for i := range c.toks {
		if t := &c.toks[i]; t.kind == wordToken && slices.Contains(pastWords, strings.ToLower(t.text(c.text))) {
			c.past = true
		}
	}
	for i := range c.mentions {
		if m := &c.mentions[i]; m.kind == dateFact {
			if p, ok := periodOf(m.key, at); ok {
				c.dates = append(c.dates, p)
			}
		}
	}
	return c
}

// pastWords tell that a sentence speaks of what was.
var pastWords = strings.Fields("was were previously formerly originally until before used past earlier old")

// maxWords bounds the tokens of a text beside the claim, in bytes of it.
const maxWords = 4 << 10

func words(text string) []token {
	return tokenize(nil, text, 0, min(len(text), max(maxWords, maxClaim)), false)
}

// periodOf is the time that a date names; without a year, that of at counts.
func periodOf(key uint32, at time.Time) (p period, ok bool) {
	y, m, d := unpackDate(key)
	if y == 0 {
		y = at.Year()
	}
	months, days := 0, 0
	switch {
	case m > 12: // a quarter
		m, months = (m-13)*3+1, 3
	case m == 0 && d == 0:
		m, months = 1, 12
	case m == 0:
		return p, false
	case d == 0:
		months = 1
	default:
		days = 1
	}
	p.from = time.Date(y, time.Month(m), max(d, 1), 0, 0, 0, 0, time.UTC)
	p.to = p.from.AddDate(0, months, days)
	return p, true
}

// theme is what facts say on one attribute of one subject.
type theme struct {
	key       string
	facts     []*groundtruth.Stated
	attribute stretch // where the claim names it; none where only the question does
	plain     bool    // subject and attribute are named, so that values can be compared
	subject   map[uint32]bool
	name      int // length of the subject's name, in words
}

// stretch is a run of tokens.
type stretch struct{ first, last int } // last is behind it; first -1: there is none

var nowhere = stretch{-1, -1}

func (s stretch) found() bool { return s.first >= 0 }

// run compares the claim with facts about it.
func (c *comparison) run(found []groundtruth.Stated) *stated {
	themes := c.themes(found)
	out := &stated{known: map[uint32]bool{}}
	var verdicts []outcome
	type chosen struct {
		th *theme
		in inForce
	}
	var all []chosen
	for _, th := range themes {
		in := c.inForce(th)
		all = append(all, chosen{th, in})
		for _, f := range in.now {
			c.claimValues(th, f)
			out.offer(f)
		}
	}
	for _, a := range all {
		if a.th.plain && len(a.in.now)+len(a.in.before)+len(a.in.later) == 0 && out.hint == "" {
			out.hint = c.hint(a.th)
		}
		if a.th.plain {
			verdicts = append(verdicts, c.outcome(a.th, a.in))
		}
	}
	dated := slices.ContainsFunc(all, func(a chosen) bool { return a.in.dated && a.th.plain })
	for i := range c.mentions {
		if m := &c.mentions[i]; !m.weak && m.kind != nameFact && !c.inSubject(m) && !(dated && m.kind == dateFact) {
			out.values++
		}
	}
	slices.SortStableFunc(verdicts, func(a, b outcome) int { return int(b.kind) - int(a.kind) })
	for i := range verdicts {
		v := &verdicts[i]
		switch {
		case v.kind == agrees:
			out.agreed = append(out.agreed, agreement{v.mention, v.fact})
			out.learn(v)
		case v.kind != silent && out.finding == nil:
			out.finding = c.assess(v)
		}
	}
	if len(out.evidence) == 0 && out.finding == nil && out.hint == "" {
		return nil
	}
	return out
}

// hint says that facts are for others than the caller is known to be among.
func (c *comparison) hint(th *theme) string {
	for _, f := range th.facts {
		if f.Valid.Place(c.at) != groundtruth.Present {
			continue
		}
		caller := c.scope.Parts()
		for i, p := range f.Scope.Parts() {
			if p.Value != "" && caller[i].Value == "" {
				return fmt.Sprintf("The %s of %s depends on the %s, and that of the caller is not known.", f.Wordings()[0], f.Names()[0], p.Name)
			}
		}
		if s := f.Scope.String(); s != "" {
			return fmt.Sprintf("The %s of %s is known for %s, and not for the caller's %s.", f.Wordings()[0], f.Names()[0], s, c.scope)
		}
	}
	return ""
}

// offer adds a fact to the evidence, once.
func (s *stated) offer(f *groundtruth.Stated) {
	if len(s.evidence) < maxStated && !slices.ContainsFunc(s.evidence, func(e groundtruth.Evidence) bool { return e.Fact == f.ID && e.Source == f.In.ID }) {
		s.evidence = append(s.evidence, f.Evidence())
	}
}

// learn notes the words that an agreeing fact accounts for.
func (s *stated) learn(v *outcome) {
	texts := append(v.fact.Names(), v.fact.Wordings()...)
	for _, p := range v.fact.Scope.Parts() {
		texts = append(texts, p.Value)
	}
	for _, text := range append(texts, v.fact.Amount()) {
		for _, stem := range phrase(text) {
			s.known[stem] = true
		}
	}
}

// themes groups facts by subject and attribute, and finds where the claim or what it
// leans on names them. A fact about something whose name is only part of a longer one
// that is known too is not about the claim.
func (c *comparison) themes(found []groundtruth.Stated) []*theme {
	byKey := map[string]*theme{}
	var list []*theme
	for i := range found {
		f := &found[i]
		at, name := c.subjectOf(f)
		if name == nil {
			continue
		}
		key := strings.ToLower(f.Names()[0] + "\x00" + f.Wordings()[0])
		th := byKey[key]
		if th == nil {
			th = &theme{key: key, subject: map[uint32]bool{}, attribute: nowhere}
			byKey[key] = th
			list = append(list, th)
		}
		for _, s := range name {
			th.subject[s] = true
		}
		if len(name) > th.name {
			th.name = len(name)
		}
		for k := at.first; at.found() && k < at.last; k++ {
			c.subject[k] = true
		}
		c.attributeOf(th, f)
		th.facts = append(th.facts, f)
	}
	return slices.DeleteFunc(list, func(th *theme) bool {
		return slices.ContainsFunc(list, func(o *theme) bool {
			if o.name <= th.name || th.key[strings.IndexByte(th.key, 0):] != o.key[strings.IndexByte(o.key, 0):] {
				return false
			}
			for s := range th.subject {
				if !o.subject[s] {
					return false
				}
			}
			return true
		})
	})
}

// subjectOf finds where a fact's subject is named: in the claim, in what it leans on,
// or in the question. name is nil where it is named nowhere; at is nowhere outside of
// the claim.
func (c *comparison) subjectOf(f *groundtruth.Stated) (at stretch, name []uint32) {
	for i, toks := range [][]token{c.toks, c.context, c.question} {
		for _, n := range f.Names() {
			stems := phrase(n)
			if len(stems) == 0 {
				continue
			}
			if at := locate(toks, stems, true); at.found() && i == 0 {
				return at, stems
			} else if at.found() {
				return nowhere, stems
			}
		}
	}
	return nowhere, nil
}

// attributeOf finds where the claim names the attribute. In the question it counts
// for a claim that says little else.
func (c *comparison) attributeOf(th *theme, f *groundtruth.Stated) {
	for _, w := range f.Wordings() {
		stems := phrase(w)
		if len(stems) == 0 {
			continue
		}
		if at := locate(c.toks, stems, false); at.found() {
			if !th.attribute.found() {
				th.attribute = at
			}
			th.plain = true
		} else if locate(c.question, stems, false).found() || locate(c.context, stems, false).found() {
			th.plain = true
		}
	}
}

// phrase is the stems of the words of a short text that count; of all its words where
// none does.
func phrase(text string) []uint32 {
	toks := words(text)
	var out, all []uint32
	for i := range toks {
		t := &toks[i]
		if t.kind == symbolToken {
			continue
		}
		all = append(all, t.stem)
		if t.has(content) || t.kind == digitToken || !t.is(stopWord) {
			out = append(out, t.stem)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// locate finds a phrase: its words in order, with nothing between but symbols and
// words that carry no content. A whole name is none that goes on: "Kestrel" is not
// named in "Kestrel 500".
func locate(toks []token, stems []uint32, whole bool) stretch {
	for i := range toks {
		if toks[i].kind == symbolToken || toks[i].stem != stems[0] {
			continue
		}
		k, last := 1, i
		for j := i + 1; j < len(toks) && k < len(stems); j++ {
			t := &toks[j]
			if t.kind != symbolToken && t.stem == stems[k] {
				k, last = k+1, j
			} else if t.kind != symbolToken && (t.has(content) || t.kind == digitToken) || breaksClause(t) {
				break
			}
		}
		if k == len(stems) && !(whole && goesOn(toks, last)) {
			return stretch{i, last + 1}
		}
	}
	return nowhere
}

// goesOn reports whether the name that ends at token i is only the beginning of one.
func goesOn(toks []token, i int) bool {
	if i+1 >= len(toks) || toks[i].kind != wordToken || !toks[i].has(capital) && !toks[i].has(initial) {
		return false
	}
	next := &toks[i+1]
	if next.kind == symbolToken && next.char == '-' && next.has(glued) && i+2 < len(toks) {
		next = &toks[i+2]
	}
	return next.kind == digitToken || next.kind == wordToken && next.has(capital) && next.has(content) && !next.is(monthName|weekdayName)
}

// inForce are the facts of a theme that hold for the caller, by whether they hold at
// the time of the claim.
type inForce struct {
	now, before, later []*groundtruth.Stated
	dated              bool                  // the claim names a date, and now is what held then
	today              []*groundtruth.Stated // of a dated claim: what holds at the time of the answer
}

// inForce picks the facts for the scope that the claim names, or else the caller's.
// Of several the one for the narrowest scope counts. A claim that names a date is
// compared with what held then.
func (c *comparison) inForce(th *theme) (in inForce) {
	dated := len(c.dates) > 0 && !slices.ContainsFunc(th.facts, func(f *groundtruth.Stated) bool { return len(valuesOf(f)) > 0 && valuesOf(f)[0].kind == dateFact })
	in.dated = dated
	for _, f := range th.facts {
		if !c.holdsFor(th, f) {
			continue
		}
		place := f.Valid.Place(c.at)
		if dated {
			if place == groundtruth.Present {
				in.today = append(in.today, f)
			}
			if !c.meets(f.Valid) {
				continue
			}
			place = groundtruth.Present
		}
		switch place {
		case groundtruth.Present:
			in.now = append(in.now, f)
		case groundtruth.Past:
			in.before = append(in.before, f)
		default:
			in.later = append(in.later, f)
		}
	}
	in.now, in.before, in.later, in.today = narrowest(in.now), narrowest(in.before), narrowest(in.later), narrowest(in.today)
	slices.SortStableFunc(in.before, func(a, b *groundtruth.Stated) int { return cmp.Compare(b.Valid.To, a.Valid.To) }) // the last one first
	slices.SortStableFunc(in.later, func(a, b *groundtruth.Stated) int { return cmp.Compare(a.Valid.From, b.Valid.From) })
	return in
}

// meets reports whether a span holds at a date of the claim.
func (c *comparison) meets(s groundtruth.Span) bool {
	from, to, err := s.Bounds()
	return err == nil && slices.ContainsFunc(c.dates, func(p period) bool {
		return (to.IsZero() || p.from.Before(to)) && (from.IsZero() || from.Before(p.to))
	})
}

// holdsFor reports whether a fact is for the scope at hand.
func (c *comparison) holdsFor(th *theme, f *groundtruth.Stated) bool {
	caller := c.scope.Parts()
	for i, p := range f.Scope.Parts() {
		if p.Value == "" {
			continue
		}
		named := c.names(p.Value)
		other := slices.ContainsFunc(th.facts, func(o *groundtruth.Stated) bool {
			v := o.Scope.Parts()[i].Value
			return v != "" && !strings.EqualFold(v, p.Value) && c.names(v)
		})
		switch {
		case named: // the claim says itself whom it is about
		case other:
			return false
		case caller[i].Value != "":
			if !strings.EqualFold(caller[i].Value, p.Value) {
				return false
			}
		case !locate(c.question, phrase(p.Value), false).found():
			return false
		}
	}
	return true
}

// names reports whether the claim, or what it leans on, names a part of a scope.
func (c *comparison) names(value string) bool {
	stems := phrase(value)
	return len(stems) > 0 && (locate(c.toks, stems, false).found() || locate(c.context, stems, false).found())
}

// narrowest keeps the facts with most parts of a scope.
func narrowest(list []*groundtruth.Stated) []*groundtruth.Stated {
	parts := func(f *groundtruth.Stated) (n int) {
		for _, p := range f.Scope.Parts() {
			if p.Value != "" {
				n++
			}
		}
		return n
	}
	most := 0
	for _, f := range list {
		most = max(most, parts(f))
	}
	return slices.DeleteFunc(list, func(f *groundtruth.Stated) bool { return parts(f) < most })
}
