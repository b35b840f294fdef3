package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Scores are what the heads of one text say, in the order of Encoder.Labels. All are 0
// where NotMeasured says why.
type Scores struct {
	Of          []float64 // calibrated probabilities, each for itself
	NotMeasured string    // as in Probs
	Cut         bool      // the text was longer than the model reads
}

// Labels are the names of the outputs of a HeadsKind model, in order.
func (e *Encoder) Labels() []string { return e.model.heads }

// Heads judges each pair's claim, read together with its evidence, by every head. For
// models of HeadsKind. Errors are as for Classify.
func (e *Encoder) Heads(ctx context.Context, pairs []Pair) ([]Scores, error) {
	if e.model.kind != HeadsKind {
		return nil, fmt.Errorf("a %s model has no heads", e.model.kind)
	}
	out := make([]Scores, len(pairs))
	rows, err := e.run(ctx, len(pairs), func(i int) input {
		in := e.pair(pairs[i])
		out[i].NotMeasured, out[i].Cut = in.notMeasured, in.cut
		return in
	})
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		out[i].Of = make([]float64, len(e.model.heads))
		for h, logit := range row { // of a text that is not measured there is none
			out[i].Of[h] = e.model.sigmoid(h, float64(logit))
		}
	}
	return out, nil
}

// sigmoid turns one head's logit into a calibrated probability.
func (m *model) sigmoid(head int, logit float64) float64 {
	return 1 / (1 + math.Exp(-(m.scale[head]*logit + m.shift[head])))
}

// readHeads names the heads and their calibration.
func (m *model) readHeads(l *labelsFile) error {
	if len(l.Labels) == 0 {
		return errors.New("labels names no head")
	}
	m.heads, m.scale, m.shift = l.Labels, l.Scale, l.Shift
	if m.scale == nil {
		m.scale = make([]float64, len(m.heads))
		for i := range m.scale {
			m.scale[i] = 1
		}
	}
	if m.shift == nil {
		m.shift = make([]float64, len(m.heads))
	}
	if len(m.scale) != len(m.heads) || len(m.shift) != len(m.heads) {
		return fmt.Errorf("scale has %d numbers and shift %d for %d labels", len(m.scale), len(m.shift), len(m.heads))
	}
	for i := range m.heads {
		if !(m.scale[i] > 0) || math.IsInf(m.scale[i], 0) || m.shift[i]-m.shift[i] != 0 {
			return fmt.Errorf("label %s: scale %v must be more than 0 and shift %v a number", m.heads[i], m.scale[i], m.shift[i])
		}
	}
	return nil
}
