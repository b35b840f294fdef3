package guards

import (
	"math"
	"math/bits"

	"touchstone/groundtruth"
)

// Features are what the score is computed from. Shares are 0 to 1.
type Features [featureCount]float64

// The features, in the order of FeatureNames.
const (
	missAll        = iota // share of the claim's words that no evidence holds
	missBest              // share that the best piece lacks
	missTwo               // share that the best two pieces lack
	bigrams               // share of neighbouring words that are no neighbours in the evidence
	newWords              // log of the number of words that no evidence holds
	newNames              // names of the claim that no evidence holds, at most 3
	hasNames              // the claim has names
	valueMissing          // typed values that no evidence holds, at most 3
	countMissing          // small counts that no evidence holds, at most 3: often counted by the answer itself
	valueDiffers          // how surely the evidence gives another value for the same thing
	valueElsewhere        // the value stands in the evidence, but for another thing: how much better another value fits
	valueMatched          // share of typed values that the evidence gives for the same thing
	negation              // share of common words that only one side negates
	denied                // the best piece holds nearly all words, some of them negated on one side only
	opposite              // the two sides use opposite words for the same thing
	hedged                // the evidence hedges and the claim does not
	unlimited             // the claim says "all" or "always" and the evidence does not
	givesReason           // the claim gives a reason and the evidence does not
	advises               // the claim advises and the evidence does not
	length                // log of the number of words
	outOfOrder            // share of common words that come in another order
	copied                // the claim is nearly a copy of the best piece
	changedValue          // a near-copy with another value for the same thing
	changedName           // a near-copy with a name that no evidence holds in the place of another
	fromField             // the best piece is a field of a record or a row of a table
	emptyField            // the claim speaks of a field that has no value
	falseField            // the claim affirms a field that is false, or denies one that is true
	featureCount
)

// FeatureNames names the features, for the fitting script.
var FeatureNames = [featureCount]string{
	"missAll", "missBest", "missTwo", "bigrams", "newWords", "newNames", "hasNames", "valueMissing", "countMissing", "valueDiffers", "valueElsewhere", "valueMatched",
	"negation", "denied", "opposite", "hedged", "unlimited", "givesReason", "advises", "length", "outOfOrder", "copied",
	"changedValue", "changedName", "fromField", "emptyField", "falseField",
}

// valueMatch is what the evidence says of one typed value of the claim.
type valueMatch struct {
	claim       *mention
	same, other found // the best aligned equal and different value
	anySame     bool  // an equal value stands somewhere
	derived     bool  // it can be computed from values of the evidence
}

// found is a value of the evidence.
type found struct {
	src     int
	block   blockAt
	piece   *piece
	mention *mention
	overlap float32
	exact   bool   // equal, not only compatible
	foreign bool   // its piece lacks a name of the claim and has another instead
	names   uint64 // which of the claim's names its piece holds, by their place in the subject
}

// conflict is the most telling disagreement between claim and evidence.
type conflict struct {
	category    string
	confidence  float64
	claim       string // what the answer says, short
	source      string // what the evidence says, short
	src         int
	block       blockAt
	piece       *piece
	explanation explanation
	exact       bool // no model may overrule it
}

// explanation says how a conflict is told to people.
type explanation uint8

const (
	explainValues explanation = iota // by the two values
	explainNegation
	explainField
)

// measure fills in the features.
func (r *reading) measure() {
	r.coverage()
	r.matchValues()
	r.matchNames()
	r.polarity()
	r.records()
}

func (r *reading) coverage() {
	words := uint64(1)<<r.words - 1
	if r.words == maxStems {
		words = math.MaxUint64
	}
	n := float64(max(1, r.words))
	missing := func(mask uint64) float64 { return float64(bits.OnesCount64(words&^mask)) / n }
	best, two := r.chosen[0].mask, r.chosen[0].mask
	if len(r.chosen) > 1 {
		two |= r.chosen[1].mask
	}
	r.f[missAll], r.f[missBest], r.f[missTwo] = missing(r.anywhere), missing(best), missing(two)
	r.f[newWords] = math.Log1p(float64(bits.OnesCount64(words &^ r.anywhere)))
	r.f[length] = math.Log1p(float64(r.words))

	pairs, absent := 0, 0
	last := -1
	for i := range r.toks {
		if !r.toks[i].has(content) {
			continue
		}
		if last >= 0 {
			pairs++
			if !r.adjacent(r.toks[last].stem, r.toks[i].stem) {
				absent++
			}
		}
		last = i
		if pairs == maxAligned {
			break
		}
	}
	if pairs > 0 {
		r.f[bigrams] = float64(absent) / float64(pairs)
	}
	c := &r.chosen[0]
	r.laid = lay(r.toks, c.block.block, c.piece)
	if r.laid.words > 0 {
		share := float64(r.laid.inOrder) / float64(r.laid.words)
		r.f[outOfOrder] = float64(r.laid.shared-r.laid.inOrder) / float64(r.laid.words)
		if share >= 0.6 && r.laid.words >= 3 {
			r.f[copied] = share
		}
	}
	if k := c.piece.kind; k == fieldPiece || k == rowPiece {
		r.f[fromField] = 1
	}
}

// adjacent reports whether two stems follow each other in a chosen piece, in
// either order, function words aside.
func (r *reading) adjacent(a, b uint32) bool {
	for i := range r.chosen {
		c := &r.chosen[i]
		prev := uint32(0)
		for k := c.piece.tok0; k < c.piece.tok1; k++ {
			t := &c.block.toks[k]
			if !t.has(content) {
				continue
			}
			if prev == a && t.stem == b || prev == b && t.stem == a {
				return true
			}
			prev = t.stem
		}
	}
	return false
}

// matchValues looks each typed value of the claim up in all the evidence.
func (r *reading) matchValues() {
	r.budget = maxCompared
	for i := range r.mentions {
		m := &r.mentions[i]
		if m.kind == nameFact {
			continue
		}
		v := r.lookUp(m)
		v.derived = !m.weak && !v.anySame && v.same.mention == nil && !small(m) && r.derived(m)
		r.values = append(r.values, v)
	}
	matched, counted, absent, absentCounts := 0.0, 0, 0, 0
	for i := range r.values {
		v := &r.values[i]
		if v.claim.weak {
			continue
		}
		counted++
		switch {
		case v.derived:
			matched += 0.5
			continue
		case v.same.mention != nil && v.same.foreign && !small(v.claim):
			absent++ // the value of something else
		case v.same.mention != nil && v.same.overlap+0.25 >= v.other.overlap:
			matched++
		case v.anySame:
			matched += 0.5
		case small(v.claim):
			absentCounts++
		default:
			absent++
		}
		r.weigh(v)
	}
	r.f[valueMissing], r.f[countMissing] = float64(min(absent, 3)), float64(min(absentCounts, 3))
	if counted > 0 {
		r.f[valueMatched] = matched / float64(counted)
	}
	if r.f[copied] > 0 && r.laid.names > 0 && !r.known(r.toks[r.laid.claimAt].stem) {
		r.f[changedName] = 1
	}
}

// small reports whether a value is a count or rank that an answer often works
// out by itself.
func small(m *mention) bool {
	return m.kind == ordinalFact || m.kind == numberFact && m.dim == dimNone && m.high <= 12
}

// weigh notes how surely the evidence gives another value than v's for the same
// thing.
func (r *reading) weigh(v *valueMatch) {
	if v.other.mention == nil || v.same.mention != nil && v.same.overlap >= v.other.overlap {
		return
	}
	if v.same.mention != nil && r.named(&v.other, &v.same) {
		r.swapped = r.conflictOf(v, float64(v.other.overlap))
	}
	if v.claim.kind == versionFact && r.f[copied] < 0.6 || v.claim.kind > versionFact && r.f[copied] < 0.8 {
		return // another identifier is most often that of another thing
	}
	at, confidence := valueDiffers, float64(v.other.overlap)
	if v.same.mention != nil {
		at, confidence = valueElsewhere, float64(v.other.overlap-v.same.overlap)
		for i := range r.values { // both values stand on both sides: a swap only if their order differs
			w := &r.values[i]
			if w != v && w.same.piece == v.other.piece && w.same.mention == v.other.mention &&
				(v.same.piece != w.same.piece || (w.claim.start < v.claim.start) == (w.same.mention.start < v.same.mention.start)) {
				return
			}
		}
	}
	if r.f[copied] > 0 && v.other.piece == r.chosen[0].piece && (at == valueDiffers || confidence >= 0.2) {
		r.f[changedValue] = 1
	}
	if confidence <= r.f[at] {
		return
	}
	r.f[at] = confidence
	if confidence <= r.value.confidence {
		return
	}
	r.value = r.conflictOf(v, confidence)
}

// named reports whether f stands with all the claim's names that o stands with,
// and more, in another row or field: what the claim says of one thing is then the
// value of another. Sentences of the caller's own context are left alone: there, a
// pronoun often stands for the name.
func (r *reading) named(f, o *found) bool {
	record := func(p *piece) bool { return p.kind == rowPiece || p.kind == fieldPiece }
	return f.piece != o.piece && (record(f.piece) && record(o.piece) || r.retrieved(f.src) && r.retrieved(o.src) && f.overlap >= o.overlap+0.15) &&
		f.names&o.names == o.names && f.names != o.names
}

// retrieved reports whether a source was found by search, and so may be about
// something else than the claim.
func (r *reading) retrieved(src int) bool { return r.sources[src].ev.Origin == groundtruth.FromIndex }

// conflictOf is the disagreement about one value.
func (r *reading) conflictOf(v *valueMatch, confidence float64) conflict {
	return conflict{category: category(v.claim), confidence: confidence, claim: r.claim.Text[v.claim.start:v.claim.end],
		source: v.other.block.text[v.other.mention.start:v.other.mention.end], src: v.other.src, block: v.other.block, piece: v.other.piece}
}

// lookUp aligns one value with every comparable value of the evidence.
func (r *reading) lookUp(m *mention) valueMatch {
	v := valueMatch{claim: m}
	var buf [64]weighted
	subject := subjectOf(buf[:0], r.toks, m, r.context)
	var allNames uint64
	for i, s := range subject {
		if s.name && i < 64 {
			allNames |= 1 << i
		}
	}
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			for k := range b.pieces {
				p := &b.pieces[k]
				for j := p.men0; j < p.men1 && r.budget > 0; j++ {
					e := &b.mentions[j]
					r.budget--
					rel := relate(m, e)
					if rel == incomparable && !elliptic(m, e) {
						continue
					}
					r.budget -= len(subject) * int(p.tok1-p.tok0)
					f := found{src: i, block: b, piece: p, mention: e, overlap: alignment(subject, b.block, p, e), exact: rel == equal}
					f.names = namesIn(subject, b.block, p, e)
					f.foreign = f.names != allNames && r.retrieved(i) && r.hasOtherName(b.block, p)
					switch {
					case rel == incomparable:
						rel, f.overlap = compatible, f.overlap*0.9
						v.anySame = true
					case rel == different && m.key != e.key && m.dim == dimNone && m.kind == numberFact:
						f.overlap *= 0.7 // one side does not say what it counts
					}
					if rel == different {
						if !e.weak && f.overlap > v.other.overlap {
							v.other = f
						}
						continue
					}
					v.anySame = v.anySame || rel == equal
					if v.same.mention == nil || v.same.foreign && !f.foreign || v.same.foreign == f.foreign && f.overlap > v.same.overlap || f.overlap == v.same.overlap && f.exact && !v.same.exact {
						v.same = f
					}
				}
			}
		}
	}
	return v
}

// hasOtherName reports whether a piece of evidence speaks of something with a name
// that the claim does not have.
func (r *reading) hasOtherName(b *block, p *piece) bool {
	for k := p.tok0; k < p.tok1; k++ {
		t := &b.toks[k]
		if t.kind == wordToken && t.has(capital) && t.has(content) && !t.has(initial) && !t.is(monthName|weekdayName) && !containsStem(r.stems, t.stem) {
			return true
		}
	}
	return false
}

func category(m *mention) string {
	switch m.kind {
	case dateFact, weekdayFact:
		return "date"
	case timeFact:
		return "time"
	case versionFact:
		return "version"
	case idFact:
		return "identifier"
	case emailFact:
		return "email"
	case urlFact:
		return "url"
	case phoneFact:
		return "phone"
	case nameFact:
		return "name"
	}
	switch {
	case isDuration(m.dim):
		return "duration"
	case m.dim == dimPercent || m.dim == dimPoints:
		return "percent"
	case m.dim >= dimDollar:
		return "money"
	}
	return "number"
}

// matchNames counts the names of the claim that no evidence holds.
func (r *reading) matchNames() {
	for i := range r.mentions {
		m := &r.mentions[i]
		if m.kind != nameFact {
			continue
		}
		r.f[hasNames] = 1
		unknown := false
		for k := m.first; k < m.last; k++ {
			t := &r.toks[k]
			if t.kind == wordToken && t.has(content) && t.has(capital) && !r.known(t.stem) {
				unknown = true
			}
		}
		for k := m.last; int(k) < len(r.toks) && r.toks[k].kind == digitToken && r.toks[k].has(content); k++ { // "Kestrel 900"
			unknown = unknown || !r.known(r.toks[k].stem)
		}
		if unknown {
			r.f[newNames] = min(3, r.f[newNames]+1)
		}
	}
}

// known reports whether a stem of the claim occurs in the evidence.
func (r *reading) known(stem uint32) bool {
	for s, have := range r.stems {
		if have == stem {
			return r.anywhere>>s&1 == 1
		}
	}
	return true // beyond maxStems: not looked up
}

// polarity compares negations, opposites, hedges and generalities.
func (r *reading) polarity() {
	c := &r.chosen[0]
	toks := c.block.toks[c.piece.tok0:c.piece.tok1]
	shared, turned := 0, 0
	for i := range r.toks {
		a := &r.toks[i]
		if !a.has(content) {
			continue
		}
		hit, agree := false, false
		for k := range toks {
			if t := &toks[k]; t.stem == a.stem && t.has(content) {
				hit = true
				agree = agree || t.has(negated) == a.has(negated)
			}
		}
		if hit {
			shared++
			if !agree {
				turned++
			}
		}
	}
	if shared > 0 {
		r.f[negation] = float64(turned) / float64(shared)
		r.f[denied] = indicator(turned > 0 && r.f[missBest] <= 0.34)
	}
	if negates(toks) == negates(r.toks) { // two that negate differently are beyond exact comparison
		r.f[denied] = 0
	}
	var hedgedE, absoluteE, causalE, adviceE bool
	for i := range r.chosen {
		if i > 1 {
			break
		}
		c := &r.chosen[i]
		for k := c.piece.tok0; k < c.piece.tok1; k++ {
			cl := lexemes[c.block.toks[k].lex].class
			hedgedE = hedgedE || i == 0 && cl&hedge != 0
			absoluteE = absoluteE || cl&absolute != 0
			causalE = causalE || cl&causal != 0
			adviceE = adviceE || cl&advice != 0
		}
	}
	var hedgedC, absoluteC, causalC, adviceC bool
	for i := range r.toks {
		cl := lexemes[r.toks[i].lex].class
		hedgedC = hedgedC || cl&hedge != 0
		absoluteC = absoluteC || cl&absolute != 0
		causalC = causalC || cl&causal != 0
		adviceC = adviceC || cl&advice != 0
	}
	r.f[hedged] = indicator(hedgedE && !hedgedC)
	r.f[unlimited] = indicator(absoluteC && !absoluteE)
	r.f[givesReason] = indicator(causalC && !causalE)
	r.f[advises] = indicator(adviceC && !adviceE)
	r.opposites(toks)
}

// negates reports whether a stretch holds a negation.
func negates(toks []token) bool {
	for i := range toks {
		if toks[i].kind == wordToken && toks[i].is(negator) && !compound(toks, i) {
			return true
		}
	}
	return false
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// opposites looks for words of opposite meaning used of the same thing.
func (r *reading) opposites(toks []token) {
	for i := range r.toks {
		a := &lexemes[r.toks[i].lex]
		if a.axis == 0 || r.toks[i].kind != wordToken {
			continue
		}
		same, other := false, false
		for k := range toks {
			b := &lexemes[toks[k].lex]
			if toks[k].kind != wordToken || b.axis != a.axis {
				continue
			}
			if (b.sign == a.sign) == (toks[k].has(negated) == r.toks[i].has(negated)) {
				same = true
			} else {
				other = true
			}
		}
		if other && !same {
			r.f[opposite] = 1
		}
	}
}
