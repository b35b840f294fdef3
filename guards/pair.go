package guards

import (
	"math/bits"
	"strings"

	"touchstone/groundtruth"
)

// Compare is Verify that also returns what an Entailer is asked about the claim: the
// pieces of evidence that read closest to it, best first, and the claim behind what it
// leans on. Evidence is "" where there is none. Where nothing shares a word with the
// claim it is the beginning of the first source.
func (v *Verifier) Compare(claim *Claim, evidence []groundtruth.Evidence) (Assessment, Pair) {
	sources := make([]source, len(evidence))
	s := scratches.Get().(*scratch)
	defer s.done()
	for i := range evidence {
		sources[i] = v.source(s, &evidence[i])
	}
	a, r := v.verify(claim, sources)
	if r == nil {
		return a, Pair{Claim: hypothesis(claim)}
	}
	return a, Pair{r.premise().text, hypothesis(claim)}
}

// hypothesis is the claim behind what it leans on.
func hypothesis(claim *Claim) string {
	if claim.Context == "" {
		return claim.Text
	}
	return claim.Context + ": " + claim.Text
}

// Sizes of a premise, in bytes: below enoughPremise it takes neighbours of the
// chosen pieces too, which often say what a pronoun or a reworded claim is about.
const (
	enoughPremise = 360
	maxPremise    = 1000
)

// premise is the evidence that an Entailer is shown, and its pieces.
type premise struct {
	text   string
	pieces []shown
}

// shown is one piece of a premise: what stands there alone, and where it comes from.
type shown struct {
	text  string
	quote groundtruth.Evidence
}

// premise joins the chosen pieces and some neighbours, each passage's title once.
func (r *reading) premise() premise {
	var b strings.Builder
	var out premise
	head := ""
	add := func(c *candidate) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		h, text := headOf(r.sources[c.src].ev), clip(c.text(), maxQuote*2)
		above := ""
		if h != "" {
			above = strings.ReplaceAll(h, "\n", ": ") + ".\n"
		}
		if h != head {
			head = h
			b.WriteString(above)
		}
		b.WriteString(text)
		out.pieces = append(out.pieces, shown{above + text, r.quote(c.src, c.block, c.piece)})
	}
	chosen := r.ofOneMind()
	taken := chosen
	for i := range chosen {
		if b.Len() < maxPremise {
			add(&chosen[i])
		}
	}
neighbours:
	for i := range chosen {
		c := chosen[i]
		for _, p := range c.block.besides(c.piece) {
			if b.Len() >= enoughPremise {
				break neighbours
			}
			if !holds(taken, c.src, p) {
				n := candidate{src: c.src, block: c.block, piece: p}
				taken = append(taken[:len(taken):len(taken)], n)
				add(&n)
			}
		}
	}
	out.text = b.String()
	return out
}

// ofOneMind are the chosen pieces without those of other documents that hold less than half
// of the claim by themselves: such a piece was chosen for the words that the best one lacks,
// and together they would say what neither does.
func (r *reading) ofOneMind() []candidate {
	best := &r.chosen[0]
	out := r.chosen[:1:1]
	for i := 1; i < len(r.chosen); i++ {
		c := &r.chosen[i]
		if r.sources[c.src].ev.Source == r.sources[best.src].ev.Source || 2*bits.OnesCount64(c.mask) >= len(r.stems) {
			out = append(out, *c)
		}
	}
	return out
}

// besides are the pieces of prose and the fields next to a piece: the one behind it,
// then the one before it.
func (b *block) besides(p *piece) []*piece {
	var out []*piece
	for i := range b.pieces {
		if &b.pieces[i] != p {
			continue
		}
		for _, k := range [2]int{i + 1, i - 1} {
			if k >= 0 && k < len(b.pieces) && (b.pieces[k].kind == prosePiece || b.pieces[k].kind == fieldPiece) {
				out = append(out, &b.pieces[k])
			}
		}
	}
	return out
}

func holds(shown []candidate, src int, p *piece) bool {
	for i := range shown {
		if shown[i].src == src && shown[i].piece == p {
			return true
		}
	}
	return false
}

// text is the candidate as prose: "header: cell; header: cell" for a table row whose header is known.
func (c *candidate) text() string {
	plain := c.block.text[c.piece.start:c.piece.end]
	if c.piece.kind != rowPiece {
		return plain
	}
	header := c.block.headerOf(c.piece)
	if header == nil {
		return plain
	}
	names := cellsOf(c.block.text[header.start:header.end])
	cells := cellsOf(plain)
	for i := range cells {
		if i < len(names) && names[i] != "" {
			cells[i] = names[i] + ": " + cells[i]
		}
	}
	return strings.Join(cells, "; ")
}

// headerOf is the header row above a table row, nil if the block lacks it.
func (b *block) headerOf(row *piece) *piece {
	var header *piece
	for i := range b.pieces {
		p := &b.pieces[i]
		if p.start >= row.start {
			break
		}
		switch {
		case p.kind == headPiece && len(p.cells) > 0:
			header = p
		case p.kind != rowPiece:
			header = nil
		}
	}
	return header
}

func cellsOf(row string) []string {
	row = strings.TrimSpace(row)
	row = strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|")
	cells := strings.Split(row, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}
