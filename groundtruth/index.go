package groundtruth

import (
	"sync"

	"github.com/kljensen/snowball/english"
)

// An index is an inverted index over the passages of all collections, in
// memory. Any number of goroutines may search it while one changes it: what a
// change adds stays hidden until publish makes all of it visible at once, and
// no lock is held for longer than a few passages take.
type index struct {
	mu          sync.RWMutex
	words       map[string]uint32 // a folded word as met -> term
	stems       map[string]uint32 // a stem -> the same term
	collections map[place]*collection
	revision    revision

	// For the one writer.
	tok    Tokenizer
	counts []uint16 // by term: how often in the passage at hand, in halves
	seen   []uint32 // terms with a count
}

// A place is where sources are kept apart from others.
type place struct{ tenant, collection string }

// A collection has its own postings, so that a search of one collection cannot
// touch another. A passage is known by its number in docs.
type collection struct {
	terms   map[uint32]*postings
	docs    []document
	lengths []uint16 // of each passage, in half terms
	hidden  []uint64 // bit set: not yet published, or removed
	live    int      // passages that are visible
	length  int64    // of those, in half terms
	sources map[string]*source
	vectors vectors
	// Of the vectors; one model a tenant.
	embedding string
	embedded  int // visible sources that have some
}

type document struct {
	src     *source
	ordinal int
}

// source is one stored document; it never changes.
type source struct {
	Source
	tenant   string
	passages []Passage // without vectors
	records  Records
	packed   [][]byte // their vectors until they are in the index; nil if there are none
	dims     int      // components of each
	digest   uint64
	first    int // number of its first passage in docs
}

// postings lists the passages that hold a term, by ascending number.
type postings struct {
	list  []posting
	dense []uint16 // of a frequent term: posting.tf by passage, for look-ups
	live  int      // visible ones
	delta int      // by how much the change at hand alters live
	// maxTF and minLength bound what any passage can score for this term.
	maxTF, minLength uint16
}

// posting says how often a passage holds a term, and how long the passage is,
// both in halves of a term: a word of the text counts two, one of the heading
// or the title counts one.
type posting struct {
	doc        uint32
	tf, length uint16
}

const (
	weightText    = 2
	weightHeading = 1
)

func newIndex() *index {
	return &index{words: map[string]uint32{}, stems: map[string]uint32{}, collections: map[place]*collection{}}
}

func (src *source) place() place { return place{src.tenant, src.Collection} }

func newCollection() *collection {
	return &collection{terms: map[uint32]*postings{}, sources: map[string]*source{}}
}

func (c *collection) isHidden(doc uint32) bool { return c.hidden[doc>>6]&(1<<(doc&63)) != 0 }

// stem reduces an English word to its stem; other terms stay as they are.
func stem(word []byte) string {
	for _, c := range word {
		if c < 'a' || c > 'z' {
			return string(word)
		}
	}
	return english.Stem(string(word), false)
}

// lookup finds the term of a folded word, under the read lock.
func (ix *index) lookup(word []byte) (uint32, bool) {
	if id, ok := ix.words[string(word)]; ok {
		return id, true
	}
	// A form that no passage has: "refunding" where they say "refunds".
	id, ok := ix.stems[stem(word)]
	return id, ok
}

// intern is lookup for the writer: a new word gets a term. Only the writer
// changes the maps, so it reads them without the lock.
func (ix *index) intern(word []byte) uint32 {
	if id, ok := ix.words[string(word)]; ok {
		return id
	}
	s := stem(word)
	ix.mu.Lock()
	defer ix.mu.Unlock()
	id, ok := ix.stems[s]
	if !ok {
		id = uint32(len(ix.stems))
		ix.stems[s] = id
	}
	ix.words[string(word)] = id
	return id
}

// count tallies the terms of a passage into ix.counts and ix.seen, and returns
// its length in half terms.
func (ix *index) count(title string, p *Passage) (length int) {
	ix.seen = ix.seen[:0]
	add := func(text string, weight uint16) {
		ix.tok.Terms(text, func(term []byte, _, _ int) bool {
			id := ix.intern(term)
			if int(id) >= len(ix.counts) {
				ix.counts = append(ix.counts, make([]uint16, int(id)+1024-len(ix.counts))...)
			}
			if ix.counts[id] == 0 {
				ix.seen = append(ix.seen, id)
			}
			ix.counts[id] = min(ix.counts[id]+weight, 1<<15)
			length += int(weight)
			return true
		})
	}
	add(p.Text, weightText)
	add(p.Heading, weightHeading)
	add(title, weightHeading)
	return min(length, 1<<16-1)
}

// A change is what publish makes visible: sources added to the postings, and
// those that go.
type change struct {
	ix        *index
	add, drop []*source
	touched   []*postings // each at least once
	length    map[*collection]int64
}

func (ix *index) begin() *change {
	return &change{ix: ix, length: map[*collection]int64{}}
}

// alter notes that one passage more or less holds a term.
func (ch *change) alter(pl *postings, by int) {
	if pl.delta == 0 {
		ch.touched = append(ch.touched, pl)
	}
	pl.delta += by
}

// put adds a source, still hidden.
func (ch *change) put(src *source) {
	ix := ch.ix
	c := ix.collections[src.place()]
	if c == nil {
		c = newCollection()
		ix.mu.Lock()
		ix.collections[src.place()] = c
		ix.mu.Unlock()
	}
	src.first = len(c.docs)
	for i := range src.passages {
		length := ix.count(src.Title, &src.passages[i])
		ch.length[c] += int64(length)
		ix.mu.Lock()
		doc := uint32(len(c.docs))
		c.docs = append(c.docs, document{src, i})
		c.lengths = append(c.lengths, uint16(length))
		if int(doc>>6) >= len(c.hidden) {
			c.hidden = append(c.hidden, 0)
		}
		c.hidden[doc>>6] |= 1 << (doc & 63)
		if src.packed != nil {
			c.vectors.set(doc, src.packed[i])
		}
		for _, id := range ix.seen {
			pl := c.terms[id]
			if pl == nil {
				pl = &postings{minLength: 1<<16 - 1}
				c.terms[id] = pl
			}
			tf := ix.counts[id]
			pl.add(posting{doc, tf, uint16(length)})
			ch.alter(pl, 1)
		}
		ix.mu.Unlock()
		for _, id := range ix.seen {
			ix.counts[id] = 0
		}
	}
	src.packed = nil // one copy
	ch.add = append(ch.add, src)
}

// add appends a posting. A term in more than an eighth of the passages, counted
// once there are some, gets a table by passage as well.
func (pl *postings) add(p posting) {
	pl.list = append(pl.list, p)
	pl.maxTF, pl.minLength = max(pl.maxTF, p.tf), min(pl.minLength, p.length)
	if pl.dense != nil {
		pl.setDense(p)
	} else if len(pl.list)%256 == 0 && len(pl.list) > int(p.doc)/8 {
		pl.dense = make([]uint16, int(p.doc)+1, 2*int(p.doc)+2)
		for _, q := range pl.list {
			pl.setDense(q)
		}
	}
}

func (pl *postings) setDense(p posting) {
	if n := int(p.doc) + 1; n > len(pl.dense) {
		pl.dense = append(pl.dense, make([]uint16, n-len(pl.dense))...)
	}
	pl.dense[p.doc] = p.tf
}

// remove takes a source away at the next publish.
func (ch *change) remove(src *source) {
	ix := ch.ix
	c := ix.collections[src.place()]
	for i := range src.passages {
		ch.length[c] -= int64(ix.count(src.Title, &src.passages[i]))
		for _, id := range ix.seen {
			ch.alter(c.terms[id], -1)
			ix.counts[id] = 0
		}
	}
	ch.drop = append(ch.drop, src)
}

// publish makes the change visible, all at once.
func (ch *change) publish(rev revision) {
	ix := ch.ix
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, src := range ch.drop { // before add: a source is replaced under its own name
		c := ix.collections[src.place()]
		delete(c.sources, src.ID)
		c.show(src, false)
		if src.dims > 0 {
			c.embedded--
		}
	}
	for _, src := range ch.add {
		c := ix.collections[src.place()]
		c.sources[src.ID] = src
		c.show(src, true)
		if src.dims > 0 {
			c.embedded++
			c.embedding = src.Embedding
		}
	}
	first := ix.revision == revision{}
	for _, pl := range ch.touched {
		pl.live, pl.delta = pl.live+pl.delta, 0
		if first { // most passages come with the first change: the room that lists grew by is not used soon
			pl.list, pl.dense = exact(pl.list), exact(pl.dense)
		}
	}
	for c, n := range ch.length {
		c.length += n
	}
	ix.revision = rev
}

// exact returns s in memory of its own size.
func exact[T any](s []T) []T {
	if len(s) == cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

func (c *collection) show(src *source, visible bool) {
	for doc := src.first; doc < src.first+len(src.passages); doc++ {
		if visible {
			c.hidden[doc>>6] &^= 1 << (doc & 63)
			c.live++
		} else {
			c.hidden[doc>>6] |= 1 << (doc & 63)
			c.live--
		}
	}
}

// wasteful reports whether more passages were removed than are left, so that
// building the index anew pays.
func (ix *index) wasteful() bool {
	all, live := 0, 0
	for _, c := range ix.collections {
		all, live = all+len(c.docs), live+c.live
	}
	return all-live > live+1024
}

// rebuilt returns a new index over the same sources but for those that differ.
func (ix *index) rebuilt(differ []*source, rev revision) *index {
	gone := map[*source]bool{}
	for _, src := range differ {
		if c := ix.collections[src.place()]; c != nil {
			gone[c.sources[src.ID]] = true
		}
	}
	next := newIndex()
	ch := next.begin()
	for _, c := range ix.collections {
		for _, src := range c.sources {
			if gone[src] {
				continue
			}
			again := *src
			for i := range src.passages {
				if src.dims > 0 {
					again.packed = append(again.packed, c.vectors.blob(uint32(src.first+i)))
				}
			}
			ch.put(&again)
		}
	}
	for _, src := range differ {
		if src.Hash != "" {
			ch.put(src)
		}
	}
	ch.publish(rev)
	return next
}

// fit reports whether the vectors of sources can stand beside those that their
// collections have.
func (ix *index) fit(sources []*source) bool {
	for _, src := range sources {
		if c := ix.collections[src.place()]; c != nil && src.dims > 0 && c.vectors.dims > 0 && c.vectors.dims != src.dims {
			return false
		}
	}
	return true
}
