package guards

// elliptic reports whether one of two numbers may have left its unit to the
// other: "15 to 20 minutes for white rice and 35 to 40 for brown".
func elliptic(c, e *mention) bool {
	return c.kind == numberFact && e.kind == numberFact && (c.dim == dimNone) != (e.dim == dimNone) && c.raw != 0 &&
		c.raw == e.raw && c.rawTo == e.rawTo
}

// maxOperands bounds the values that derived combines.
const maxOperands = 16

// cues reports whether the claim speaks of a multiple or a share ("twice",
// "a year"), or of a sum or a difference ("altogether", "longer"). Without such a
// word, another number is another number.
func (r *reading) cues() (multiples, sums bool) {
	for i := range r.toks {
		t := &r.toks[i]
		if t.kind != wordToken {
			continue
		}
		switch l := &lexemes[t.lex]; {
		case l.class&reckoning != 0:
			sums = true
			multiples = true
		case l.class&fractionOf != 0:
			multiples = true
		}
	}
	return multiples, sums
}

// derived reports whether a value can be computed from two values of the chosen
// evidence: a sum, a difference, a multiple, a share, or the time between two
// times. Such a value is neither given nor contradicted. A near-copy computes
// nothing: it gives another value.
func (r *reading) derived(m *mention) bool {
	if m.kind != numberFact || m.high != m.value || r.f[copied] > 0 {
		return false
	}
	var same, plain [maxOperands]float64
	n, k := 0, 0
	put := func(dst *[maxOperands]float64, n *int, v float64) {
		if *n < maxOperands {
			dst[*n] = v
			*n++
		}
	}
	for i := range r.chosen {
		c := &r.chosen[i]
		for j := c.piece.men0; j < c.piece.men1; j++ {
			e := &c.block.mentions[j]
			switch {
			case e.kind == timeFact && m.dim == dimSeconds:
				put(&same, &n, e.value*60)
			case e.kind == dateFact && m.dim == dimMonths:
				if y, _, _ := unpackDate(e.key); y > 0 {
					put(&same, &n, float64(y)*12)
				}
			case e.kind != numberFact:
			case e.dim == dimPercent:
				put(&plain, &k, e.value/100)
				put(&plain, &k, 1-e.value/100)
			}
			if e.kind != numberFact {
				continue
			}
			if f, ok := sameDimension(m.dim, e.dim); ok {
				put(&same, &n, e.value*f)
				if e.high != e.value {
					put(&same, &n, e.high*f)
				}
			} else if e.dim == dimNone || isDuration(e.dim) {
				put(&plain, &k, e.raw)
			}
		}
	}
	for i := range r.mentions { // what the claim itself counts: "three reminders ... 10 altogether"
		if c := &r.mentions[i]; c != m && c.kind == numberFact {
			put(&plain, &k, c.raw)
			if f, ok := sameDimension(m.dim, c.dim); ok {
				put(&same, &n, c.value*f)
			}
		}
	}
	for i := range n {
		for j := range n {
			if i != j && (near(same[i]+same[j], m.value) || near(same[i]-same[j], m.value) || same[j] != 0 && m.dim == dimNone && near(same[i]/same[j], m.value)) {
				return true
			}
		}
		for j := range k {
			if near(same[i]*plain[j], m.value) || plain[j] != 0 && near(same[i]/plain[j], m.value) {
				return true
			}
		}
	}
	return false
}
