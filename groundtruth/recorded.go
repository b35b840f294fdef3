package groundtruth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// A Holder is where a record stands.
type Holder struct {
	Collection string `json:"collection"`
	In         string `json:"in"`       // the source
	Revision   string `json:"revision"` // of the source
}

// FactIn is a fact and where it stands.
type FactIn struct {
	Fact
	Holder
}

// ApprovedIn is an approved answer and where it stands.
type ApprovedIn struct {
	Approved
	Holder
}

// AllFacts lists the facts of sources for which keep is true, in their order.
func AllFacts(list []Recorded, keep func(*FactIn) bool) []FactIn {
	out := []FactIn{}
	for i := range list {
		for _, f := range list[i].Held.Facts {
			if at := (FactIn{f, list[i].holder()}); keep(&at) {
				out = append(out, at)
			}
		}
	}
	return out
}

// AllApproved lists the approved answers of sources for which keep is true, in their
// order.
func AllApproved(list []Recorded, keep func(*ApprovedIn) bool) []ApprovedIn {
	out := []ApprovedIn{}
	for i := range list {
		for _, a := range list[i].Held.Approved {
			if at := (ApprovedIn{a, list[i].holder()}); keep(&at) {
				out = append(out, at)
			}
		}
	}
	return out
}

func (r *Recorded) holder() Holder { return Holder{r.Collection, r.ID, r.Source.Revision} }

// Mentions reports whether the fact and its place have all the words; case does not
// count.
func (f *FactIn) Mentions(words ...string) bool {
	return mentions(words, f.Subject, f.Attribute, f.Amount(), f.Scope.String(), f.Source, f.Author, f.In, f.ID)
}

// Mentions is FactIn.Mentions of an approved answer.
func (a *ApprovedIn) Mentions(words ...string) bool {
	return mentions(words, strings.Join(a.Questions, " "), a.Answer, a.Scope.String(), a.Source, a.Author, a.In, a.ID)
}

func mentions(words []string, texts ...string) bool {
	text := strings.ToLower(strings.Join(texts, " "))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) })
}

// Recorder is a Store that keeps the Records of documents.
type Recorder interface {
	Store
	// Recorded lists the tenant's sources that hold records, by collection and ID.
	Recorded(ctx context.Context) ([]Recorded, error)
}

// ErrShared means that a record stands in a document that holds more than records,
// and so can only be changed there.
var ErrShared = errors.New("it comes from a table of the document: change it there")

// Drop removes the records with an ID from every source of the collection that holds
// nothing but records; "" looks in all collections. It returns how many sources changed;
// ErrNotFound if none has it.
func Drop(ctx context.Context, store Recorder, collection, id string) (changed int, err error) {
	list, err := store.Recorded(ctx)
	if err != nil {
		return 0, err
	}
	shared := ""
	for _, in := range list {
		if collection != "" && in.Collection != collection {
			continue
		}
		left := Records{
			Facts:    slices.DeleteFunc(slices.Clone(in.Held.Facts), func(f Fact) bool { return f.ID == id }),
			Approved: slices.DeleteFunc(slices.Clone(in.Held.Approved), func(a Approved) bool { return a.ID == id }),
		}
		switch {
		case len(left.Facts) == len(in.Held.Facts) && len(left.Approved) == len(in.Held.Approved):
			continue
		case in.Media != MediaFacts && in.Media != MediaApproved:
			shared = in.ID
			continue
		case left.Empty():
			err = store.Delete(ctx, in.Collection, in.ID)
		default:
			doc := NewRecords(in.Title, in.Media, left)
			doc.ID, doc.Collection = in.ID, in.Collection
			_, err = store.Replace(ctx, doc)
		}
		if err != nil {
			return changed, err
		}
		changed++
	}
	switch {
	case changed == 0 && shared != "":
		return 0, fmt.Errorf("%s: %w", shared, ErrShared)
	case changed == 0:
		return 0, ErrNotFound
	}
	return changed, nil
}
