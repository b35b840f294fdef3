package groundtruth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// An Approved is a wording that has been agreed on for a question.
type Approved struct {
	ID        string   `json:"id"`        // 12 hex digits that Identify makes of patterns, answer, scope and time
	Questions []string `json:"questions"` // patterns: words that the question holds, or "re:" and a regular expression
	Answer    string   `json:"answer"`
	Scope     Scope    `json:"scope,omitzero"`
	Valid     Span     `json:"valid,omitzero"`
	Source    string   `json:"source,omitempty"`
	Author    string   `json:"author,omitempty"`
}

// Longest answer, in bytes: what a policy may put in place of a sentence; and most
// patterns of one.
const (
	maxApproved = 4 << 10
	maxPatterns = 100
)

// Check reports what would make an approved answer unusable.
func (a *Approved) Check() error {
	switch {
	case len(a.Questions) == 0:
		return errors.New("it has no question")
	case len(a.Questions) > maxPatterns:
		return fmt.Errorf("it has %d questions, more than %d", len(a.Questions), maxPatterns)
	case strings.TrimSpace(a.Answer) == "":
		return errors.New("it has no answer")
	case len(a.Answer) > maxApproved:
		return fmt.Errorf("its answer has %d bytes, more than %d", len(a.Answer), maxApproved)
	case !storable(a.Answer):
		return errors.New("its answer is not text: it is not UTF-8, or has a zero byte")
	}
	for _, q := range a.Questions {
		switch expr, ok := strings.CutPrefix(q, "re:"); {
		case strings.TrimSpace(strings.TrimPrefix(q, "re:")) == "":
			return errors.New("one of its questions is empty")
		case len(q) > maxFactText || !storable(q):
			return fmt.Errorf("one of its questions is not text of at most %d bytes", maxFactText)
		case ok:
			if _, err := regexp.Compile(expr); err != nil {
				return fmt.Errorf("its question %q is no regular expression: %w", q, err)
			}
		}
	}
	parts := a.Scope.Parts()
	for _, p := range append(parts[:], Part{"source", a.Source}, Part{"author", a.Author}) {
		if !storable(p.Value) || len(p.Value) > maxFactText {
			return fmt.Errorf("its %s is not text of at most %d bytes", p.Name, maxFactText)
		}
	}
	return a.Valid.Check()
}

// Identify gives the approved answer the ID that follows from what it says.
func (a *Approved) Identify() {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", a.Questions, a.Answer, a.Scope, a.Valid))
	a.ID = hex.EncodeToString(sum[:6])
}
