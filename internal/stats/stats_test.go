package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %.6f, want %.6f", what, got, want)
	}
}

// The values are SciPy's.
func TestDistributions(t *testing.T) {
	near(t, "normal", Normal(1.96), 0.9750021, 1e-7)
	near(t, "quantile", NormalQuantile(0.975), 1.959963985, 1e-9)
	near(t, "far quantile", TwoSided(1e-15), 8.026859, 1e-5)
	near(t, "student", Student(1.5, 7), 0.911350756505015, 1e-12)
	near(t, "student below", Student(-1.5, 7), 1-0.911350756505015, 1e-12)
	near(t, "student quantile", StudentTwoSided(0.05, 4.3), 2.70169489828223, 1e-9)
	for _, df := range []float64{1, 1.7, 3, 30, 5000} {
		for _, alpha := range []float64{0.9, 0.3, 0.05, 1e-4, 1e-9} {
			near(t, "student there and back", 2*Student(-StudentTwoSided(alpha, df), df)/alpha, 1, 1e-6)
		}
	}
	near(t, "student of many is normal", StudentTwoSided(1e-30, 1e9), TwoSided(1e-30), 1e-4)
	near(t, "beta", incompleteBeta(2.5, .5, .3), 0.018927124071945658, 1e-12)
}

// Worked examples of the papers.
func TestShareDifferenceOfNewcombe(t *testing.T) {
	for _, c := range []struct{ a, m, b, n, low, high float64 }{
		{56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090}, {10, 10, 0, 20, 0.6791, 1},
	} {
		got := ShareDifference(Share{c.a / c.m, c.m}, Share{c.b / c.n, c.n}, 1.959964)
		near(t, "low", got.Low, c.low, 6e-5)
		near(t, "high", got.High, c.high, 6e-5)
	}
}

func TestPairedDifferenceOfNewcombe(t *testing.T) {
	got := PairedDifference(36, 12, 2, 50, 1.959964)
	near(t, "difference", got.Value, 0.2, 1e-9)
	near(t, "low", got.Low, 0.0569, 6e-5)
	near(t, "high", got.High, 0.3404, 6e-5)
}

func TestWelch(t *testing.T) {
	a, b := Sample{10, 9, 20}, Sample{12, 25, 35}
	near(t, "p", MeanP(a, b), 0.06939470337797363, 1e-10)
	if MeanDifference(a, b, 0.0693).Excludes(0) || !MeanDifference(a, b, 0.0695).Excludes(0) {
		t.Error("interval and test disagree")
	}
}

func TestPairedTests(t *testing.T) {
	near(t, "mcnemar", McNemar(3, 12), 0.03515625, 1e-12)
	near(t, "mcnemar, one way", McNemar(8, 0), 0.0078125, 1e-12)
	near(t, "mcnemar of nothing", McNemar(0, 0), 1, 0)
	p, n := Wilcoxon([]float64{1.1, -0.2, 3, 4.5, 2.2, -1.7, 0.9, 5, 6, 7.3})
	near(t, "wilcoxon", p, 0.01953125, 1e-12)
	p, _ = Wilcoxon([]float64{1, 1, 2, -1, 3, 3, -2, 4, 5, 5, 0})
	near(t, "wilcoxon with ties", p, 0.03515625, 1e-12)
	var many []float64
	for i := range 80 {
		many = append(many, float64((i*37)%101-40)/10)
	}
	p, _ = Wilcoxon(many)
	near(t, "wilcoxon of many", p, 0.005844114716713923, 1e-12)
	if p, n = Wilcoxon([]float64{0, math.NaN()}); p != 1 || n != 0 {
		t.Errorf("nothing: %v of %d", p, n)
	}
}

func TestAdjustment(t *testing.T) {
	p := []float64{0.01, 0.04, 0.03, 0.005}
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		near(t, "holm", Holm(p)[i], want, 1e-12)
	}
	if n := Discoveries(p, 0.05); n != 4 {
		t.Errorf("%d discoveries", n)
	}
	if n := Discoveries([]float64{0.02, 0.5, 0.9}, 0.05); n != 0 {
		t.Errorf("%d discoveries of nothing", n)
	}
	near(t, "level", Level(0.05, 2, 8), 0.0125, 1e-12)
	near(t, "level of none", Level(0.05, 0, 8), 0.00625, 1e-12)
}

// The p-value is where the interval just touches the null value.
func TestPValueAgreesWithTheInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		a, b := Share{r.Float64(), 20 + 500*r.Float64()}, Share{r.Float64(), 20 + 500*r.Float64()}
		for null, f := range map[float64]func(z float64) Interval{
			0:   func(z float64) Interval { return ShareDifference(a, b, z) },
			0.8: func(z float64) Interval { return ShareRatio(a, b, z) },
		} {
			p := PValue(f, null)
			if p < 1e-10 || p > 0.999 {
				continue
			}
			if f(TwoSided(p*0.999)).Excludes(null) || !f(TwoSided(p*1.001)).Excludes(null) {
				t.Fatalf("%v %v: p %v", a, b, p)
			}
		}
	}
}

// Of many draws with a known truth, about 95% of intervals hold it.
func TestCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	binomial := func(n int, p float64) Share {
		k := 0
		for range n {
			if r.Float64() < p {
				k++
			}
		}
		return Share{float64(k) / float64(n), float64(n)}
	}
	const rounds, z = 4000, 1.959964
	for _, c := range []struct {
		m, n int
		p, q float64
	}{{60, 90, 0.1, 0.2}, {200, 100, 0.5, 0.5}, {150, 150, 0.03, 0.05}, {80, 400, 0.9, 0.7}} {
		difference, ratio := 0, 0
		for range rounds {
			a, b := binomial(c.m, c.p), binomial(c.n, c.q)
			if !ShareDifference(a, b, z).Excludes(c.p - c.q) {
				difference++
			}
			if !ShareRatio(a, b, z).Excludes(c.p / c.q) {
				ratio++
			}
		}
		for name, hit := range map[string]int{"difference": difference, "ratio": ratio} {
			if share := float64(hit) / rounds; share < 0.935 || share > 0.98 {
				t.Errorf("%+v: the interval of the %s holds the truth in %.3f", c, name, share)
			}
		}
	}
}

func TestRatioOfNothing(t *testing.T) {
	for _, c := range [][2]Share{{{0, 50}, {0, 50}}, {{0.5, 50}, {0, 50}}, {{0, 50}, {1, 50}}, {{1, 50}, {1, 50}}} {
		got := ShareRatio(c[0], c[1], 1.96)
		if math.IsNaN(got.Low) || math.IsNaN(got.High) || got.Low < 0 || got.Low > got.High {
			t.Errorf("%v: %+v", c, got)
		}
	}
}

func TestHodgesLehmann(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	hit := 0
	for range 1000 {
		d := make([]float64, 40)
		for i := range d {
			d[i] = 0.3 + r.NormFloat64()
		}
		if !HodgesLehmann(d, 0.05).Excludes(0.3) {
			hit++
		}
	}
	if hit < 930 || hit > 975 {
		t.Errorf("holds the truth in %d of 1,000", hit)
	}
	if got := HodgesLehmann([]float64{1, 2}, 0.05); !math.IsInf(got.Low, -1) || got.Value != 1.5 {
		t.Errorf("of two: %+v", got)
	}
}

// SampleFor is checked by drawing samples of the size that it says.
func TestSampleForGivesItsPower(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct{ a, b, alpha float64 }{{0.1, 0.2, 0.05}, {0.5, 0.6, 0.005}} {
		n := SampleFor(c.a, c.b, c.alpha, 0.8)
		found := 0
		const rounds = 1500
		for range rounds {
			x, y := 0, 0
			for range n {
				if r.Float64() < c.a {
					x++
				}
				if r.Float64() < c.b {
					y++
				}
			}
			if ShareDifference(Share{float64(x) / float64(n), float64(n)}, Share{float64(y) / float64(n), float64(n)}, TwoSided(c.alpha)).Excludes(0) {
				found++
			}
		}
		if power := float64(found) / rounds; power < 0.77 || power > 0.84 {
			t.Errorf("%+v: power %.3f with %d", c, power, n)
		}
	}
}

func TestMedianDoesNotNeedOrder(t *testing.T) {
	if m := Median([]float64{3, 1, 2, 10}); m != 2.5 {
		t.Error(m)
	}
	if d := []float64{2, -1}; func() bool { Wilcoxon(d); return !slices.Equal(d, []float64{2, -1}) }() {
		t.Error("Wilcoxon changed its argument")
	}
}
