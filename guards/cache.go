package guards

import (
	"hash/maphash"
	"slices"
	"sync"

	"touchstone/groundtruth"
)

// cacheBytes bounds the memory of analysed passages, all shards together. A
// passage of sixty words takes less than 1 KiB besides its text.
const cacheBytes = 24 << 20

const cacheShards = 16

// passageCache keeps analyses of passages by their content. It is safe for
// concurrent use. Each shard has two generations: what was used since the last
// turn, and what was used in the turn before; a turn drops the older one.
type passageCache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu         sync.Mutex
	young, old map[uint64]*analysis
	bytes      int // of young
}

// analysis is a passage as the verifier reads it, packed.
type analysis struct {
	title, heading, text string
	data                 []byte
}

// size is the memory of an analysis in bytes, roughly. Its text counts, though
// that of a stored passage is the store's.
func (a *analysis) size() int {
	return len(a.title) + len(a.heading) + len(a.text) + len(a.data) + 128
}

func newPassageCache() *passageCache {
	c := &passageCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].young = make(map[uint64]*analysis)
	}
	return c
}

// blocks returns a passage as it is read, in the memory of s; from the cache if
// it is there.
func (c *passageCache) blocks(s *scratch, e *groundtruth.Evidence) []blockAt {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(e.Title)
	h.WriteByte(0)
	h.WriteString(e.Heading)
	h.WriteByte(0)
	h.WriteString(e.Text)
	key := h.Sum64()
	shard := &c.shards[key%cacheShards]
	if a := shard.find(key); a != nil && a.text == e.Text && a.heading == e.Heading && a.title == e.Title { // the hash alone is no proof
		return unpack(s, a.data, a.text)
	}
	blocks := analyse(s, headOf(e), e.Text)
	const most = cacheBytes / cacheShards / 4 // one giant must not push out everything else
	if len(e.Text) < most {
		s.packed = pack(s.packed[:0], blocks)
		if a := (&analysis{e.Title, e.Heading, e.Text, slices.Clone(s.packed)}); a.size() < most {
			shard.mu.Lock()
			shard.put(key, a)
			shard.mu.Unlock()
		}
	}
	return blocks
}

// find returns what is kept under key, and keeps it on.
func (s *cacheShard) find(key uint64) *analysis {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.young[key]
	if a == nil {
		if a = s.old[key]; a != nil {
			s.put(key, a)
		}
	}
	return a
}

func (s *cacheShard) put(key uint64, a *analysis) {
	if _, ok := s.young[key]; ok {
		return
	}
	size := a.size()
	if s.bytes+size > cacheBytes/cacheShards/2 {
		s.old, s.young, s.bytes = s.young, make(map[uint64]*analysis, len(s.young)), 0
	}
	s.young[key] = a
	s.bytes += size
}
