// Package guards measures answers. A guard reports findings; it never decides
// what happens to an answer: that is the policy's. No HTTP, no SQL, no Rego here.
package guards

import (
	"context"
	"time"

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
	Tenant                string                 // whose ground truth it is
	Collections           []string               // of the ground truth, that this caller may be checked against
	Scope                 groundtruth.Scope      // of the caller: which facts hold for it
	Choice                int                    // index of the choice in the upstream's answer
	Streamed              bool
	At                    time.Time // when it began: which facts are in force; zero means when judging begins
	Key                   string    // of the caller, to count shares of callers by; "" means each exchange for itself

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

// sideOf is the side on which a message of the prompt lies.
func sideOf(m *Message) Side {
	if m.Role == "tool" || m.Role == "function" {
		return InTool
	}
	return InPrompt
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
	Before  string // end of the sentence before, at most 200 bytes: whom "they" are
}

// Side is the part of an exchange in which something was found.
type Side string

const (
	InAnswer  Side = "answer"
	InPrompt  Side = "prompt"  // a message that is no tool's; Finding.Message is its index in Exchange.Prompt
	InTool    Side = "tool"    // what a tool answered; Finding.Message is its index in Exchange.Prompt
	InContext Side = "context" // a grounding source; Finding.Message is its index in Exchange.Given
)

// Finding is what a guard says of one claim, and what that rests on; or, with no
// Verdict, that it found something which says nothing about truth: private data,
// an insult, an injection. Such a finding lies in a span of an answer or of what
// was sent along.
type Finding struct {
	Claim    Claim // that it is about or lies in; none on other sides than the answer
	Verdict  Verdict
	Category string  // what decided: "number", "date", "money", ...; without a verdict what was found: "email", "hate", ...
	Score    float64 // 0 to 1, NaN-free: probability that the claim is not supported (0.5 when not measured); without a verdict, that the finding is right
	Evidence []groundtruth.Evidence
	Reason   string // one sentence, for people

	// The rest is for findings without a verdict.

	Side    Side // "" means InAnswer
	Message int  // index of the text on other sides than the answer
	// Start and End are byte offsets: in the whole answer, or in the text that
	// Message names. Both 0 mean all of the claim or text.
	Start, End int
	Group      string // people it is aimed at, where it is: "religion", "age", ...
	// Offer is a text that a policy may put in place of the rest of the answer: the
	// approved one.
	Offer string
	// Known is set when the same value stands in what the caller sent along: a
	// user's own address in the answer to them is not a leak.
	Known bool
}

// A Guard measures one property of an answer. It never decides what happens to
// the answer. It must be safe for concurrent use and must return when ctx ends.
// It returns findings only about ex.Claims. It is asked about every claim, also
// those with nothing to check: an opinion can be hateful. The findings of a guard
// that returns an error do not count, unless the error is Unmeasured.
type Guard interface {
	Name() string
	Check(ctx context.Context, ex *Exchange) ([]Finding, error)
}

// A PromptGuard also measures what comes in, before it is sent upstream. Its
// findings have no verdict and lie on another side than the answer. The guard's
// contract holds for both methods.
type PromptGuard interface {
	Guard
	CheckPrompt(ctx context.Context, ex *Exchange) ([]Finding, error)
}

// A Detector is a guard whose findings never have a verdict. A route with
// detectors alone checks no statements, which is its choice and no failure.
type Detector interface {
	Guard
	Detects() // does nothing: having it says so
}
