package encoder

import "math"

// softmax turns logits into calibrated probabilities.
func (m *model) softmax(logits []float32, out []float64) {
	top := math.Inf(-1)
	for i, v := range logits {
		out[i] = float64(v) / m.temperature
		if m.bias != nil {
			out[i] += m.bias[i]
		}
		top = max(top, out[i])
	}
	var sum float64
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
}

// probs adds up the labels of one pair by what they mean. What labels to be ignored
// would take is shared among the rest.
func (m *model) probs(logits []float32, p *Probs) {
	each := make([]float64, len(logits))
	m.softmax(logits, each)
	var by [notCovered + 1]float64
	for i, v := range each {
		by[m.labels[i]] += v
	}
	rest := by[supported] + by[contradicted] + by[notCovered]
	if rest == 0 {
		p.NotCovered = 1
		return
	}
	p.Supported, p.Contradicted, p.NotCovered = by[supported]/rest, by[contradicted]/rest, by[notCovered]/rest
}

// spans joins neighbouring tokens that are more likely than not to be unsupported, and
// gives the worst. logits holds those of each piece, one after the other.
func (m *model) spans(logits []float32, pieces []Piece) (out []Span, worst Probs) {
	worst.Supported = 1
	open := 0 // tokens of the last span, 0 when none is open
	for i := range pieces {
		var p Probs
		m.probs(logits[i*m.width:(i+1)*m.width], &p)
		if p.Supported < worst.Supported {
			worst = p
		}
		score := p.Contradicted + p.NotCovered
		if score < 0.5 {
			open = 0
			continue
		}
		if open == 0 {
			out = append(out, Span{Start: int(pieces[i].Start)})
		}
		s := &out[len(out)-1]
		s.End = int(pieces[i].End)
		s.Score = (s.Score*float64(open) + score) / float64(open+1)
		open++
	}
	return out, worst
}
