package guards

import "math"

// relation says how a value of the claim stands to one of the evidence.
type relation uint8

const (
	incomparable relation = iota
	equal
	compatible // not the same, and yet both can be true: 7 and "up to 10"
	different
)

// sameDimension reports whether two numbers can be compared, and by which factor
// the second is brought to the unit of the first.
func sameDimension(a, b dim) (factor float64, ok bool) {
	if a == b {
		return 1, true
	}
	money := func(d dim) bool { return d >= dimDollar }
	switch {
	case a == dimDollar && (b == dimCAD || b == dimAUD), b == dimDollar && (a == dimCAD || a == dimAUD):
		return 1, true
	case a == dimPounds && b == dimPound, a == dimPound && b == dimPounds:
		return 1, true
	case a == dimPounds && b == dimGrams:
		return 1 / 453.59237, true
	case a == dimGrams && b == dimPounds:
		return 453.59237, true
	case a == dimMoney && money(b), b == dimMoney && money(a):
		return 1, true
	}
	return 0, false
}

func isDuration(d dim) bool { return d == dimSeconds || d == dimMonths || d == dimWorkdays }

func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b))
}

// relate compares a mention of a claim with one of the evidence.
func relate(c, e *mention) relation {
	switch {
	case c.kind == numberFact && e.kind == numberFact:
		return relateNumbers(c, e)
	case c.kind == dateFact && e.kind == dateFact:
		return relateDates(c, e)
	case c.kind == dateFact && e.kind == numberFact || c.kind == numberFact && e.kind == dateFact:
		if c.kind == numberFact {
			c, e = e, c
		}
		if y, m, d := unpackDate(c.key); m == 0 && d == 0 && float64(y) == e.value && e.dim == dimNone {
			return equal // a year that only one side was read as
		}
		return incomparable
	case c.kind != e.kind || c.kind == nameFact:
		return incomparable
	case c.kind == timeFact:
		if c.value == e.value || (c.either || e.either) && int(c.value)%720 == int(e.value)%720 {
			return equal
		}
		return different
	case c.kind == weekdayFact:
		return relateWeekdays(c, e)
	case c.kind == ordinalFact:
		if c.value == e.value {
			return equal
		}
		return different
	}
	if c.key == e.key {
		return equal
	}
	return different
}

func relateNumbers(c, e *mention) relation {
	f, ok := sameDimension(c.dim, e.dim)
	if !ok {
		switch {
		case isDuration(c.dim) && isDuration(e.dim):
			return different // 30 days are not one month, 5 days not 5 working days
		case c.dim == dimPercent && e.dim == dimNone && near(c.value, e.value*100) && e.value < 1,
			e.dim == dimPercent && c.dim == dimNone && near(c.value*100, e.value) && c.value < 1:
			return equal // a quarter is 25%
		case c.dim == dimPercent && e.dim == dimPoints || c.dim == dimPoints && e.dim == dimPercent:
			return different
		}
		return incomparable
	}
	lo, hi := e.value*f, e.high*f
	sameThing := c.dim != dimNone || c.key == 0 || e.key == 0 || c.key == e.key
	if near(c.value, lo) && near(c.high, hi) {
		if opposed(c.cmp, e.cmp) && sameThing {
			return different
		}
		return equal
	}
	if !sameThing {
		return incomparable // 3 tablets and 5 days
	}
	ranged := func(m *mention) bool { return m.high != m.value }
	switch {
	case ranged(c) && ranged(e):
		if c.value >= lo && c.high <= hi {
			return compatible
		}
		return different
	case ranged(e):
		if c.value >= lo && c.value <= hi {
			return compatible
		}
		return different
	case ranged(c):
		if lo >= c.value && lo <= c.high {
			return compatible
		}
		return different
	}
	switch c.cmp {
	case roughly:
		if math.Abs(c.value-lo) <= 0.06*max(math.Abs(lo), math.Abs(c.value)) {
			return equal
		}
	case atLeast, moreThan: // a weaker statement is true as well
		if lo >= c.value && (e.cmp == exactly || e.cmp == roughly) {
			return compatible
		}
	case atMost, lessThan:
		if lo <= c.value && (e.cmp == exactly || e.cmp == roughly) {
			return compatible
		}
	case exactly:
		switch {
		case (e.cmp == atMost || e.cmp == lessThan) && c.value <= lo, (e.cmp == atLeast || e.cmp == moreThan) && c.value >= lo,
			e.cmp == roughly && math.Abs(c.value-lo) <= 0.06*math.Abs(lo):
			return compatible
		case c.value == math.Trunc(c.value) && lo != math.Trunc(lo) && math.Abs(c.value-lo) <= 0.5 && lo > 5: // rounded
			return compatible
		}
	}
	return different
}

// opposed reports whether the same number is bounded from opposite sides.
func opposed(a, b comparator) bool {
	side := func(c comparator) int {
		switch c {
		case atLeast, moreThan:
			return 1
		case atMost, lessThan:
			return -1
		}
		return 0
	}
	return side(a)*side(b) < 0
}

func relateDates(c, e *mention) relation {
	r := relateDateKeys(c.key, e.key)
	if r == different && (c.either || e.either) {
		k := e.key
		other := c.key
		if c.either {
			k, other = c.key, e.key
		}
		y, m, d := unpackDate(k)
		if s := relateDateKeys(packDate(y, d, m), other); s == equal {
			return equal
		}
	}
	return r
}

func relateDateKeys(c, e uint32) relation {
	cy, cm, cd := unpackDate(c)
	ey, em, ed := unpackDate(e)
	if cm > 12 != (em > 12) && cm > 0 && em > 0 { // a month and a quarter
		q, m := cm, em
		if em > 12 {
			q, m = em, cm
		}
		if cy != 0 && ey != 0 && cy != ey || (m-1)/3+13 != q {
			return different
		}
		return compatible
	}
	shared, missing := 0, 0
	for _, p := range [3][2]int{{cy, ey}, {cm, em}, {cd, ed}} {
		switch {
		case p[0] != 0 && p[1] != 0:
			if p[0] != p[1] {
				return different
			}
			shared++
		case p[0] != 0:
			missing++ // the claim says more
		}
	}
	switch {
	case shared == 0:
		return incomparable
	case missing > 0:
		return compatible
	}
	return equal
}

func relateWeekdays(c, e *mention) relation {
	in := func(a, b *mention) bool { // a within b, which may run over the end of the week
		return a.value >= b.value && a.high <= b.high || a.value+7 >= b.value && a.high+7 <= b.high
	}
	switch {
	case c.value == e.value && c.high == e.high:
		return equal
	case in(c, e):
		return equal
	case in(e, c):
		return compatible
	}
	return different
}
