package guards

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"touchstone/groundtruth"
)

// Verifier compares claims with evidence by exact means: shared words, typed
// values and what they qualify, negations and opposites. It needs no model, is
// deterministic and safe for concurrent use.
type Verifier struct {
	cache *passageCache
}

// NewVerifier returns a Verifier with an empty cache of analysed passages.
func NewVerifier() *Verifier { return &Verifier{cache: newPassageCache()} }

// Assessment is what a Verifier says of one claim.
type Assessment struct {
	Verdict  Verdict
	Category string
	Score    float64                // probability that the claim is not supported
	Evidence []groundtruth.Evidence // one or two pieces, the deciding one first, each with its Quote
	Reason   string
	Features Features
	Settled  bool  // exact comparison decides the claim: no model is asked
	wordless bool  // it shares no word with any evidence
	Span     *Span // the part that is not supported, in bytes of the claim, where a model marks any; otherwise nil
}

// source is a passage offered as evidence, with its analysis.
type source struct {
	ev     *groundtruth.Evidence
	blocks []blockAt
}

// Limits of what one claim is compared with.
const (
	maxClaim      = 16 << 10 // bytes; a longer claim is not measured
	maxStems      = 64       // distinct words of a claim that are looked up
	maxChosen     = 4        // pieces of evidence that are read closely
	maxCompared   = 1 << 20  // steps of aligning values; a value beyond counts as missing
	maxFieldsRead = 64       // fields of records that the claim speaks of
)

// candidate is a piece of evidence chosen for a claim.
type candidate struct {
	src   int
	block blockAt
	piece *piece
	score float32
	mask  uint64 // which of the claim's stems it covers
}

// reading is one claim under comparison with its evidence. Its slices are reused.
type reading struct {
	claim    *Claim
	toks     []token
	mentions []mention
	context  []uint32 // stems of Claim.Context
	stems    []uint32 // distinct stems of the claim: words that count first, then numbers
	words    int      // how many of stems are words that count
	sources  []source
	budget   int    // steps left for aligning values
	anywhere uint64 // which stems occur in any piece of the evidence
	chosen   []candidate
	values   []valueMatch
	f        Features
	laid     edits    // against chosen[0]
	value    conflict // the surest of the values that differ
	swapped  conflict // a value that belongs to another row or field
	field    conflict // with a field that is true or false
}

// Verify compares one claim with the evidence offered for it. The order of the
// evidence does not matter.
func (v *Verifier) Verify(claim *Claim, evidence []groundtruth.Evidence) Assessment {
	sources := make([]source, len(evidence))
	s := scratches.Get().(*scratch)
	defer s.done()
	for i := range evidence {
		sources[i] = v.source(s, &evidence[i])
	}
	a, _ := v.verify(claim, sources)
	return a
}

// source is e with its analysis, which lasts until s is rewound or done.
func (v *Verifier) source(s *scratch, e *groundtruth.Evidence) source {
	return source{e, v.cache.blocks(s, e)}
}

// headOf is what stands above a passage and counts for its subject.
func headOf(e *groundtruth.Evidence) string {
	switch {
	case e.Title == "":
		return e.Heading
	case e.Heading == "":
		return e.Title
	}
	return e.Title + "\n" + e.Heading
}

// verify also returns what was read, nil where there was nothing to compare. It lasts
// as long as the sources.
func (v *Verifier) verify(claim *Claim, sources []source) (Assessment, *reading) {
	if len(claim.Text) > maxClaim {
		return Assessment{Verdict: NotMeasured, Score: 0.5, Reason: "The sentence is too long to be checked.", Settled: true}, nil
	}
	if text := fold(claim.Text); text != claim.Text {
		c := *claim
		c.Text = text
		claim = &c
	}
	// Ties go to the source that comes first by name, however the evidence came.
	slices.SortFunc(sources, func(a, b source) int {
		return cmp.Or(strings.Compare(a.ev.Source, b.ev.Source), cmp.Compare(a.ev.Passage, b.ev.Passage), cmp.Compare(a.ev.Start, b.ev.Start), strings.Compare(a.ev.Text, b.ev.Text))
	})
	r := &reading{claim: claim, sources: sources}
	r.read()
	if len(r.stems) == 0 {
		return Assessment{Verdict: NotClaim, Reason: "Nothing to check: no words that could be compared.", Settled: true}, nil
	}
	r.choose()
	if len(r.chosen) == 0 {
		a := Assessment{Verdict: NotCovered, Category: "coverage", Score: 0.95, Reason: "Nothing in the ground truth bears on this sentence.", Settled: true}
		if r.chooseFirst(); len(r.chosen) == 0 {
			return a, nil
		}
		a.Settled, a.wordless = false, true
		return a, r
	}
	r.measure()
	return r.conclude(), r
}

// read analyses the claim itself.
func (r *reading) read() {
	text := r.claim.Text
	r.toks = tokenize(make([]token, 0, len(text)/4+8), text, 0, len(text), false)
	markNegation(r.toks)
	r.mentions = extract(make([]mention, 0, 8), text, r.toks, 0, len(r.toks))
	r.context = stemsOf(r.claim.Context)
	r.stems = make([]uint32, 0, 32)
	for pass := range 2 { // words first, then numbers
		for i := range r.toks {
			t := &r.toks[i]
			if t.has(content) != (pass == 0) || pass == 1 && t.kind != digitToken && !(t.kind == wordToken && t.is(cardinal)) || len(r.stems) == maxStems {
				continue
			}
			if !containsStem(r.stems, t.stem) {
				r.stems = append(r.stems, t.stem)
			}
		}
		if pass == 0 {
			r.words = len(r.stems)
		}
	}
}

func containsStem(stems []uint32, s uint32) bool {
	for _, have := range stems {
		if have == s {
			return true
		}
	}
	return false
}

// choose picks the pieces of evidence that share most with the claim, rare
// words counting more: the best one, then those that add most to it.
func (r *reading) choose() {
	pieces, blocks := 0, 0
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			blocks++
			pieces += len(b.pieces)
		}
	}
	if pieces == 0 {
		return
	}
	masks := make([]uint64, blocks*len(r.stems)) // of each block and stem: the pieces that hold it
	heads := make([]uint64, blocks)              // of each block: the stems that its title holds
	var df [maxStems]int
	n := 0
	set := newStemSet(r.stems)
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			b.locate(set, masks[n*len(r.stems):][:len(r.stems)])
			for s, stem := range r.stems {
				m := masks[n*len(r.stems)+s]
				df[s] += bits.OnesCount64(m)
				if m != 0 {
					r.anywhere |= 1 << s
				}
				if containsStem(b.head, stem) {
					heads[n] |= 1 << s
				}
			}
			n++
		}
	}
	var weight [maxStems]float32
	for s := range r.stems {
		weight[s] = float32(math.Log(1 + float64(pieces)/(float64(df[s])+0.5)))
	}
	var covered uint64
	for len(r.chosen) < maxChosen {
		best := candidate{}
		n = 0
		for i := range r.sources {
			for bi := range r.sources[i].blocks {
				b := r.sources[i].blocks[bi]
				var scores [maxPieces]float32
				var have [maxPieces]uint64
				for s := range r.stems {
					w := weight[s]
					if covered>>s&1 == 1 {
						w *= 0.1
					}
					for m := masks[n*len(r.stems)+s]; m != 0; m &= m - 1 {
						k := bits.TrailingZeros64(m)
						scores[k] += w
						have[k] |= 1 << s
					}
				}
				for k := range b.pieces {
					p := &b.pieces[k]
					if scores[k] == 0 || p.kind == headPiece || r.isChosen(i, p) {
						continue
					}
					c := candidate{i, b, p, scores[k], have[k] | heads[n]}
					if r.better(&c, &best) {
						best = c
					}
				}
				n++
			}
		}
		if best.piece == nil || len(r.chosen) > 0 && best.mask&^covered == 0 {
			break
		}
		covered |= best.mask
		r.chosen = append(r.chosen, best)
	}
	for n := range heads {
		r.anywhere |= heads[n]
	}
}

// better orders candidates by score, then by what they say, so that the order
// in which evidence came cannot change a verdict.
func (r *reading) better(a, b *candidate) bool {
	if b.piece == nil || a.score != b.score {
		return b.piece == nil || a.score > b.score
	}
	if la, lb := a.piece.end-a.piece.start, b.piece.end-b.piece.start; la != lb {
		return la < lb // the same words in less text
	}
	ta, tb := a.block.text[a.piece.start:a.piece.end], b.block.text[b.piece.start:b.piece.end]
	if ta != tb {
		return ta < tb
	}
	ea, eb := r.sources[a.src].ev, r.sources[b.src].ev
	if ea.Source != eb.Source {
		return ea.Source < eb.Source
	}
	return ea.Passage < eb.Passage
}

// chooseFirst picks where the best retrieved source begins, for a claim that shares no
// word with any evidence: all that is left to a model that reads meaning.
func (r *reading) chooseFirst() {
	best := -1
	for i := range r.sources {
		if best < 0 || r.sources[i].ev.Score > r.sources[best].ev.Score {
			best = i
		}
	}
	if best < 0 {
		return
	}
	for _, b := range r.sources[best].blocks {
		for k := range b.pieces {
			if p := &b.pieces[k]; p.kind == prosePiece || p.kind == fieldPiece {
				r.chosen = append(r.chosen, candidate{src: best, block: b, piece: p})
				if len(r.chosen) == maxChosen {
					return
				}
			}
		}
	}
}

func (r *reading) isChosen(src int, p *piece) bool {
	for i := range r.chosen {
		if r.chosen[i].src == src && r.chosen[i].piece == p {
			return true
		}
	}
	return false
}
