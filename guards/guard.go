// Package guards measures answers. A guard reports findings; it never decides
// what happens to an answer: that is the policy's. No HTTP, no SQL, no Rego here.
package guards

import (
	"context"

	"touchstone/groundtruth"
)

// Verdict says how the evidence bears on a claim.
type Verdict string

const (
	Supported    Verdict = "supported"    // the evidence entails the claim
	Contradicted Verdict = "contradicted" // the evidence entails its negation
	NotCovered   Verdict = "not_covered"  // no evidence bears on it, or it says more than the evidence
	NotClaim     Verdict = "not_claim"    // nothing to check: greeting, question, opinion, instruction, refusal
	NotMeasured  Verdict = "not_measured" // the guard could not run; never a pass
)

// Message is one turn of the prompt, as plain text.
type Message struct {
	Role string // system, developer, user, assistant, tool
	Name string // of the tool, where known
	Text string
}

// Exchange is one choice of an answer under check and what it was asked. Its
// strings are copies: nothing in it belongs to the HTTP framework.
type Exchange struct {
	ID, App, Route, Model string
	Prompt                []Message
	Given                 []groundtruth.Evidence // grounding sources sent by the caller
	Collections           []string               // of the ground truth, that this caller may be checked against
	Choice                int                    // index of the choice in the upstream's answer
	Streamed              bool

	// Claims are the sentences under check now, in order. Judging a whole
	// answer they are all of it; in a stream, those that have just been
	// completed.
	Claims []Claim
	// Final is set when no further sentence of this choice follows.
	Final bool
}

// Question is the text of the last user turn, or "".
func (ex *Exchange) Question() string {
	for i := len(ex.Prompt) - 1; i >= 0; i-- {
		if ex.Prompt[i].Role == "user" {
			return ex.Prompt[i].Text
		}
	}
	return ""
}

// Claim is one sentence (or list item, table row, code block) of an answer.
type Claim struct {
	Index      int // position in the answer, from 0
	Start, End int // byte offsets of Text in the whole answer
	Text       string
	NotClaim   string // why there is nothing to check ("question", "greeting", ...); "" for a checkable claim
	// Context is what the claim leans on and does not say: the antecedent of
	// its pronoun subject, the heading or list lead-in above it. It is added
	// to the retrieval query and counts for the subject, never as evidence.
	Context string
}

// Finding is what a guard says of one claim, and what that rests on.
type Finding struct {
	Claim    Claim
	Verdict  Verdict
	Category string  // what decided: "number", "date", "money", "name", "negation", "coverage", ...; may be empty
	Score    float64 // probability that the claim is not supported, 0 to 1; NaN-free; 0.5 when not measured
	Evidence []groundtruth.Evidence
	Reason   string // one sentence, for people
}

// A Guard measures one property of an answer. It never decides what happens to
// the answer. It must be safe for concurrent use and must return when ctx ends.
// It returns findings only about ex.Claims.
type Guard interface {
	Name() string
	Check(ctx context.Context, ex *Exchange) ([]Finding, error)
}
