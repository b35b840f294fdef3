package guards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"touchstone/groundtruth"
)

// outcome is what the facts of one theme say of a claim.
type outcome struct {
	kind    outcomeKind
	mention int                 // of the claim; -1 where the whole claim is meant
	fact    *groundtruth.Stated // that decides
	instead *groundtruth.Stated // of stale and early: what is in force; nil if nothing is
	theme   *theme
}

// outcomeKind orders outcomes from harmless to worst.
type outcomeKind int

const (
	silent  outcomeKind = iota
	agrees              // a fact gives the same value
	early               // it will hold
	stale               // it held
	differs             // a fact gives another value
)

// relation of a fact's value to the claim.
type standing int

const (
	unsaid standing = iota // the claim has no such value, or not plainly
	same
	other
)

// outcome compares the claim with the facts of a theme: with those in force first,
// then, if it differs from them, with those that were and will be.
func (c *comparison) outcome(th *theme, in inForce) outcome {
	none := outcome{theme: th, mention: -1}
	wrong := none
	for _, f := range in.now {
		switch s, m := c.compare(th, f); s {
		case same:
			return outcome{agrees, m, f, nil, th}
		case other:
			if wrong.kind == silent {
				wrong = outcome{differs, m, f, nil, th}
			}
		}
	}
	if wrong.kind == silent && len(in.now) > 0 {
		return none
	}
	for _, f := range in.before {
		if s, m := c.compare(th, f); s == same {
			if c.past {
				return outcome{agrees, m, f, nil, th}
			}
			return outcome{stale, m, f, wrong.fact, th}
		}
	}
	for _, f := range in.later {
		if s, m := c.compare(th, f); s == same {
			return outcome{early, m, f, wrong.fact, th}
		}
	}
	if c.past && !in.dated { // what it was may be known to others
		return none
	}
	for _, f := range in.today { // the date may be another thing's: "launched in 2025, it costs ..."
		if s, m := c.compare(th, f); s == same && !c.past {
			return outcome{agrees, m, f, nil, th}
		}
	}
	return wrong
}

// claimValues marks the values of the claim that a fact gives too: they are not
// compared with facts of other themes.
func (c *comparison) claimValues(th *theme, f *groundtruth.Stated) {
	for _, v := range valuesOf(f) {
		for i := range c.mentions {
			if c.taken[i] == "" && relateFact(&c.mentions[i], &v) == equal && !c.inSubject(&c.mentions[i]) {
				c.taken[i] = th.key
			}
		}
	}
}

// valuesOf are the typed values of a fact.
func valuesOf(f *groundtruth.Stated) []mention {
	text := fold(f.Amount())
	toks := words(text)
	for i := range toks {
		toks[i].flags &^= initial // a name is one wherever it stands
	}
	return extract(nil, text, toks, 0, len(toks))
}

// relateFact is relate, and more strict on money: another currency is another amount.
func relateFact(claim, fact *mention) relation {
	r := relate(claim, fact)
	if r == compatible && claim.cmp == atMost && isDuration(claim.dim) && fact.cmp == exactly && fact.value == fact.high {
		return different // who is given until day 30 is not told of day 28
	}
	if r == incomparable && claim.kind == numberFact && fact.kind == numberFact {
		switch {
		case claim.dim >= dimDollar && fact.dim >= dimDollar:
			return different
		case fact.dim == dimNone && fact.key == 0 && claim.raw != 0 && near(claim.raw, fact.value):
			return equal // the fact names no unit
		}
	}
	return r
}

// compare holds one fact against the claim.
func (c *comparison) compare(th *theme, f *groundtruth.Stated) (standing, int) {
	if on, ok := f.Boolean(); ok {
		return c.compareBoolean(th, on), -1
	}
	values := valuesOf(f)
	if len(values) == 0 || values[0].kind == nameFact {
		return c.compareText(th, f, values)
	}
	if c.negates {
		return unsaid, -1
	}
	v := &values[0]
	best, distance := -1, 1<<30
	for i := range c.mentions {
		m := &c.mentions[i]
		if c.inSubject(m) {
			continue
		}
		switch relateFact(m, v) {
		case equal:
			return same, i
		case different:
			if m.weak || c.taken[i] != "" && c.taken[i] != th.key || len(values) > 1 || !c.plainly(th, m) {
				continue
			}
			if d := c.distance(th, m); d < distance {
				best, distance = i, d
			}
		case compatible:
			return unsaid, -1
		}
	}
	if best < 0 {
		return unsaid, -1
	}
	return other, best
}

// compareBoolean compares "waterproof: no" with a claim that names the attribute.
func (c *comparison) compareBoolean(th *theme, on bool) standing {
	at := th.attribute
	if !at.found() || c.followed(th, at.last) || c.extras(th, 0, len(c.toks)) > 1 {
		return unsaid
	}
	turned := slices.ContainsFunc(c.toks[at.first:at.last], func(t token) bool { return t.has(negated) })
	if c.negates && !turned {
		return unsaid
	}
	if turned == on {
		return other
	}
	return same
}

// compareText compares a value of words or a name. Another name contradicts it only
// where the claim says that it is the value: "the CEO of Falco is Bo Lind".
func (c *comparison) compareText(th *theme, f *groundtruth.Stated, values []mention) (standing, int) {
	stems := phrase(f.Amount())
	if len(stems) == 0 || c.negates {
		return unsaid, -1
	}
	if locate(c.toks, stems, false).found() {
		return same, -1
	}
	if len(values) == 0 || !th.attribute.found() {
		return unsaid, -1
	}
	for i := range c.mentions {
		m := &c.mentions[i]
		if m.kind == nameFact && !c.inSubject(m) && c.taken[i] == "" && c.extras(th, 0, int(m.first))+c.extras(th, int(m.last), len(c.toks)) == 0 && c.equated(th, m) {
			return other, i
		}
	}
	return unsaid, -1
}

// equated reports whether only a form of "to be" or a colon ties a name to the rest.
func (c *comparison) equated(th *theme, m *mention) bool {
	from, to := th.attribute.last, int(m.first)
	if th.attribute.first >= int(m.last) {
		from, to = int(m.last), th.attribute.first
	}
	is := false
	for k := from; k < to; k++ {
		t := &c.toks[k]
		word := strings.ToLower(t.text(c.text))
		is = is || word == "is" || word == "are" || word == ":" || word == "named" || word == "called"
	}
	return is
}

func (c *comparison) inSubject(m *mention) bool {
	for k := m.first; k < m.last; k++ {
		if !c.subject[k] {
			return false
		}
	}
	return true
}

// comparing are words beside a value that make it a difference to another one.
var comparing = strings.Fields("less more cheaper dearer off extra additional longer shorter later earlier sooner discount saving voucher plus")

// plainly reports whether the claim gives m as the value of the attribute: nothing
// else stands between the two or hangs on m.
func (c *comparison) plainly(th *theme, m *mention) bool {
	beside := func(k int) bool {
		return k >= 0 && k < len(c.toks) && slices.Contains(comparing, strings.ToLower(c.toks[k].text(c.text)))
	}
	if beside(int(m.last)) || beside(int(m.last)+1) || beside(int(m.first)-1) || c.followed(th, int(m.last)) {
		return false
	}
	if !th.attribute.found() {
		return c.extras(th, 0, len(c.toks)) <= 1
	}
	from, to := th.attribute.last, int(m.first)
	if th.attribute.first >= int(m.last) {
		from, to = int(m.last), th.attribute.first
	}
	return c.extras(th, from, to) <= 1
}

// followed reports whether a word of content hangs on what ends before token k:
// "20 EUR voucher".
func (c *comparison) followed(th *theme, k int) bool {
	return k < len(c.toks) && c.toks[k].kind == wordToken && c.toks[k].has(content) && !c.accounted(th, k)
}

// extras counts the words of content in a stretch that neither subject nor attribute
// nor a value accounts for; a name counts for two.
func (c *comparison) extras(th *theme, from, to int) (n int) {
	for k := from; k < to; k++ {
		t := &c.toks[k]
		if !t.has(content) || t.kind != wordToken || c.accounted(th, k) {
			continue
		}
		n++
		if t.has(capital) && !t.has(initial) {
			n++
		}
	}
	return n
}

func (c *comparison) accounted(th *theme, k int) bool {
	if c.subject[k] || th.subject[c.toks[k].stem] || th.attribute.found() && k >= th.attribute.first && k < th.attribute.last {
		return true
	}
	for _, f := range th.facts {
		for _, p := range f.Scope.Parts() {
			if p.Value != "" && slices.Contains(phrase(p.Value), c.toks[k].stem) {
				return true
			}
		}
		for _, w := range f.Wordings() {
			if slices.Contains(phrase(w), c.toks[k].stem) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.mentions, func(m mention) bool { return m.kind != nameFact && int(m.first) <= k && k < int(m.last) })
}

func (c *comparison) distance(th *theme, m *mention) int {
	switch at := th.attribute; {
	case !at.found():
		return 0
	case at.first >= int(m.last):
		return at.first - int(m.last)
	default:
		return int(m.first) - at.last
	}
}

// assess turns an outcome that is against the claim into a verdict.
func (c *comparison) assess(o *outcome) *Assessment {
	a := &Assessment{Verdict: Contradicted, Score: 0.98, Settled: true}
	said := shorten(c.text, 60)
	a.Category = "fact"
	if o.mention >= 0 {
		m := &c.mentions[o.mention]
		said = c.text[m.start:m.end]
		a.Category = category(m)
	} else if _, ok := o.fact.Boolean(); ok {
		a.Category = "negation"
	}
	name := factName(o.fact)
	switch o.kind {
	case differs:
		a.Reason = fmt.Sprintf("The answer says %s; the fact on the %s says %s%s.", said, name, shorten(o.fact.Amount(), 60), inForceSince(o.fact))
	case stale:
		a.Category = "stale"
		a.Reason = fmt.Sprintf("Was true until %s: the %s was %s; ", lastDay(o.fact.Valid), name, shorten(o.fact.Amount(), 60))
	case early:
		a.Category = "early"
		a.Reason = fmt.Sprintf("Not true before %s: the %s will be %s; ", firstDay(o.fact.Valid), name, shorten(o.fact.Amount(), 60))
	}
	if o.kind == stale || o.kind == early {
		if o.instead != nil {
			a.Reason += "now it is " + shorten(o.instead.Amount(), 60) + "."
			a.Evidence = append(a.Evidence, o.instead.Evidence())
		} else {
			a.Reason += "no fact is in force now."
		}
	}
	a.Evidence = append(a.Evidence, o.fact.Evidence())
	for i := range a.Evidence {
		if valid := spanOf(&a.Evidence[i], o); valid != "" {
			a.Evidence[i].Quote += " Valid " + valid + "."
		}
	}
	return a
}

func spanOf(e *groundtruth.Evidence, o *outcome) string {
	if o.instead != nil && e.Fact == o.instead.ID {
		return o.instead.Valid.String()
	}
	return o.fact.Valid.String()
}

// factName is how a fact is called in a reason: "price of Kestrel 500".
func factName(f *groundtruth.Stated) string {
	name := f.Wordings()[0] + " of " + f.Names()[0]
	if s := f.Scope.String(); s != "" {
		name += " for " + s
	}
	return shorten(name, 100)
}

func inForceSince(f *groundtruth.Stated) string {
	if f.Valid.From == "" {
		return ""
	}
	return " since " + firstDay(f.Valid)
}

// lastDay and firstDay write the ends of a span for people.
func lastDay(s groundtruth.Span) string { return dayOf(s.To) }

func firstDay(s groundtruth.Span) string { return dayOf(s.From) }

func dayOf(text string) string {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Format("2 January 2006")
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Format("2 January 2006 15:04 UTC")
	}
	return text
}

// misread reports whether a fact was taken for a contradiction as if it were a
// passage. Whether a fact contradicts a claim is decided here, more exactly.
func (s *stated) misread(a *Assessment) bool {
	return s != nil && a.Verdict == Contradicted && len(a.Evidence) > 0 && a.Evidence[0].Origin == groundtruth.FromFacts
}

// settle brings what facts say into the verdict on a claim. What they decide no
// passage and no model overrules.
func (s *stated) settle(claim *Claim, a Assessment) Assessment {
	switch {
	case s == nil:
		return a
	case s.finding != nil:
		out := *s.finding
		out.Features = a.Features
		out.Score = max(out.Score, a.Score)
		return out
	case s.hint != "" && len(s.agreed) == 0 && a.Verdict == NotCovered:
		a.Reason = s.hint
		return a
	case len(s.agreed) == 0 || a.Verdict == Supported && a.Settled || !s.covers(claim, &a):
		return a
	}
	f := s.agreed[0].fact
	a.Verdict, a.Category, a.Score, a.Settled = Supported, "fact", min(a.Score, 0.05), true
	a.Reason = fmt.Sprintf("The fact on the %s says the same: %s.", factName(f), shorten(f.Amount(), 60))
	a.Evidence = nil
	for _, g := range s.agreed[:min(2, len(s.agreed))] {
		a.Evidence = append(a.Evidence, g.fact.Evidence())
	}
	return a
}

// covers reports whether the agreeing facts account for the whole claim: for each of
// its values, and for all its words but one.
func (s *stated) covers(claim *Claim, a *Assessment) bool {
	agreed := map[int]bool{}
	for _, g := range s.agreed {
		agreed[g.mention] = true
	}
	delete(agreed, -1)
	if len(agreed) < s.values {
		return false
	}
	toks := words(fold(claim.Text))
	rest := 0
	for i := range toks {
		t := &toks[i]
		if t.kind == wordToken && t.has(content) && !t.is(unitWord|monthName|weekdayName) && !s.known[t.stem] {
			rest++
			if t.has(capital) && !t.has(initial) {
				rest++
			}
		}
	}
	return rest <= 1
}
