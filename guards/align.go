package guards

// weighted is a content stem of a claim and how closely it belongs to a value.
type weighted struct {
	stem   uint32
	weight float32
	name   bool // part of a name
}

// breaksClause reports whether token t ends the reach of what stands before it.
func breaksClause(t *token) bool {
	return t.kind == symbolToken && (t.char == ',' || t.char == ';' || t.char == ':' || t.char == '|' || t.char == '(' || t.char == '.' || t.char == '!' || t.char == '?') || t.kind == wordToken && t.is(clauseBreak)
}

// subjectOf lists the content words of a claim that a mention qualifies: the
// nearer, the heavier; across a clause boundary they count less.
func subjectOf(dst []weighted, toks []token, m *mention, context []uint32) []weighted {
	weight, factor := float32(1), float32(1)
	for i := int(m.last); i < len(toks) && len(dst) < 24; i++ {
		t := &toks[i]
		if breaksClause(t) {
			factor *= 0.4
		}
		if t.has(content) {
			dst = append(dst, weighted{t.stem, named(t) * factor * weight / (1 + float32(i-int(m.last))/5), named(t) > 1})
		}
	}
	factor = 1
	for i := int(m.first) - 1; i >= 0 && len(dst) < 48; i-- {
		t := &toks[i]
		if breaksClause(t) {
			factor *= 0.4
		}
		if t.has(content) {
			dst = append(dst, weighted{t.stem, named(t) * factor * weight / (1 + float32(int(m.first)-1-i)/5), named(t) > 1})
		}
	}
	for _, s := range context {
		dst = append(dst, weighted{stem: s, weight: 0.3})
	}
	return dst
}

// named is how much more a word counts for the subject when it is part of a
// name: "Kestrel" and "500" in "the Kestrel 500" tell things apart, "model" does not.
func named(t *token) float32 {
	if t.kind == digitToken || t.has(capital) && !t.has(initial) {
		return 2
	}
	return 1
}

// alignment is the share of a claim value's subject that a value of the
// evidence qualifies too, 0 to 1.
func alignment(subject []weighted, b *block, p *piece, m *mention) float32 {
	var total, found float32
	for _, s := range subject {
		total += s.weight
		if best := nearness(s.stem, b, p, m); best > 0 {
			found += s.weight * best
		}
	}
	if total == 0 {
		return 0
	}
	return found / total
}

// namesIn tells which of the names of a subject the piece around m holds.
func namesIn(subject []weighted, b *block, p *piece, m *mention) uint64 {
	var have uint64
	for i, s := range subject {
		if s.name && i < 64 && nearness(s.stem, b, p, m) >= 0.4 {
			have |= 1 << i
		}
	}
	return have
}

// nearness is how closely a stem belongs to mention m of piece p, 0 to 1.
func nearness(stem uint32, b *block, p *piece, m *mention) float32 {
	best := float32(0)
	for _, s := range p.subject {
		if s == stem {
			best = 0.9
		}
	}
	if p.cells != nil {
		for i, c := range p.cells {
			own := m.first >= c.tok0 && m.first < c.tok1
			if own {
				for _, s := range c.header {
					if s == stem {
						return 1
					}
				}
			}
			for k := c.tok0; k < c.tok1; k++ {
				if b.toks[k].stem == stem {
					if own || i == 0 {
						return 1
					}
					best = max(best, 0.5)
				}
			}
		}
	} else {
		for k := p.tok0; k < p.tok1; k++ {
			if b.toks[k].stem != stem || k >= m.first && k < m.last {
				continue
			}
			d := m.first - k
			if k >= m.last {
				d = k - m.last + 1
			}
			w := 1 / (1 + float32(max(0, d-4))/8)
			lo, hi := k, m.first
			if k >= m.last {
				lo, hi = m.last, k
			}
			for j := lo; j < hi; j++ {
				if breaksClause(&b.toks[j]) {
					w *= 0.7
				}
			}
			if claimedByAnother(b, p, m, k, d) {
				w *= 0.4
			}
			best = max(best, w)
		}
	}
	if best == 0 {
		for _, s := range b.head {
			if s == stem {
				return 0.4
			}
		}
	}
	return best
}

// claimedByAnother reports whether another value of the same kind stands nearer
// to token k than m does, d tokens away: "Silver 45 days, Gold 60 days".
func claimedByAnother(b *block, p *piece, m *mention, k, d int32) bool {
	for i := p.men0; i < p.men1; i++ {
		o := &b.mentions[i]
		if o == m || o.kind != m.kind || o.dim != m.dim || o.value == m.value && o.key == m.key {
			continue
		}
		od := o.first - k
		if k >= o.last {
			od = k - o.last + 1
		}
		if od < d {
			return true
		}
	}
	return false
}

// maxAligned bounds the words of each side that are laid side by side.
const maxAligned = 48

// edits is what separates a claim from the piece of evidence most like it, both
// read as their content words, numbers and names in order.
type edits struct {
	words    int // of the claim
	shared   int // in both, in any order
	inOrder  int // in both, in the same order
	replaced int // stretches of one to three words that stand for others between the same neighbours
	added    int // stretches that stand between neighbours which are adjacent in the evidence
	opposite int // replacements by a word of opposite meaning
	names    int // replacements of a name by a name
	// The last telling replacement, as token indices of claim and evidence.
	claimAt, pieceAt int
}

// spelt lists the tokens that take part in the comparison.
func spelt(dst []int32, toks []token, from, to int32) []int32 {
	for i := from; i < to && len(dst) < maxAligned; i++ {
		t := &toks[i]
		if t.has(content) || t.kind == digitToken || t.kind == wordToken && t.is(cardinal|scaleWord) || t.kind == wordToken && lexemes[t.lex].axis != 0 {
			dst = append(dst, i)
		}
	}
	return dst
}

// lay aligns a claim with a piece of evidence by their longest common
// subsequence.
func lay(claim []token, b *block, p *piece) edits {
	var ca, pa [maxAligned]int32
	cs, ps := spelt(ca[:0], claim, 0, int32(len(claim))), spelt(pa[:0], b.toks, p.tok0, p.tok1)
	e := edits{words: len(cs)}
	var used [maxAligned]bool
	for _, i := range cs {
		for k, j := range ps {
			if !used[k] && claim[i].stem == b.toks[j].stem {
				used[k] = true
				e.shared++
				break
			}
		}
	}
	var table [maxAligned + 1][maxAligned + 1]uint8
	for i := len(cs) - 1; i >= 0; i-- {
		stem := claim[cs[i]].stem
		for j := len(ps) - 1; j >= 0; j-- {
			if b.toks[ps[j]].stem == stem {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	e.inOrder = int(table[0][0])
	lastI, lastJ := -1, -1
	for i, j := 0, 0; i <= len(cs) && j <= len(ps); {
		atEnd := i == len(cs) || j == len(ps)
		if atEnd || claim[cs[i]].stem == b.toks[ps[j]].stem && table[i][j] == table[i+1][j+1]+1 {
			if atEnd {
				i, j = len(cs), len(ps)
			}
			e.gap(claim, b.toks, cs[lastI+1:i], ps[lastJ+1:j], lastI >= 0 || !atEnd, atEnd)
			if atEnd {
				break
			}
			lastI, lastJ = i, j
			i, j = i+1, j+1
		} else if table[i+1][j] >= table[i][j+1] {
			i++
		} else {
			j++
		}
	}
	return e
}

// gap classifies what stands between two words that both sides share.
func (e *edits) gap(claim, piece []token, c, p []int32, anchored, tail bool) {
	if len(c) == 0 || !anchored {
		return
	}
	if len(p) == 0 {
		if !tail {
			e.added++
		}
		return
	}
	if len(c) > 3 || len(p) > 3 && !tail {
		return
	}
	e.replaced++
	for _, i := range c {
		a := &claim[i]
		for _, j := range p {
			o := &piece[j]
			la, lo := &lexemes[a.lex], &lexemes[o.lex]
			switch {
			case la.axis != 0 && la.axis == lo.axis && la.sign != lo.sign && a.has(negated) == o.has(negated):
				e.opposite++
			case a.has(capital) && o.has(capital) && !a.has(initial) && !o.has(initial) && a.has(content) && o.has(content):
				e.names++
			default:
				continue
			}
			e.claimAt, e.pieceAt = int(i), int(j)
			return
		}
	}
}
