package guards

import (
	"math"
	"math/bits"
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
	copiedChanged         // a near-copy with replaced words, at most 3
	copiedAdded           // a near-copy with words put in, at most 3
	changedValue          // a near-copy with another number or name in the same place
	fromField             // the best piece is a field of a record or a row of a table
	emptyField            // the claim speaks of a field that has no value
	falseField            // the claim affirms a field that is false, or denies one that is true
	featureCount
)

// FeatureNames names the features, for the fitting script.
var FeatureNames = [featureCount]string{
	"missAll", "missBest", "missTwo", "bigrams", "newWords", "newNames", "hasNames", "valueMissing", "valueDiffers", "valueElsewhere", "valueMatched",
	"negation", "denied", "opposite", "hedged", "unlimited", "givesReason", "advises", "length", "outOfOrder", "copied", "copiedChanged",
	"copiedAdded", "changedValue", "fromField", "emptyField", "falseField",
}

// valueMatch is what the evidence says of one typed value of the claim.
type valueMatch struct {
	claim         *mention
	same, other   found // the best aligned equal and different value
	anySame, seen bool  // an equal value stands somewhere; a comparable one does
}

// found is a value of the evidence.
type found struct {
	src     int
	block   blockAt
	piece   *piece
	mention *mention
	overlap float32
	exact   bool // equal, not only compatible
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
	explanation string // a whole sentence, where the two values alone do not tell it
}

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
			r.f[copiedChanged] = float64(min(r.laid.replaced, 3))
			r.f[copiedAdded] = float64(min(r.laid.added, 3))
			if r.laid.values+r.laid.names > 0 {
				r.f[changedValue] = 1
			}
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
	matched, counted, absent := 0.0, 0, 0
	for i := range r.mentions {
		m := &r.mentions[i]
		if m.kind == nameFact {
			continue
		}
		v := r.lookUp(m)
		r.values = append(r.values, v)
		if m.weak {
			continue
		}
		counted++
		switch {
		case v.same.mention != nil && v.same.overlap+0.25 >= v.other.overlap:
			matched++
		case v.anySame:
			matched += 0.5
		case v.other.mention == nil || v.other.overlap < 0.4:
			absent++
		}
		if v.other.mention == nil || v.same.mention != nil && v.same.overlap >= v.other.overlap {
			continue
		}
		at, confidence := valueDiffers, float64(v.other.overlap)
		if v.same.mention != nil {
			at, confidence = valueElsewhere, float64(v.other.overlap-v.same.overlap)
		}
		if confidence > r.f[at] {
			r.f[at] = confidence
			r.note(conflict{category: category(m), confidence: confidence, claim: r.claim.Text[m.start:m.end],
				source: v.other.block.text[v.other.mention.start:v.other.mention.end], src: v.other.src, block: v.other.block, piece: v.other.piece})
		}
	}
	r.f[valueMissing] = float64(min(absent, 3))
	if counted > 0 {
		r.f[valueMatched] = matched / float64(counted)
	}
}

// lookUp aligns one value with every comparable value of the evidence.
func (r *reading) lookUp(m *mention) valueMatch {
	v := valueMatch{claim: m}
	var buf [64]weighted
	subject := subjectOf(buf[:0], r.toks, m, r.context)
	related := 0
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			for k := range b.pieces {
				p := &b.pieces[k]
				for j := p.men0; j < p.men1 && related < maxRelated; j++ {
					e := &b.mentions[j]
					rel := relate(m, e)
					if rel == incomparable {
						continue
					}
					related++
					v.seen = true
					f := found{i, b, p, e, alignment(subject, b.block, p, e), rel == equal}
					if rel == different {
						if !e.weak && f.overlap > v.other.overlap {
							v.other = f
						}
						continue
					}
					v.anySame = v.anySame || rel == equal
					if v.same.mention == nil || f.overlap > v.same.overlap || f.overlap == v.same.overlap && f.exact && !v.same.exact {
						v.same = f
					}
				}
			}
		}
	}
	return v
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

// note keeps the conflict if it is surer than the one before.
func (r *reading) note(c conflict) {
	if r.conflict.piece == nil || c.confidence > r.conflict.confidence {
		r.conflict = c
	}
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
		same, other, at := false, false, 0
		for k := range toks {
			b := &lexemes[toks[k].lex]
			if toks[k].kind != wordToken || b.axis != a.axis {
				continue
			}
			if (b.sign == a.sign) == (toks[k].has(negated) == r.toks[i].has(negated)) {
				same = true
			} else {
				other, at = true, k
			}
		}
		if other && !same {
			r.f[opposite] = 1
			c := &r.chosen[0]
			r.note(conflict{category: "opposite", confidence: 0.5 * (1 - r.f[missBest]), claim: r.toks[i].text(r.claim.Text),
				source: toks[at].text(c.block.text), src: c.src, block: c.block, piece: c.piece})
		}
	}
}

// records compares the claim with fields that are empty, true or false.
func (r *reading) records() {
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			for k := range b.pieces {
				p := &b.pieces[k]
				if p.kind != fieldPiece || p.keyLen == 0 || int(p.keyLen) > len(p.subject) {
					continue
				}
				value := b.text[p.value:p.end]
				if !p.null && value != "true" && value != "false" {
					continue
				}
				at, ok := r.speaksOf(p)
				if !ok {
					continue
				}
				denied := r.toks[at].has(negated)
				switch {
				case p.null && !denied:
					r.f[emptyField] = 1
				case !p.null && (value == "true") == denied:
					r.f[falseField] = 1
					r.note(conflict{category: "negation", confidence: 0.7, src: i, block: b, piece: p,
						claim: r.toks[at].text(r.claim.Text), source: value, explanation: "field"})
				}
			}
		}
	}
}

// speaksOf reports whether the claim names a field by its whole key, and by more
// than one word, and where.
func (r *reading) speaksOf(p *piece) (at int, ok bool) {
	own := p.subject[len(p.subject)-int(p.keyLen):]
	matched := 0
	for _, s := range own {
		found := false
		for i := range r.toks {
			if r.toks[i].stem == s && r.toks[i].kind == wordToken {
				found, at = true, i
				break
			}
		}
		if !found {
			return 0, false
		}
		matched++
	}
	if matched == 1 {
		parents := p.subject[:len(p.subject)-1]
		if len(parents) == 0 {
			return 0, false
		}
		last := parents[len(parents)-1]
		for i := range r.toks {
			if r.toks[i].stem == last {
				return at, true
			}
		}
		return 0, false
	}
	return at, true
}
