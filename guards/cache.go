package guards

import (
	"hash/maphash"
	"sync"
)

// cacheBytes bounds the memory of analysed passages, all shards together.
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

// analysis is a passage as the verifier reads it.
type analysis struct {
	head, text string
	blocks     []blockAt
	size       int
}

func newPassageCache() *passageCache {
	c := &passageCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].young = make(map[uint64]*analysis)
	}
	return c
}

// analyse returns the analysis of a passage, from the cache if it is there.
func (c *passageCache) analyse(head, text string) *analysis {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(head)
	h.WriteByte(0)
	h.WriteString(text)
	key := h.Sum64()
	s := &c.shards[key%cacheShards]
	s.mu.Lock()
	a := s.young[key]
	if a == nil {
		if a = s.old[key]; a != nil {
			s.put(key, a)
		}
	}
	s.mu.Unlock()
	if a != nil && a.text == text && a.head == head { // the hash alone is no proof
		return a
	}
	a = &analysis{head: head, text: text, blocks: analyse(head, text)}
	a.size = len(head) + 160
	for _, b := range a.blocks {
		a.size += b.size
	}
	if a.size > cacheBytes/cacheShards/4 { // one giant must not push out everything else
		return a
	}
	s.mu.Lock()
	s.put(key, a)
	s.mu.Unlock()
	return a
}

func (s *cacheShard) put(key uint64, a *analysis) {
	if _, ok := s.young[key]; ok {
		return
	}
	if s.bytes+a.size > cacheBytes/cacheShards/2 {
		s.old, s.young, s.bytes = s.young, make(map[uint64]*analysis, len(s.young)), 0
	}
	s.young[key] = a
	s.bytes += a.size
}
