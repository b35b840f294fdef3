package stats

import (
	"math"
	"slices"
)

// McNemar is the two-sided p-value of the exact test that, of pairs whose two halves
// differ, each way is as likely (McNemar 1947; the binomial form): b pairs went one way
// and c the other.
func McNemar(b, c int) float64 {
	n, k := b+c, min(b, c)
	if n == 0 {
		return 1
	}
	p := 0.0
	for i := range k + 1 {
		p += math.Exp(logChoose(n, i) - float64(n)*math.Ln2)
	}
	return min(1, 2*p)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// PairedDifference is the interval of the difference of two shares of the same n pairs:
// b pairs have only the first, c only the second (Newcombe 1998, Statistics in Medicine
// 17:2635, method 10 without the term of correlation where it cannot be known; both is the
// number of pairs that have both).
func PairedDifference(both, b, c, n int, z float64) Interval {
	if n == 0 {
		return Interval{math.NaN(), -1, 1}
	}
	total := float64(n)
	p1, p2 := float64(both+b)/total, float64(both+c)/total
	x, y := Wilson(Share{p1, total}, z), Wilson(Share{p2, total}, z)
	neither := float64(n - both - b - c)
	phi := 0.0
	if a := float64(both+b) * (float64(c) + neither) * float64(both+c) * (float64(b) + neither); a > 0 {
		num := float64(both)*neither - float64(b)*float64(c)
		if num > 0 { // the continuity correction of the paper
			num = max(0, num-total/2)
		}
		phi = num / math.Sqrt(a)
	}
	d := p1 - p2
	side := func(u, v float64) float64 { return math.Sqrt(max(0, u*u-2*phi*u*v+v*v)) }
	return Interval{d, d - side(p1-x.Low, y.High-p2), d + side(x.High-p1, p2-y.Low)}
}

// exactRanks is how many differences have their signed ranks counted exactly.
const exactRanks = 50

// Wilcoxon is the two-sided p-value of the signed-rank test that differences are
// symmetric about 0 (Wilcoxon 1945). Zeros are left out; ties share their mean rank. The
// distribution is counted exactly, ties and all, for up to 50 differences, and is
// normal, corrected for ties and continuity, beyond. n is how many were not zero.
func Wilcoxon(differences []float64) (p float64, n int) {
	d := slices.DeleteFunc(slices.Clone(differences), func(v float64) bool { return v == 0 || math.IsNaN(v) })
	n = len(d)
	if n == 0 {
		return 1, 0
	}
	slices.SortFunc(d, func(a, b float64) int { return compare(math.Abs(a), math.Abs(b)) })
	plus, ties := 0.0, 0.0
	for i := 0; i < n; {
		end := i + 1
		for end < n && math.Abs(d[end]) == math.Abs(d[i]) {
			end++
		}
		rank := float64(i+end+1) / 2
		for _, v := range d[i:end] {
			if v > 0 {
				plus += rank
			}
		}
		if t := float64(end - i); t > 1 {
			ties += t*t*t - t
		}
		i = end
	}
	total := float64(n) * float64(n+1) / 2
	if n <= exactRanks {
		return signedRank(d, min(plus, total-plus)), n
	}
	mean, variance := total/2, total*float64(2*n+1)/12-ties/48
	z := (math.Abs(plus-mean) - 0.5) / math.Sqrt(variance)
	return min(1, Beyond(max(0, z))), n
}

// signedRank is twice the chance that the ranks of d, each with a sign by a coin, add up
// to w or less. Ranks are doubled, to be whole also for ties. d is sorted by size.
func signedRank(d []float64, w float64) float64 {
	n := len(d)
	count := make([]float64, n*(n+1)+1)
	count[0] = 1
	most := 0
	for i := 0; i < n; {
		end := i + 1
		for end < n && math.Abs(d[end]) == math.Abs(d[i]) {
			end++
		}
		twice := i + end + 1
		for range end - i {
			most += twice
			for s := most; s >= 0; s-- {
				count[s] /= 2
				if s >= twice {
					count[s] += count[s-twice] / 2
				}
			}
		}
		i = end
	}
	p := 0.0
	for s := 0; s <= int(math.Round(2*w)); s++ {
		p += count[s]
	}
	return min(1, 2*p)
}

// Median is the middle of values, which it sorts; NaN of none.
func Median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// HodgesLehmann is the median of all means of two of the differences, and the interval
// that belongs to Wilcoxon's test at alpha, by the normal approximation (Hodges and Lehmann
// 1963; Hollander, Wolfe and Chicken 2014, section 3.2). It looks at the first 2,000
// differences.
func HodgesLehmann(differences []float64, alpha float64) Interval {
	d := differences[:min(len(differences), 2000)]
	n := len(d)
	if n == 0 {
		return Interval{math.NaN(), math.Inf(-1), math.Inf(1)}
	}
	means := make([]float64, 0, n*(n+1)/2)
	for i := range d {
		for j := i; j < n; j++ {
			means = append(means, (d[i]+d[j])/2)
		}
	}
	slices.Sort(means)
	m := float64(len(means))
	k := int(math.Floor(m/2 - TwoSided(alpha)*math.Sqrt(float64(n)*float64(n+1)*float64(2*n+1)/24)))
	if k < 1 {
		return Interval{Median(means), math.Inf(-1), math.Inf(1)}
	}
	return Interval{Median(means), means[k-1], means[len(means)-k]}
}
