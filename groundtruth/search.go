package groundtruth

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
)

// BM25's usual parameters.
const (
	k1 = 1.2
	b  = 0.75
)

// maxQueryTerms bounds the different terms of a query that are looked at.
const maxQueryTerms = 256

// A searcher holds the scratch space of one search; they are pooled.
type searcher struct {
	nearest
	tok   Tokenizer
	terms []queryTerm
	cols  []*collection
	lists []*postings // of the collection at hand, by query term
	bound []float32   // the most that the terms from here on can add
	score []float32   // by passage
	met   []uint32    // passages with a score
	kept  []uint32    // of those, the ones that still have a chance
	near  []float32   // the best scores, ascending
	top   []hit       // the best passages, best first
}

type queryTerm struct {
	id     uint32
	times  int
	df     int
	weight float32 // idf x times x (k1+1)
}

type hit struct {
	document
	col   *collection
	doc   uint32
	score float32
}

var searchers = sync.Pool{New: func() any { return new(searcher) }}

// search ranks the passages of the named collections by BM25, as if those
// collections were all there is, fuses that with their nearness to q.Vector, and
// returns at most k.
func (ix *index) search(tenant string, q Query) ([]Evidence, error) {
	k := q.Limit()
	s := searchers.Get().(*searcher)
	defer searchers.Put(s)
	ix.mu.RLock()
	total, length := s.pick(ix, tenant, q.Collections)
	hybrid, err := s.snapshot(&q)
	if err != nil {
		ix.mu.RUnlock()
		s.forget()
		return nil, err
	}
	words := k
	if hybrid {
		words = max(k, fuseDepth)
	}
	if total > 0 && s.parse(ix, q.Text) {
		s.weigh(total)
		norm := 2 * k1 * b * float32(total) / float32(length)
		for _, c := range s.cols {
			s.rank(c, words, norm)
		}
	}
	if hybrid {
		// What was published stays as it is, so that the long part needs no lock.
		ix.mu.RUnlock()
		s.compareAll(q.Vector, words)
		s.fuse(k)
	} else {
		ix.mu.RUnlock()
	}
	out := make([]Evidence, len(s.top))
	for i, h := range s.top {
		p := &h.src.passages[h.ordinal]
		out[i] = Evidence{Source: h.src.ID, Title: h.src.Title, Heading: p.Heading, Collection: h.src.Collection,
			Revision: h.src.Revision, Passage: p.Ordinal, Start: p.Start, Text: p.Text, Score: float64(h.score), Origin: FromIndex}
	}
	s.forget()
	return out, nil
}

// pick finds the collections and adds up their passages and lengths.
func (s *searcher) pick(ix *index, tenant string, names []string) (total int, length int64) {
	s.cols = s.cols[:0]
	for _, name := range names {
		c := ix.collections[place{tenant, name}]
		if c == nil || c.live == 0 || slices.Contains(s.cols, c) {
			continue
		}
		s.cols = append(s.cols, c)
		total, length = total+c.live, length+c.length
	}
	return total, length
}

// parse fills s.terms with the different terms of text that the index knows.
func (s *searcher) parse(ix *index, text string) bool {
	s.terms = s.terms[:0]
	s.tok.Terms(text, func(term []byte, _, _ int) bool {
		id, ok := ix.lookup(term)
		if !ok {
			return true
		}
		for i := range s.terms {
			if s.terms[i].id == id {
				s.terms[i].times++
				return true
			}
		}
		s.terms = append(s.terms, queryTerm{id: id, times: 1})
		return len(s.terms) < maxQueryTerms
	})
	return len(s.terms) > 0
}

// weigh gives each term its weight among total passages, drops those that no
// passage has, and puts the rarest first.
func (s *searcher) weigh(total int) {
	known := s.terms[:0]
	for _, t := range s.terms {
		for _, c := range s.cols {
			if pl := c.terms[t.id]; pl != nil {
				t.df += pl.live
			}
		}
		if t.df > 0 {
			idf := math.Log(1 + (float64(total-t.df)+0.5)/(float64(t.df)+0.5))
			t.weight = float32(idf * float64(t.times) * (k1 + 1))
			known = append(known, t)
		}
	}
	s.terms = known
	slices.SortStableFunc(s.terms, func(a, b queryTerm) int { return a.df - b.df })
}

// gain is what a term adds to the score of a passage; norm is 2·k1·b over the
// mean length.
func gain(weight, norm float32, tf, length uint16) float32 {
	f := float32(tf)
	return weight * f / (f + 2*k1*(1-b) + norm*float32(length))
}

// rank adds the best passages of c to s.top. It takes the terms rarest first
// and keeps a score for each passage met, until the terms left cannot lift a
// passage not met yet among the best k; then only passages that still have a
// chance are looked up in the long lists of frequent words. The outcome is that
// of scoring every passage.
func (s *searcher) rank(c *collection, k int, norm float32) {
	n := len(s.terms)
	s.lists, s.bound = s.lists[:0], slices.Grow(s.bound[:0], n+1)[:n+1]
	for _, t := range s.terms {
		s.lists = append(s.lists, c.terms[t.id])
	}
	s.bound[n] = 0
	for i := n - 1; i >= 0; i-- {
		s.bound[i] = s.bound[i+1]
		if pl := s.lists[i]; pl != nil {
			s.bound[i] += gain(s.terms[i].weight, norm, pl.maxTF, pl.minLength)
		}
	}
	if len(s.score) < len(c.docs) {
		s.score = make([]float32, len(c.docs)+len(c.docs)/4)
		s.met, s.kept = make([]uint32, len(s.score)+1), make([]uint32, len(s.score)+1)
	}
	met, i := 0, 0
	var floor float32
	for ; i < n; i++ {
		pl := s.lists[i]
		if pl == nil {
			continue
		}
		if met >= k && len(pl.list) > 64+met/4 {
			if floor = s.kth(c, s.met[:met], k); s.bound[i]*slack < floor {
				break
			}
		}
		met = s.add(pl.list, s.terms[i].weight, norm, met)
	}
	near := s.met[:met]
	for ; i < n; i++ {
		pl := s.lists[i]
		if pl == nil {
			continue
		}
		near = s.prune(near, s.bound[i], floor)
		s.lift(c, pl, near, s.terms[i].weight, norm)
		floor = s.kth(c, near, k)
	}
	for _, doc := range near {
		if score := s.score[doc]; score >= floor && !c.isHidden(doc) {
			s.offer(hit{c.docs[doc], c, doc, score}, k)
		}
	}
	for _, doc := range s.met[:met] {
		s.score[doc] = 0
	}
}

// slack widens bounds: sums of float32 in another order differ in their last digits.
const slack = 1.0001

// prune keeps the passages that can reach floor with rest added, in s.kept.
func (s *searcher) prune(met []uint32, rest, floor float32) []uint32 {
	score, kept := s.score, s.kept
	n := 0
	for _, doc := range met {
		kept[n] = doc // never past the one that is looked at: met may be kept itself
		if (score[doc]+rest)*slack >= floor {
			n++
		}
	}
	return kept[:n]
}

// lift adds what a frequent term gives to the passages in near. What it adds to
// others that were met does no harm: they are out.
func (s *searcher) lift(c *collection, pl *postings, near []uint32, weight, norm float32) {
	score := s.score
	switch {
	case pl.dense != nil:
		for _, doc := range near {
			if int(doc) < len(pl.dense) && pl.dense[doc] > 0 {
				score[doc] += gain(weight, norm, pl.dense[doc], c.lengths[doc])
			}
		}
	case len(near)*8 > len(pl.list):
		for _, p := range pl.list {
			if old := score[p.doc]; old != 0 {
				score[p.doc] = old + gain(weight, norm, p.tf, p.length)
			}
		}
	default:
		for _, doc := range near {
			if p, ok := pl.find(doc); ok {
				score[doc] += gain(weight, norm, p.tf, p.length)
			}
		}
	}
}

// add scores the passages of one posting list. Of s.met the first met are in use.
func (s *searcher) add(list []posting, weight, norm float32, met int) int {
	score, seen := s.score, s.met
	for _, p := range list {
		old := score[p.doc]
		seen[met] = p.doc
		if old == 0 {
			met++
		}
		score[p.doc] = old + gain(weight, norm, p.tf, p.length)
	}
	return met
}

// kth returns the k-th best score so far, of passages that are visible, or 0 if
// there are fewer: what scores less is not among the best k.
func (s *searcher) kth(c *collection, met []uint32, k int) float32 {
	near := s.near[:0]
	for _, doc := range met {
		score := s.score[doc]
		if len(near) == k && score <= near[0] || c.isHidden(doc) {
			continue
		}
		if len(near) == k {
			copy(near, near[1:])
			near = near[:k-1]
		}
		at, _ := slices.BinarySearch(near, score)
		near = slices.Insert(near, at, score)
	}
	s.near = near
	floor := float32(0)
	if len(near) == k {
		floor = near[0]
	}
	if len(s.top) == k {
		floor = max(floor, s.top[k-1].score)
	}
	return floor
}

// offer keeps h if it is among the best k.
func (s *searcher) offer(h hit, k int) {
	if len(s.top) == k && h.compare(s.top[k-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(s.top, h, hit.compare)
	if len(s.top) == k {
		s.top = s.top[:k-1]
	}
	s.top = slices.Insert(s.top, at, h)
}

// compare orders hits by score, best first, and then by name, never by when they
// were stored: the same content gives the same results.
func (h hit) compare(o hit) int {
	if c := cmp.Compare(o.score, h.score); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(h.src.Collection, o.src.Collection),
		strings.Compare(h.src.ID, o.src.ID), cmp.Compare(h.ordinal, o.ordinal))
}

// find looks a passage up in the list.
func (pl *postings) find(doc uint32) (posting, bool) {
	lo, hi := 0, len(pl.list)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); pl.list[mid].doc < doc {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(pl.list) && pl.list[lo].doc == doc {
		return pl.list[lo], true
	}
	return posting{}, false
}
