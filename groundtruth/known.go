package groundtruth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Known finds the facts and approved answers of a store that bear on a text. It
// keeps them in memory, tenant by tenant, and follows the store's revision. It is
// safe for concurrent use.
type Known struct {
	store Recorder // nil: nothing is known
	mu    sync.Mutex
	views map[string]*view
}

// NewKnown makes the Known of a store; one that keeps no records knows nothing.
func NewKnown(store Store) *Known {
	r, _ := store.(Recorder)
	return &Known{store: r, views: map[string]*view{}}
}

// view is what is known of one tenant.
type view struct {
	mu       sync.RWMutex
	revision string
	facts    []Stated
	approved []Endorsed
	// byStem leads from the rarest stem of a subject's name to the facts about it.
	byStem map[string][]named
}

// named is a name that facts have, as stems.
type named struct {
	collection string
	stems      []string
	facts      []int
}

// Stated is a fact and the source that holds it. Both must not be changed.
type Stated struct {
	*Fact
	In *Source
}

// Endorsed is an approved answer and the source that holds it. Both must not be
// changed.
type Endorsed struct {
	*Approved
	In *Source
}

// Evidence is the fact as evidence for or against a claim.
func (s *Stated) Evidence() Evidence {
	title := cmp.Or(s.Fact.Source, s.In.Title)
	text := s.Statement()
	return Evidence{Source: s.In.ID, Title: title, Collection: s.In.Collection, Revision: s.In.Revision, Fact: s.ID,
		Text: text, Quote: text, Origin: FromFacts}
}

// maxKnown bounds the facts that one text can be about, and maxNamed the bytes of it
// that are looked at.
const (
	maxKnown = 256
	maxNamed = 16 << 10
)

// Facts returns the facts of the collections whose subject the text names: all words
// of one of its names are in it. Facts of every scope and time are among them; those
// with the longest names come first, then by ID.
func (k *Known) Facts(ctx context.Context, tenant string, collections []string, text string) ([]Stated, error) {
	v, err := k.view(ctx, tenant)
	if err != nil || v == nil {
		return nil, err
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.facts) == 0 {
		return nil, nil
	}
	have := map[string]bool{}
	var order []string
	var t Tokenizer
	stems(&t, text[:min(len(text), maxNamed)], func(s string) {
		if !have[s] {
			have[s] = true
			order = append(order, s)
		}
	})
	found := map[int]int{} // fact → length of the name
	for _, s := range order {
		for _, n := range v.byStem[s] {
			if !slices.Contains(collections, n.collection) || slices.ContainsFunc(n.stems, func(s string) bool { return !have[s] }) {
				continue
			}
			for _, i := range n.facts {
				found[i] = max(found[i], len(n.stems))
			}
		}
	}
	list := make([]int, 0, len(found))
	for i := range found {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b int) int {
		return cmp.Or(found[b]-found[a], strings.Compare(v.facts[a].ID, v.facts[b].ID), a-b)
	})
	out := make([]Stated, min(len(list), maxKnown))
	for i := range out {
		out[i] = v.facts[list[i]]
	}
	return out, nil
}

// Approved returns the approved answers of the collections, by collection, source and
// place there.
func (k *Known) Approved(ctx context.Context, tenant string, collections []string) ([]Endorsed, error) {
	v, err := k.view(ctx, tenant)
	if err != nil || v == nil {
		return nil, err
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []Endorsed
	for _, a := range v.approved {
		if slices.Contains(collections, a.In.Collection) {
			out = append(out, a)
		}
	}
	return out, nil
}

// view is what is known of the tenant at the store's revision.
func (k *Known) view(ctx context.Context, tenant string) (*view, error) {
	if k == nil || k.store == nil {
		return nil, nil
	}
	k.mu.Lock()
	v := k.views[tenant]
	if v == nil {
		v = &view{}
		k.views[tenant] = v
	}
	k.mu.Unlock()
	store := k.store.For(tenant).(Recorder)
	revision := store.Revision()
	v.mu.RLock()
	current := v.revision == revision
	v.mu.RUnlock()
	if current {
		return v, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if revision = store.Revision(); v.revision == revision {
		return v, nil
	}
	list, err := store.Recorded(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the facts: %w", err)
	}
	v.fill(list)
	v.revision = revision
	return v, nil
}

func (v *view) fill(list []Recorded) {
	v.facts, v.approved, v.byStem = nil, nil, map[string][]named{}
	names := map[string]*named{}
	rarity := map[string]int{}
	var t Tokenizer
	for i := range list {
		in := &list[i].Source
		for k := range list[i].Held.Approved {
			v.approved = append(v.approved, Endorsed{&list[i].Held.Approved[k], in})
		}
		for k := range list[i].Held.Facts {
			f := &list[i].Held.Facts[k]
			at := len(v.facts)
			v.facts = append(v.facts, Stated{f, in})
			for _, name := range f.Names() {
				key := in.Collection + "\x00" + name
				n := names[key]
				if n == nil {
					n = &named{collection: in.Collection}
					stems(&t, name, func(s string) {
						if !slices.Contains(n.stems, s) {
							n.stems = append(n.stems, s)
						}
					})
					for _, s := range n.stems {
						rarity[s]++
					}
					names[key] = n
				}
				n.facts = append(n.facts, at)
			}
		}
	}
	for _, n := range names {
		if len(n.stems) == 0 {
			continue
		}
		rarest := slices.MinFunc(n.stems, func(a, b string) int { return cmp.Or(rarity[a]-rarity[b], strings.Compare(a, b)) })
		v.byStem[rarest] = append(v.byStem[rarest], *n)
	}
}

// stems calls yield with the stem of each term of text.
func stems(t *Tokenizer, text string, yield func(string)) {
	t.Terms(text, func(term []byte, _, _ int) bool {
		yield(stem(term))
		return true
	})
}

// Recorded implements Recorder.
func (s *SQLite) Recorded(ctx context.Context) ([]Recorded, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ix := s.index.Load()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var list []Recorded
	for at, c := range ix.collections {
		if at.tenant != s.tenant {
			continue
		}
		for _, src := range c.sources {
			if !src.records.Empty() {
				list = append(list, Recorded{src.Source, src.records})
			}
		}
	}
	slices.SortFunc(list, func(a, b Recorded) int {
		return cmp.Or(strings.Compare(a.Collection, b.Collection), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

var _ Recorder = (*SQLite)(nil)
