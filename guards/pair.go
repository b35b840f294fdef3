package guards

import (
	"strings"

	"touchstone/groundtruth"
)

// Pair returns the two texts that a pair classifier compares: the pieces of
// evidence that read closest to the claim, best first, and the claim behind what it
// leans on. premise is "" where no evidence shares a word with the claim.
func (v *Verifier) Pair(claim *Claim, evidence []groundtruth.Evidence) (premise, hypothesis string) {
	hypothesis = claim.Text
	if claim.Context != "" {
		hypothesis = claim.Context + ": " + claim.Text
	}
	if len(claim.Text) > maxClaim {
		return "", hypothesis
	}
	r := reading{claim: claim, sources: make([]source, len(evidence))}
	s := scratches.Get().(*scratch)
	defer s.done()
	for i := range evidence {
		r.sources[i] = v.source(s, &evidence[i])
	}
	r.read()
	if len(r.stems) > 0 {
		r.choose()
	}
	return r.premise(), hypothesis
}

// Sizes of a premise, in bytes: below enoughPremise it takes neighbours of the
// chosen pieces too, which often say what a pronoun or a reworded claim is about.
const (
	enoughPremise = 360
	maxPremise    = 1000
)

// premise joins the chosen pieces and some neighbours, each passage's title once.
func (r *reading) premise() string {
	var b strings.Builder
	head := ""
	add := func(c *candidate) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if h := headOf(r.sources[c.src].ev); h != head {
			head = h
			b.WriteString(strings.ReplaceAll(h, "\n", ": "))
			b.WriteString(".\n")
		}
		b.WriteString(clip(c.text(), maxQuote*2))
	}
	shown := r.chosen
	for i := range r.chosen {
		if b.Len() < maxPremise {
			add(&r.chosen[i])
		}
	}
	for i := range r.chosen {
		c := r.chosen[i]
		for _, p := range c.block.besides(c.piece) {
			if b.Len() >= enoughPremise {
				return b.String()
			}
			if !holds(shown, c.src, p) {
				n := candidate{src: c.src, block: c.block, piece: p}
				shown = append(shown[:len(shown):len(shown)], n)
				add(&n)
			}
		}
	}
	return b.String()
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
