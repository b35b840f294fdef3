// Package groundtruth keeps a company's grounding sources and finds the
// passages that bear on a claim.
package groundtruth

import "time"

// Origin says who vouches for a piece of evidence.
type Origin string

const (
	FromIndex  Origin = "index"  // the company's ground truth
	FromCaller Origin = "caller" // sent with the request: tool results, context blocks
	FromFacts  Origin = "fact"   // a Fact of the ground truth, said as a sentence
)

// A Document is one grounding source as read from a file, before it is stored.
type Document struct {
	ID         string // stable name: the path or URL people know it by
	Collection string
	Title      string
	Media      string // "text/markdown", "application/pdf", ...
	Hash       string // hex SHA-256 of the original bytes and the reader's version
	Text       string // extracted text; every offset counts bytes of it
	Embedding  string // Embedder.ID of the model that made the passages' vectors; "" = they have none
	Passages   []Passage
	Records    Records // typed facts and approved answers that it states; covered by Hash
}

// A Passage is a piece of a source short enough to be quoted.
type Passage struct {
	Ordinal    int    // position in the source, from 0
	Heading    string // headings above it, " > " between them
	Start, End int    // byte offsets in the source's extracted text
	Text       string
	Vector     []float32 // where the text lies in the space of Document.Embedding; any length but zero, only its direction counts
}

// A Source is what the store says of a document it keeps.
type Source struct {
	ID         string    `json:"id"`
	Collection string    `json:"collection"`
	Title      string    `json:"title"`
	Media      string    `json:"media"`
	Hash       string    `json:"hash"`
	Revision   string    `json:"revision"` // of this source: the first 12 digits of Hash
	Passages   int       `json:"passages"`
	Facts      int       `json:"facts,omitempty"`
	Approved   int       `json:"approved,omitempty"`
	Bytes      int       `json:"bytes"`               // of the extracted text
	Embedding  string    `json:"embedding,omitempty"` // model of its vectors; "" = it is found by words only
	Updated    time.Time `json:"updated"`
}

// Evidence is one passage offered for or against a claim.
type Evidence struct {
	Source     string  `json:"source"`            // Source.ID, or "caller:..." for the caller's own context
	Title      string  `json:"title,omitempty"`   // for people
	Heading    string  `json:"heading,omitempty"` // where in the source
	Collection string  `json:"collection,omitempty"`
	Revision   string  `json:"revision,omitempty"` // of the source
	Fact       string  `json:"fact,omitempty"`     // Fact.ID, of evidence FromFacts
	Passage    int     `json:"passage"`            // Passage.Ordinal
	Start      int     `json:"start"`              // byte offset of Text, or of Quote once that is set, in the source's text
	Text       string  `json:"-"`                  // the whole passage
	Quote      string  `json:"quote"`              // the part that decides; set by the verifier
	Score      float64 `json:"score"`              // of the retrieval; higher is better, comparable within one query only
	Origin     Origin  `json:"origin"`
}
