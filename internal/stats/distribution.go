// Package stats holds the statistics that reports and the dashboard are made of: pure
// functions, each of which names the source of its method.
package stats

import "math"

// Normal is the probability that a standard normal variable is at most z.
func Normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// NormalQuantile is the z with Normal(z) = p.
func NormalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfinv(1-2*p) }

// TwoSided is the z that a standard normal variable is beyond, on either side, with
// probability alpha.
func TwoSided(alpha float64) float64 {
	if alpha <= 0 {
		return math.Inf(1)
	}
	if alpha < 1e-12 { // 1-alpha/2 is no longer exact
		return tail(alpha / 2)
	}
	return NormalQuantile(1 - alpha/2)
}

// tail is the z with an upper tail of p, by bisection.
func tail(p float64) float64 {
	low, high := 0.0, 40.0
	for range 100 {
		z := (low + high) / 2
		if math.Erfc(z/math.Sqrt2)/2 > p {
			low = z
		} else {
			high = z
		}
	}
	return low
}

// Beyond is the probability that a standard normal variable lies further from 0 than z.
func Beyond(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// Student is the probability that a variable with Student's t distribution of df
// degrees of freedom is at most t.
func Student(t, df float64) float64 {
	if math.IsInf(t, 0) {
		return map[bool]float64{true: 1, false: 0}[t > 0]
	}
	p := incompleteBeta(df/2, 0.5, df/(df+t*t)) / 2
	if t > 0 {
		return 1 - p
	}
	return p
}

// StudentTwoSided is the t that such a variable is beyond, on either side, with
// probability alpha: from an expansion in 1/df (Abramowitz and Stegun 26.7.5) by Newton's
// method on logarithms.
func StudentTwoSided(alpha, df float64) float64 {
	if alpha >= 1 {
		return 0
	}
	alpha = max(alpha, 1e-300)
	z := TwoSided(alpha)
	t := z + (z*z*z+z)/(4*df) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*df*df)
	for range 100 {
		p := incompleteBeta(df/2, 0.5, df/(df+t*t))
		step := (math.Log(p) - math.Log(alpha)) * p / (2 * studentDensity(t, df))
		if math.IsNaN(step) || math.IsInf(step, 0) { // far too far out
			t /= 2
			continue
		}
		t = max(t/4, t+step)
		if math.Abs(step) < 1e-10*t {
			break
		}
	}
	return t
}

func studentDensity(t, df float64) float64 {
	a, _ := math.Lgamma((df + 1) / 2)
	b, _ := math.Lgamma(df / 2)
	return math.Exp(a-b-(df+1)/2*math.Log1p(t*t/df)) / math.Sqrt(df*math.Pi)
}

// incompleteBeta is the regularised incomplete beta function, by the continued fraction
// of Lentz (Press et al., Numerical Recipes, section 6.4).
func incompleteBeta(a, b, x float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	if x > (a+1)/(a+b+2) {
		return 1 - front*fraction(b, a, 1-x)/b
	}
	return front * fraction(a, b, x) / a
}

func fraction(a, b, x float64) float64 {
	const tiny = 1e-300
	floor := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/floor(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < 500; m++ {
		for _, step := range []float64{
			m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)),
			-(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1)),
		} {
			d = 1 / floor(1+step*d)
			c = floor(1 + step/c)
			f *= c * d
		}
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return f
}
