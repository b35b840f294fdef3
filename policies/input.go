package policies

import (
	"hash/fnv"
	"time"

	"touchstone/guards"
)

// Input is what a decision is made from. Its JSON form is the documented,
// versioned schema that Rego sees as `input` (docs/policies.md): sentences are
// keyed by verdict, and no text of prompt or answer is in it.
//
// Rules on single sentences read Sentences; rules on the answer as a whole read
// Counts and fire only when Final is set. Kept to that, a streamed answer gets the
// decision of the whole one.
type Input struct {
	Phase             Phase     // "" means AnswerPhase
	Now               time.Time // of the exchange; zero means the present
	Bucket            int       // of the caller among Buckets, for canaries; Bucket makes one
	App, Route, Model string
	Choice            int
	Streamed, Final   bool
	Sentences         []guards.Sentence // completed since the last decision on this choice
	Counts            Counts            // of the whole choice so far
	Guards            []guards.Result   // status of each guard in this segment
	Skipped           []string          // parts of the answer that nothing measured
	Findings          []guards.Found    // that say nothing about truth, in what is under decision now
}

// Buckets is how many groups callers fall into. A canary is applied to the first of
// them, so many as its share says.
const Buckets = 10_000

// Bucket is the group of the caller with this key: always the same for the same key.
func Bucket(key string) int {
	h := fnv.New64a()
	h.Write([]byte(key)) // never fails
	return int(mix(h.Sum64()) % Buckets)
}

// mix spreads the bits of a hash, whose low ones tell keys that end alike apart badly
// (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Phase says what a decision is about: what came in, before it is sent upstream,
// or the answer.
type Phase string

const (
	PromptPhase Phase = "prompt"
	AnswerPhase Phase = "answer"
)

// Counts are the sentences of a choice by verdict.
type Counts struct {
	Supported    int `json:"supported"`
	Contradicted int `json:"contradicted"`
	NotCovered   int `json:"not_covered"`
	NotClaim     int `json:"not_claim"`
	NotMeasured  int `json:"not_measured"`
}

// Add counts one more verdict.
func (c *Counts) Add(v guards.Verdict) {
	switch v {
	case guards.Supported:
		c.Supported++
	case guards.Contradicted:
		c.Contradicted++
	case guards.NotCovered:
		c.NotCovered++
	case guards.NotClaim:
		c.NotClaim++
	default:
		c.NotMeasured++
	}
}

// Checked is the number of claims with a verdict that rests on evidence or its absence.
func (c Counts) Checked() int { return c.Supported + c.Contradicted + c.NotCovered }

// Groundedness is supported ÷ checked claims; ok is false when none was checked.
func (c Counts) Groundedness() (g float64, ok bool) {
	if n := c.Checked(); n > 0 {
		return float64(c.Supported) / float64(n), true
	}
	return 0, false
}
