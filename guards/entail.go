package guards

import "context"

// A Pair is what an Entailer compares: a claim and a short piece of evidence.
type Pair struct{ Evidence, Claim string }

// Entailment is how the evidence of a Pair bears on its claim. The three
// probabilities sum to 1, or are all 0 where NotMeasured says why.
type Entailment struct {
	Supported, Contradicted, NotCovered float64

	Spans       []Span // parts of the claim that are not supported, where the model marks any
	NotMeasured string // "language", "no words": what the model cannot judge; "" when it did
	// Cut is set when the model read only the beginning of the claim: what it says
	// of that is not said of the whole.
	Cut bool
}

// A Span is a part of a claim, in bytes of Pair.Claim.
type Span struct {
	Start, End int
	Score      float64 // probability that it is not supported
}

// An Entailer judges meaning where words do not tell: a small model. It gives one
// Entailment for each pair, in order, and must return when ctx ends. It must be safe
// for concurrent use and may cache.
type Entailer interface {
	Entail(ctx context.Context, pairs []Pair) ([]Entailment, error)
}
