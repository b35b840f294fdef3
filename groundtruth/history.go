package groundtruth

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Versioned is a Store that remembers its changes.
type Versioned interface {
	Store
	// Changes lists the changes of the tenant's sources that q chooses, newest first.
	Changes(ctx context.Context, q ChangeQuery) ([]Change, error)
	// Then lists the sources as they were at a revision, each by the change that made
	// it so, by collection and ID.
	Then(ctx context.Context, number int64) ([]Change, error)
	// Version returns a document as a change left it, without vectors. ErrNotFound
	// means that there is no such change, that it removed the source, or that it was
	// forgotten.
	Version(ctx context.Context, collection, sourceID string, number int64) (Document, error)
	// Forget drops what sources were before the revision, for good. The state at it and
	// all later ones can still be told.
	Forget(ctx context.Context, before int64) (dropped int, err error)
}

// What a change did.
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// A Change is one step of the history of a source.
type Change struct {
	Number     int64     `json:"number"`   // of the revision that it made
	Revision   string    `json:"revision"` // State of the store after it
	At         time.Time `json:"at"`
	Author     string    `json:"author,omitempty"`
	What       string    `json:"what"`
	Collection string    `json:"collection"`
	Source     string    `json:"source"`
	Hash       string    `json:"hash,omitempty"` // of the source after it; "" once removed
}

// ChangeQuery chooses changes; empty fields choose all.
type ChangeQuery struct {
	Collection, Source string
	After              int64 // only changes later than this revision
	Limit              int   // at most this many; 0 means 100
}

// Most is how many changes the query asks for.
func (q *ChangeQuery) Most() int {
	if q.Limit <= 0 {
		return 100
	}
	return min(q.Limit, 100_000)
}

// Number reads a revision, "7-ab12cd34" or "7".
func Number(revision string) (int64, error) {
	text, _, _ := strings.Cut(revision, "-")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no revision: write it as 7-ab12cd34, or 7", revision)
	}
	return n, nil
}

// version is a document as it is kept in the history: passages are pieces of the text,
// and vectors are made anew.
type version struct {
	Title    string           `json:"title"`
	Media    string           `json:"media"`
	Hash     string           `json:"hash"`
	Text     string           `json:"text"`
	Passages []versionPassage `json:"passages,omitempty"`
	Records  Records          `json:"records,omitzero"`
}

type versionPassage struct {
	Heading string `json:"heading,omitempty"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

// EncodeVersion is the form in which stores keep a document in their history.
func EncodeVersion(d *Document) ([]byte, error) {
	v := version{Title: d.Title, Media: d.Media, Hash: d.Hash, Text: d.Text, Records: d.Records}
	for _, p := range d.Passages {
		v.Passages = append(v.Passages, versionPassage{p.Heading, p.Start, p.End})
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		err = json.NewEncoder(z).Encode(&v)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the version of %s: %w", d.ID, err)
	}
	return b.Bytes(), nil
}

// DecodeVersion reads what EncodeVersion wrote.
func DecodeVersion(collection, sourceID string, data []byte) (Document, error) {
	fail := func(err error) (Document, error) {
		return Document{}, fmt.Errorf("reading the kept version of %s: %w", sourceID, err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fail(err)
	}
	var v version
	if err := json.NewDecoder(io.LimitReader(z, maxVersion)).Decode(&v); err != nil {
		return fail(err)
	}
	d := Document{ID: sourceID, Collection: collection, Title: v.Title, Media: v.Media, Hash: v.Hash, Text: v.Text, Records: v.Records}
	for i, p := range v.Passages {
		if p.Start < 0 || p.Start > p.End || p.End > len(v.Text) {
			return fail(errors.New("a passage lies outside its text"))
		}
		d.Passages = append(d.Passages, Passage{Ordinal: i, Heading: p.Heading, Start: p.Start, End: p.End, Text: v.Text[p.Start:p.End]})
	}
	return d, nil
}

// maxVersion bounds one kept version, in bytes: far above what a document of
// DefaultMaxFile becomes.
const maxVersion = 1 << 30
