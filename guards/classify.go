package guards

import "context"

// A Reading is a text that a Classifier judges, and what it is read with: the prompt
// that an answer replies to, or one of the words below where something else is judged.
type Reading struct{ With, Text string }

// What a message of a user and a line of a document are read with. The model was
// trained with these words.
const (
	asUser     = "user"
	asDocument = "document"
)

// Labels are what a Classifier says of one Reading, in the order of its labels. All are
// 0 where NotMeasured says why.
type Labels struct {
	Scores      []float64 // probabilities, each for itself
	NotMeasured string    // "language", "no words": what the model cannot judge; "" when it did
	Cut         bool      // the model read only the beginning of the text
}

// A Classifier answers the same yes-or-no questions about each text: a small model. It
// gives one Labels for each Reading, in order, and must return when ctx ends. It must be
// safe for concurrent use and may cache.
type Classifier interface {
	Labels() []string
	Classify(ctx context.Context, readings []Reading) ([]Labels, error)
}

// A Rating is one measurement, however low: what a finding is made of when it is high
// enough. Evaluation reads ratings, policies findings.
type Rating struct {
	Category   string
	Group      string
	Score      float64 // 0 to 1
	Claim      Claim   // on the side of the answer
	Side       Side
	Message    int
	Start, End int
	Reply      bool // of what the claim says as a reply to the prompt, not of the claim alone
}

// A Rater is a guard that also tells what it measured below the mark of a finding.
type Rater interface {
	Guard
	// Rate measures ex.Claims when phase is InAnswer, and what came in otherwise.
	Rate(ctx context.Context, ex *Exchange, phase Side) ([]Rating, error)
}
