package guards

import (
	"math"
	"slices"
	"strings"

	"touchstone/groundtruth"
)

// notCoveredFrom is the score from which a claim that nothing contradicts is not
// covered. The fit puts the best cut there.
const notCoveredFrom = 0.5

// score is the calibrated probability that the claim is not supported.
func (f *Features) score() float64 {
	z := weightBias
	for i, w := range weights {
		z += w * f[i]
	}
	return 1 / (1 + math.Exp(-z))
}

// conclude turns what was measured into a verdict.
func (r *reading) conclude() Assessment {
	a := Assessment{Features: r.f, Score: r.f.score()}
	c := r.contradiction()
	switch {
	case c != nil:
		a.Verdict, a.Category, a.Settled = Contradicted, c.category, c.exact
		a.Score = max(a.Score, 0.5+0.5*min(1, c.confidence))
		a.Evidence = append(a.Evidence, r.quote(c.src, c.block, c.piece))
		a.Reason = r.reasonConflict(c)
	case a.Score >= notCoveredFrom || r.f[emptyField] == 1 || r.newContact() != nil || r.f[valueMissing] > 0 || r.f[newNames] > 0 || r.f[denied] == 1:
		a.Verdict, a.Score = NotCovered, max(a.Score, notCoveredFrom)
		a.Category, a.Reason = r.reasonMissing()
		a.Settled = r.f[emptyField] == 1 || r.newContact() != nil
	default:
		a.Verdict, a.Settled = Supported, r.quoted()
		a.Category, a.Reason = r.reasonSupported()
	}
	for i := 0; i < len(r.chosen) && i < 2 && len(a.Evidence) < 2; i++ {
		ch := &r.chosen[i]
		if c != nil && ch.piece == c.piece {
			continue
		}
		a.Evidence = append(a.Evidence, r.quote(ch.src, ch.block, ch.piece))
	}
	return a
}

// contradiction returns the conflict that decides the claim, nil if none does.
// Each rule needs a concrete disagreement and a claim whose other words the
// evidence holds; the bounds were set on training data for precision. Those that
// hold whatever a model says of the rest are exact.
func (r *reading) contradiction() *conflict {
	f := &r.f
	best := &r.chosen[0]
	at := conflict{confidence: 0.6, src: best.src, block: best.block, piece: best.piece}
	switch {
	case r.value.piece != nil && (f[changedValue] == 1 || f[valueDiffers] >= 0.5 && f[missTwo] <= 0.34 || f[valueElsewhere] >= 0.4 && f[missBest] <= 0.3):
		r.value.exact = f[changedValue] == 1
		return &r.value
	case r.swapped.piece != nil && f[missTwo] <= 0.5:
		r.swapped.exact = true
		return &r.swapped
	case f[changedName] == 1:
		at.category, at.exact = "name", true
	case f[denied] == 1 && (f[copied] >= 0.8 || f[opposite] == 1 && f[missBest] == 0):
		at.category, at.explanation = "negation", explainNegation
		return &at
	case r.laid.opposite > 0 && f[copied] >= 0.7:
		at.category = "opposite"
	case f[falseField] == 1 && f[missTwo] <= 0.5:
		r.field.exact = true
		return &r.field
	default:
		return nil
	}
	at.claim = r.toks[r.laid.claimAt].text(r.claim.Text)
	at.source = best.block.toks[r.laid.pieceAt].text(best.block.text)
	return &at
}

// quoted reports whether the claim is one whole sentence or row of the evidence, word
// for word: less than the whole may lack a condition. Of several conditions of which each
// is enough, the first may be left out: what ends "when A or when B" ends when B.
func (r *reading) quoted() bool {
	best := &r.chosen[0]
	if r.claim.Context != "" || best.piece.kind == headPiece {
		return false
	}
	claim := spoken(r.toks, r.claim.Text)
	piece := spoken(best.block.toks[best.piece.tok0:best.piece.tok1], best.block.text)
	same := 0
	for same < len(claim) && same < len(piece) && strings.EqualFold(claim[same], piece[same]) {
		same++
	}
	if same == len(claim) {
		return same == len(piece)
	}
	if same == 0 || !slices.Contains(enough, strings.ToLower(claim[same-1])) {
		return false
	}
	left := len(claim) - same // what follows the condition word is the end of both
	from := len(piece) - left
	return from-2 >= same && strings.EqualFold(piece[from-2], "or") && strings.EqualFold(piece[from-1], claim[same-1]) &&
		slices.EqualFunc(piece[from:], claim[same:], strings.EqualFold)
}

// enough begin a condition; of several joined by "or" each is enough.
var enough = []string{"when", "whenever", "if", "where", "once"}

// spoken are the tokens of a text without its marks.
func spoken(toks []token, text string) []string {
	out := make([]string, 0, len(toks))
	for i := range toks {
		if toks[i].kind != symbolToken {
			out = append(out, toks[i].text(text))
		}
	}
	return out
}

// maxQuote bounds a quotation, in bytes.
const maxQuote = 400

// quote returns the evidence with its deciding part.
func (r *reading) quote(src int, b blockAt, p *piece) groundtruth.Evidence {
	e := *r.sources[src].ev
	q := b.text[p.start:p.end]
	if len(q) > maxQuote {
		q = strings.ToValidUTF8(q[:maxQuote], "")
	}
	e.Quote = q
	e.Start += b.offset + int(p.start)
	return e
}

// titleOf is how a source is called in a reason.
func titleOf(e *groundtruth.Evidence) string {
	switch {
	case e.Title != "":
		return `"` + shorten(e.Title, 60) + `"`
	case e.Origin == groundtruth.FromCaller:
		return "the context sent with the request"
	case e.Heading != "":
		return `"` + shorten(e.Heading, 60) + `"`
	}
	return `"` + shorten(e.Source, 60) + `"`
}

// shorten shortens s to at most n bytes, at a character boundary, and to one line.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "..."
}

func upperFirst(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-0x20) + s[1:]
	}
	return s
}

func (r *reading) reasonConflict(c *conflict) string {
	title := titleOf(r.sources[c.src].ev)
	switch c.explanation {
	case explainNegation:
		return upperFirst(title) + " says the opposite: one of the two has a \"not\" that the other lacks."
	case explainField:
		return "The answer speaks of " + shorten(c.claim, 60) + "; " + title + " has " + c.source + " there."
	}
	return "The answer says " + shorten(c.claim, 60) + "; " + title + " says " + shorten(c.source, 60) + "."
}

// reasonMissing names what the evidence lacks: a value, a name or words.
func (r *reading) reasonMissing() (cat, reason string) {
	if r.f[emptyField] == 1 {
		return "coverage", upperFirst(titleOf(r.sources[r.chosen[0].src].ev)) + " leaves empty what the answer asserts."
	}
	if v := r.newContact(); v != nil {
		return category(v.claim), "Nothing in the ground truth gives " + shorten(r.claim.Text[v.claim.start:v.claim.end], 60) + "."
	}
	for i := range r.values {
		v := &r.values[i]
		if !v.claim.weak && !v.derived && !v.anySame && v.same.mention == nil {
			return category(v.claim), "Nothing in the ground truth gives " + shorten(r.claim.Text[v.claim.start:v.claim.end], 60) + " for this."
		}
	}
	if phrase := r.unknownPhrase(); phrase != "" {
		return "coverage", "Nothing in the ground truth mentions " + shorten(phrase, 60) + "."
	}
	return "coverage", "No passage says this; the nearest is in " + titleOf(r.sources[r.chosen[0].src].ev) + "."
}

// newContact returns an address or telephone number that no evidence holds, nil
// if there is none: however well the words around it are covered, it is new.
func (r *reading) newContact() *valueMatch {
	for i := range r.values {
		v := &r.values[i]
		switch v.claim.kind {
		case emailFact, urlFact, phoneFact, versionFact, idFact:
			if v.same.mention == nil {
				return v
			}
		}
	}
	return nil
}

// unknownPhrase is the longest run of the claim's words that no evidence holds.
func (r *reading) unknownPhrase() string {
	var best string
	for i := 0; i < len(r.toks); i++ {
		if !r.toks[i].has(content) || r.known(r.toks[i].stem) {
			continue
		}
		first, last := i, i
		if r.toks[i].kind == digitToken { // the number of a name: "DOT 5.1"
			first = max(0, i-1)
			for last+1 < len(r.toks) && r.toks[last+1].has(glued) && (r.toks[last+1].kind == digitToken || last+2 < len(r.toks) && r.toks[last+2].has(glued) && r.toks[last+2].kind == digitToken) {
				last++
			}
		}
		for j := last + 1; j < len(r.toks) && r.toks[j].kind == wordToken; j++ {
			if r.toks[j].has(content) {
				if r.known(r.toks[j].stem) {
					break
				}
				last = j
			}
		}
		if s := r.claim.Text[r.toks[first].start:r.toks[last].end()]; len(s) > len(best) {
			best = s
		}
		i = last
	}
	if best == "" {
		return ""
	}
	return `"` + shorten(best, 56) + `"`
}

func (r *reading) reasonSupported() (cat, reason string) {
	title := upperFirst(titleOf(r.sources[r.chosen[0].src].ev))
	for i := range r.values {
		if v := &r.values[i]; v.same.mention != nil && v.same.exact && !v.claim.weak {
			return category(v.claim), upperFirst(titleOf(r.sources[v.same.src].ev)) + " gives the same " + shorten(v.same.block.text[v.same.mention.start:v.same.mention.end], 60) + "."
		}
	}
	return "coverage", title + " says this."
}
