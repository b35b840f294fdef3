package groundtruth

import (
	"context"
	"errors"
)

// ErrNotFound means that no such source exists in the collection.
var ErrNotFound = errors.New("source not found")

// Query asks for the passages nearest to a text. Collections is required: a
// query that names none finds nothing, so that a missing setting never widens
// what a caller can see.
//
// With a Vector, passages are ranked by words and by meaning, and the two ranks
// are fused; passages without vectors still rank by their words. A store that
// holds vectors of another model refuses with ErrEmbedding.
type Query struct {
	Collections []string
	Text        string
	K           int       // at most this many; 0 means DefaultK
	Vector      []float32 // of Text; nil searches by words only
	Embedding   string    // Embedder.ID of the model that made Vector
}

// DefaultK is how many passages a claim is compared with, and MaxK the most that
// one search returns.
const (
	DefaultK = 5
	MaxK     = 1000
)

// A Loader is a Store that takes many changes faster when it may put off what makes
// searches fast: they find the same meanwhile, and take longer.
type Loader interface {
	// Load returns the store to make the changes in, and what to call after them. If
	// that is never called, the next change elsewhere makes up for it.
	Load() (s Store, settle func(ctx context.Context) error)
}

// Limit is how many passages the query asks for.
func (q *Query) Limit() int {
	if q.K <= 0 {
		return DefaultK
	}
	return min(q.K, MaxK)
}

// Store keeps the passages of grounding sources and finds those near a text.
// It is safe for concurrent use. Every change makes a new Revision.
//
// A Store is one tenant's: the one it was opened for, "", or the one that For
// named. Nothing that it returns or changes is another tenant's.
type Store interface {
	// For is the same store for another tenant. It is cheap, and needs no Close.
	For(tenant string) Store
	// Search returns at most q.K passages, best first. An empty result is not
	// an error.
	Search(ctx context.Context, q Query) ([]Evidence, error)
	// Replace makes doc the whole content of its source, in one transaction,
	// and reports whether anything changed: a document whose Hash is stored
	// already, with vectors of the same model, changes nothing and makes no
	// revision. Vectors of another model than the stored ones are ErrEmbedding.
	Replace(ctx context.Context, doc Document) (changed bool, err error)
	// Delete removes a source; ErrNotFound if there is none.
	Delete(ctx context.Context, collection, sourceID string) error
	// ForgetVectors drops the vectors of all sources of the tenant, so that those of
	// another model can come; the sources are found by words until then.
	ForgetVectors(ctx context.Context) error
	// Sources lists what is stored, by collection and ID; "" lists every
	// collection.
	Sources(ctx context.Context, collection string) ([]Source, error)
	// Revision names the content of the whole store as search now sees it:
	// equal revisions give equal results. "0" is a tenant without sources.
	Revision() string
	// Stale says why the store is behind what others changed, or cannot be reached;
	// nil while all is well. It only remembers, and does not look.
	Stale() error
	// Close closes the store for all tenants.
	Close() error
}
