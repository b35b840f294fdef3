package guards

import "slices"

// records compares the claim with fields that are empty, true or false.
func (r *reading) records() {
	fields := 0
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			for k := range b.pieces {
				p := &b.pieces[k]
				if p.kind != fieldPiece || p.keyLen == 0 || int(p.keyLen) > len(p.subject) {
					continue
				}
				value := b.text[p.value:p.end]
				if fields == maxFieldsRead || !containsStem(r.stems, p.subject[len(p.subject)-1]) {
					continue
				}
				if !p.null && value != "true" && value != "false" {
					continue
				}
				at, ok := r.speaksOf(p)
				if !ok {
					continue
				}
				fields++
				turned := r.toks[at].has(negated)
				switch {
				case p.null && !turned:
					r.f[emptyField] = 1
				case !p.null && (value == "true") != turned: // the negation is the field's own
					r.f[negation], r.f[denied], r.f[opposite] = 0, 0, 0
				case !p.null && !r.disputed(p, value) && (value == "true") == turned:
					r.f[falseField] = 1
					r.field = conflict{category: "negation", confidence: 0.7, src: i, block: b, piece: p,
						claim: r.toks[at].text(r.claim.Text), source: value, explanation: explainField}
				}
			}
		}
	}
}

// disputed reports whether another record has the same field with another value:
// then it is not known which of them the claim speaks of.
func (r *reading) disputed(p *piece, value string) bool {
	own := p.subject[len(p.subject)-int(p.keyLen):]
	for i := range r.sources {
		for _, b := range r.sources[i].blocks {
			for k := range b.pieces {
				o := &b.pieces[k]
				if o != p && o.kind == fieldPiece && o.keyLen == p.keyLen && int(o.keyLen) <= len(o.subject) &&
					slices.Equal(o.subject[len(o.subject)-int(o.keyLen):], own) && b.text[o.value:o.end] != value {
					return true
				}
			}
		}
	}
	return false
}

// speaksOf reports whether the claim names a field by its whole key, word after
// word, and where. A key of one word is too common to tell.
func (r *reading) speaksOf(p *piece) (at int, ok bool) {
	own := p.subject[len(p.subject)-int(p.keyLen):]
	if len(own) < 2 {
		return 0, false
	}
	for i := 0; i+len(own) <= len(r.toks); i++ {
		match := true
		for k, s := range own {
			match = match && r.toks[i+k].stem == s && r.toks[i+k].kind == wordToken
		}
		if match {
			return i + len(own) - 1, true
		}
	}
	return 0, false
}
