package groundtruth

import (
	"context"
	"encoding/json"
	"fmt"
)

// Records are what a document states in typed form, beside its text.
type Records struct {
	Facts    []Fact     `json:"facts,omitempty"`
	Approved []Approved `json:"approved,omitempty"`
}

// Empty reports whether there are none.
func (r *Records) Empty() bool { return len(r.Facts)+len(r.Approved) == 0 }

// MaxRecords bounds the records of one document.
const MaxRecords = 100_000

// Check reports the first record that cannot be used.
func (r *Records) Check() error {
	if n := len(r.Facts) + len(r.Approved); n > MaxRecords {
		return fmt.Errorf("%d facts and approved answers are more than %d", n, MaxRecords)
	}
	for i := range r.Facts {
		if err := r.Facts[i].Check(); err != nil {
			return fmt.Errorf("fact %d: %w", i+1, err)
		}
	}
	for i := range r.Approved {
		if err := r.Approved[i].Check(); err != nil {
			return fmt.Errorf("approved answer %d: %w", i+1, err)
		}
	}
	return nil
}

// Encode is the form in which stores keep records; "" when there are none.
func (r *Records) Encode() string {
	if r.Empty() {
		return ""
	}
	b, err := json.Marshal(r)
	if err != nil { // strings and slices of strings always marshal
		panic(err)
	}
	return string(b)
}

// DecodeRecords reads what Encode wrote.
func DecodeRecords(text string) (r Records, err error) {
	if text == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("reading stored facts: %w", err)
	}
	return r, nil
}

// Recorded is a source that holds records. They must not be changed.
type Recorded struct {
	Source
	Held Records
}

// Recorder is a Store that keeps the Records of documents.
type Recorder interface {
	Store
	// Recorded lists the tenant's sources that hold records, by collection and ID.
	Recorded(ctx context.Context) ([]Recorded, error)
}
