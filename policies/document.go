package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"touchstone/guards"
)

// document is the JSON form of an Input: what Value writes.
type document struct {
	Version      int                           `json:"version"`
	Now          time.Time                     `json:"now"`
	Bucket       int                           `json:"bucket"`
	Phase        Phase                         `json:"phase"`
	App          string                        `json:"app"`
	Route        string                        `json:"route"`
	Model        string                        `json:"model"`
	Choice       int                           `json:"choice"`
	Streamed     bool                          `json:"streamed"`
	Final        bool                          `json:"final"`
	Sentences    map[guards.Verdict][]sentence `json:"sentences"`
	Counts       *documentCounts               `json:"counts"`
	Groundedness *float64                      `json:"groundedness"`
	Guards       map[string]guardState         `json:"guards"`
	Unmeasured   []string                      `json:"unmeasured"`
	Skipped      []string                      `json:"skipped"`
	Findings     []finding                     `json:"findings"`
	Candidates   json.RawMessage               `json:"candidates"` // made anew
}

type sentence struct {
	Index    int     `json:"index"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	Category string  `json:"category"`
	Score    float64 `json:"score"`
	Guard    string  `json:"guard"`
}

type documentCounts struct {
	Checked int `json:"checked"`
	Counts
}

type guardState struct {
	Status guards.Status `json:"status"`
	Error  string        `json:"error"`
	Truth  bool          `json:"truth"`
}

type finding struct {
	Guard    string      `json:"guard"`
	Category string      `json:"category"`
	Group    string      `json:"group"`
	Score    float64     `json:"score"`
	Side     guards.Side `json:"side"`
	Message  int         `json:"message"`
	Sentence *int        `json:"sentence"`
	Start    int         `json:"start"`
	End      int         `json:"end"`
	Known    bool        `json:"known"`
}

// ParseInput reads the JSON form of an input, as docs/policies.md and Schema describe
// it. Fields may be left out, and are then empty; unknown ones are an error. What
// follows from other fields (counts.checked, groundedness, unmeasured) is not read but
// made anew; without counts, those of the sentences are taken.
func ParseInput(text []byte) (*Input, error) {
	var d document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("reading the input: %w", err)
	}
	if d.Version != 0 && d.Version != InputVersion {
		return nil, fmt.Errorf("reading the input: it is of version %d, not %d", d.Version, InputVersion)
	}
	in := &Input{
		Now: d.Now, Bucket: d.Bucket, Phase: d.Phase, App: d.App, Route: d.Route, Model: d.Model,
		Choice: d.Choice, Streamed: d.Streamed, Final: d.Final, Skipped: d.Skipped,
	}
	for verdict, list := range d.Sentences {
		if !slices.Contains(verdicts, verdict) {
			return nil, fmt.Errorf("reading the input: sentences.%s is no verdict", verdict)
		}
		for _, s := range list {
			in.Sentences = append(in.Sentences, guards.Sentence{Guard: s.Guard, Finding: guards.Finding{
				Claim: guards.Claim{Index: s.Index, Start: s.Start, End: s.End}, Verdict: verdict, Category: s.Category, Score: s.Score,
			}})
		}
	}
	slices.SortStableFunc(in.Sentences, func(a, b guards.Sentence) int { return a.Claim.Index - b.Claim.Index })
	if d.Counts != nil {
		in.Counts = d.Counts.Counts
	} else {
		for i := range in.Sentences {
			in.Counts.Add(in.Sentences[i].Verdict)
		}
	}
	for name, g := range d.Guards {
		in.Guards = append(in.Guards, guards.Result{Guard: name, Status: g.Status, Error: g.Error, Detects: !g.Truth})
	}
	slices.SortFunc(in.Guards, func(a, b guards.Result) int { return strings.Compare(a.Guard, b.Guard) })
	for _, f := range d.Findings {
		found := guards.Found{Guard: f.Guard, Finding: guards.Finding{
			Category: f.Category, Group: f.Group, Score: f.Score, Side: f.Side, Message: f.Message, Start: f.Start, End: f.End, Known: f.Known,
		}}
		if f.Sentence != nil {
			found.Claim.Index = *f.Sentence
		}
		in.Findings = append(in.Findings, found)
	}
	return in, nil
}
