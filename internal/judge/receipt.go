package judge

import (
	"touchstone/guards"
	"touchstone/policies"
)

// Receipt is the record of one judged choice: what was found, what was decided,
// what ran and what did not. It is the `guard` object of a response, the body of
// `check -o json`, an `eval` prediction (without evidence) and the core of an
// audit entry. Its JSON form is stable; fields are only added.
type Receipt struct {
	ID           string           `json:"id"`
	Choice       int              `json:"choice,omitempty"`
	Score        float64          `json:"score"`   // probability that the answer is not supported (guards.AnswerScore)
	Verdict      guards.Verdict   `json:"verdict"` // of the worst sentence
	Action       policies.Action  `json:"action"`
	Groundedness *float64         `json:"groundedness,omitempty"` // supported ÷ checked; absent when none was checked
	Rules        []policies.Rule  `json:"rules,omitempty"`
	Shadow       []policies.Rule  `json:"shadow,omitempty"` // rules that fired and are not applied
	Bucket       int              `json:"bucket"`           // of the caller, for canaries: 0 to 9,999
	Sentences    []SentenceRecord `json:"sentences"`
	Findings     []FindingRecord  `json:"findings,omitempty"` // that say nothing about truth; those of the prompt are in the receipt of each choice
	Guards       []GuardRecord    `json:"guards,omitempty"`
	Skipped      []string         `json:"skipped,omitempty"` // parts of the answer that nothing measured
	Steps        []Step           `json:"steps,omitempty"`   // the decisions on the answer, in order; only in the record, so that it can be replayed
	Policy       string           `json:"policy_revision,omitempty"`
	Index        string           `json:"index_revision,omitempty"`
	Models       []Model          `json:"models,omitempty"` // that judged beside exact comparison
	Error        string           `json:"error,omitempty"`  // the policy engine failed
	Ms           float64          `json:"ms"`               // spent judging
}

// Model is an encoder that took part in judging.
type Model struct {
	Role   string `json:"role"` // "verifier"
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of its weights
}

// SentenceRecord is one sentence of a receipt.
type SentenceRecord struct {
	Start    int              `json:"start"` // byte offsets in the answer
	End      int              `json:"end"`
	Text     string           `json:"text,omitempty"`
	Verdict  guards.Verdict   `json:"verdict"`
	Category string           `json:"category,omitempty"`
	Score    float64          `json:"score"`
	Guard    string           `json:"guard,omitempty"` // whose verdict it is; "" when no guard gave one
	Reason   string           `json:"reason"`
	Evidence []EvidenceRecord `json:"evidence,omitempty"`
}

// EvidenceRecord is what a sentence's verdict rests on.
type EvidenceRecord struct {
	Source   string `json:"source"`
	Title    string `json:"title,omitempty"`
	Revision string `json:"revision,omitempty"`
	Fact     string `json:"fact,omitempty"` // its ID, where a fact is the evidence
	Start    int    `json:"start"`          // byte offset of Quote in the source's text
	Quote    string `json:"quote"`
}

// FindingRecord is a finding that says nothing about truth: private data, an
// insult, an injection.
type FindingRecord struct {
	Guard    string      `json:"guard"`
	Category string      `json:"category"`
	Group    string      `json:"group,omitempty"`
	Score    float64     `json:"score"`
	Side     guards.Side `json:"side"`
	Message  int         `json:"message,omitempty"`  // index of the text on other sides than the answer
	Sentence *int        `json:"sentence,omitempty"` // index; of the answer only
	Start    int         `json:"start"`              // byte offsets in the answer, or in the text that message names
	End      int         `json:"end"`
	Known    bool        `json:"known,omitempty"` // the same value stands in what the caller sent
	Reason   string      `json:"reason"`
}

// GuardRecord says whether a guard ran.
type GuardRecord struct {
	Guard   string         `json:"guard"`
	Phase   policies.Phase `json:"phase,omitempty"` // "prompt" for what came in; else ""
	Status  guards.Status  `json:"status"`
	Error   string         `json:"error,omitempty"`
	Detects bool           `json:"detects,omitempty"` // it gives no verdicts on statements
	Ms      float64        `json:"ms"`
}

// Receipt tells what has been judged so far.
func (c *Case) Receipt() Receipt {
	r := Receipt{
		ID: c.ex.ID, Choice: c.ex.Choice, Verdict: guards.NotClaim,
		Action: c.decision.Action, Rules: c.decision.Rules, Shadow: c.decision.Shadow, Bucket: policies.Bucket(c.ex.Key), Error: c.decision.Error,
		Skipped: c.skipped, Steps: c.steps, Policy: c.decision.Revision, Models: c.judge.Models,
		Sentences: make([]SentenceRecord, len(c.sentences)),
		Ms:        float64(c.took.Microseconds()) / 1000,
	}
	if c.judge.Index != nil {
		r.Index = c.judge.Index()
	}
	if g, ok := c.counts.Groundedness(); ok {
		r.Groundedness = &g
	}
	scores := make([]float64, 0, len(c.sentences))
	for i, s := range c.sentences {
		rec := SentenceRecord{
			Start: s.Claim.Start, End: s.Claim.End, Text: s.Claim.Text,
			Verdict: s.Verdict, Category: s.Category, Score: s.Score, Guard: s.Guard, Reason: s.Reason,
		}
		for _, e := range s.Evidence {
			rec.Evidence = append(rec.Evidence, EvidenceRecord{Source: e.Source, Title: e.Title, Revision: e.Revision, Fact: e.Fact, Start: e.Start, Quote: e.Quote})
		}
		r.Sentences[i] = rec
		if s.Verdict != guards.NotClaim {
			scores = append(scores, s.Score)
		}
		r.Verdict = guards.Worse(r.Verdict, s.Verdict)
	}
	r.Score = guards.AnswerScore(scores)
	if c.screened != nil {
		r.record(policies.PromptPhase, c.screened.Findings, c.screened.state)
		r.Ms += float64(c.screened.Took.Microseconds()) / 1000
	}
	r.record("", c.findings, c.status)
	return r
}

// record adds what guards found in one phase, and whether they ran.
func (r *Receipt) record(phase policies.Phase, findings []guards.Found, state []guards.Result) {
	for _, f := range findings {
		rec := FindingRecord{Guard: f.Guard, Category: f.Category, Group: f.Group, Score: f.Score, Side: f.Side,
			Message: f.Message, Start: f.Start, End: f.End, Known: f.Known, Reason: f.Reason}
		if f.Side == guards.InAnswer {
			rec.Sentence = &f.Claim.Index
		}
		r.Findings = append(r.Findings, rec)
	}
	for _, g := range state {
		r.Guards = append(r.Guards, GuardRecord{Guard: g.Guard, Phase: phase, Status: g.Status, Error: g.Error, Detects: g.Detects, Ms: float64(g.Took.Microseconds()) / 1000})
	}
}
