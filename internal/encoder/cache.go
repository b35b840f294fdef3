package encoder

import "container/list"

// cache keeps the rows used last within a number of bytes. Not safe for concurrent
// use by itself.
type cache struct {
	limit, size int // bytes
	byKey       map[key]*list.Element
	used        list.List // of *cached, last used first
}

type cached struct {
	key key
	row []float32
}

// What an entry takes beside its numbers: key twice, list element, map slot.
const cachedOverhead = 240

func newCache(limit int) *cache { return &cache{limit: limit, byKey: map[key]*list.Element{}} }

func (c *cache) find(k key) []float32 {
	el := c.byKey[k]
	if el == nil {
		return nil
	}
	c.used.MoveToFront(el)
	return el.Value.(*cached).row
}

func (c *cache) add(k key, row []float32) {
	size := cachedOverhead + 4*len(row)
	if size > c.limit || c.byKey[k] != nil {
		return
	}
	c.byKey[k] = c.used.PushFront(&cached{k, row})
	for c.size += size; c.size > c.limit; {
		last := c.used.Remove(c.used.Back()).(*cached)
		delete(c.byKey, last.key)
		c.size -= cachedOverhead + 4*len(last.row)
	}
}
