package models

import (
	"context"
	"errors"
	"fmt"

	"touchstone/guards"
	"touchstone/internal/encoder"
)

// Safety is an encoder that says what a text does to people: a guards.Classifier.
type Safety struct {
	encoder *encoder.Encoder
	name    string
}

// OpenSafety opens a model with heads. Its errors name the file and what is wrong with
// it. Options.Kind and Options.Labels do not apply.
func OpenSafety(o Options) (*Safety, error) {
	e, name, err := open(o, safetyName)
	if err != nil {
		return nil, err
	}
	if k := e.Kind(); k != encoder.HeadsKind {
		return nil, errors.Join(fmt.Errorf("%s is a model of kind %q; one that answers questions about a text is of kind %q", name, k, encoder.HeadsKind), e.Close())
	}
	return &Safety{e, name}, nil
}

// Name is the folder's name, and SHA256 of which weights it holds.
func (s *Safety) Name() string   { return s.name }
func (s *Safety) SHA256() string { return s.encoder.SHA256() }

// Close frees the model once the calls under way have ended.
func (s *Safety) Close() error { return s.encoder.Close() }

// Labels are the names of the heads.
func (s *Safety) Labels() []string { return s.encoder.Labels() }

// Classify judges each reading by every head.
func (s *Safety) Classify(ctx context.Context, readings []guards.Reading) ([]guards.Labels, error) {
	asked := make([]encoder.Pair, len(readings))
	for i, r := range readings {
		asked[i] = encoder.Pair{Evidence: r.With, Claim: r.Text}
	}
	scores, err := s.encoder.Heads(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := make([]guards.Labels, len(scores))
	for i, v := range scores {
		out[i] = guards.Labels{Scores: v.Of, NotMeasured: v.NotMeasured, Cut: v.Cut}
	}
	return out, nil
}

var _ guards.Classifier = (*Safety)(nil)
