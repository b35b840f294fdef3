package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
)

// task is one input on its way through the model. Its result may be read once done
// is closed.
type task struct {
	key    key
	ids    []int32
	second int
	done   chan struct{}
	out    []float32
	err    error

	waiting int // callers; guarded by queue.mu
}

// queue gathers the inputs of all callers into runs of inputs of like length. There is
// no waiting for more to come: on CPU a run of many rows is hardly faster a row than a
// run of one, and while every worker is busy inputs gather by themselves.
type queue struct {
	batch   int // tokens of a run
	model   *model
	session *session
	slots   chan struct{} // one for each task that is not done
	cache   *cache
	workers sync.WaitGroup

	mu      sync.Mutex
	wake    sync.Cond
	open    map[key]*task
	buckets [][]*task // by length of the input, oldest first
	arrived [][]uint64
	count   uint64 // of tasks that ever arrived
	closed  bool
}

func newQueue(cfg *Config, m *model, s *session) *queue {
	most := cfg.BatchTokens
	switch {
	case most == 0 && m.dynamic:
		most = 1 // an input is never split
	case most == 0:
		most = 128
	}
	q := &queue{
		batch: most, model: m, session: s,
		slots: make(chan struct{}, cfg.Queue), cache: newCache(cfg.CacheBytes), open: map[key]*task{},
		buckets: make([][]*task, bucketOf(m.maxTokens)+1), arrived: make([][]uint64, bucketOf(m.maxTokens)+1),
	}
	q.wake.L = &q.mu
	for range cfg.Workers {
		q.workers.Go(q.work)
	}
	return q
}

// bucketOf groups lengths so that a row is padded by an eighth or so.
func bucketOf(length int) int {
	switch {
	case length <= 64:
		return (length + 7) / 8
	case length <= 256:
		return 8 + (length-64+15)/16
	}
	return 20 + (length-256+31)/32
}

// join gives the result of an input that was seen before, or the task that stands for
// it: one that another caller waits for, or a new one, which the caller must push.
// Before it waits for room it calls flush, so that what the caller holds back can be
// run.
func (q *queue) join(ctx context.Context, in *input, flush func()) (t *task, row []float32, isNew bool, err error) {
	look := func(create bool) bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.closed {
			err = ErrClosed
		} else if row = q.cache.find(in.key); row != nil {
		} else if t = q.open[in.key]; t != nil {
			t.waiting++
		} else if create {
			t, isNew = &task{key: in.key, ids: in.ids, second: in.second, done: make(chan struct{}), waiting: 1}, true
			q.open[in.key] = t
		} else {
			return false
		}
		return true
	}
	if look(false) {
		return t, row, false, err
	}
	select {
	case q.slots <- struct{}{}:
	default:
		flush()
		select {
		case q.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, false, ctx.Err()
		}
	}
	if look(true); !isNew { // it came while we waited
		<-q.slots
	}
	return t, row, isNew, err
}

// push hands new tasks to the workers.
func (q *queue) push(tasks []*task) {
	if len(tasks) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range tasks {
		if q.closed {
			q.finish(t, ErrClosed)
			continue
		}
		b := bucketOf(len(t.ids))
		q.buckets[b] = append(q.buckets[b], t)
		q.arrived[b] = append(q.arrived[b], q.count)
		q.count++
	}
	q.wake.Broadcast()
}

// leave says that a caller no longer waits for tasks.
func (q *queue) leave(tasks []*task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range tasks {
		if t != nil {
			t.waiting--
		}
	}
}

// finish ends a task. mu is held.
func (q *queue) finish(t *task, err error) {
	t.err, t.ids = err, nil
	delete(q.open, t.key)
	if err == nil {
		q.cache.add(t.key, t.out)
	}
	close(t.done)
	<-q.slots
}

// take waits for the next run: the input that came first and those of its bucket that
// fit beside it. nil: the queue is closed and empty.
func (q *queue) take(run []*task) []*task {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		oldest := -1
		for b := range q.buckets {
			if len(q.buckets[b]) > 0 && (oldest < 0 || q.arrived[b][0] < q.arrived[oldest][0]) {
				oldest = b
			}
		}
		if oldest < 0 {
			if q.closed {
				return nil
			}
			q.wake.Wait()
			continue
		}
		taken, length := 0, 0
		for _, t := range q.buckets[oldest] {
			if t.waiting == 0 { // nobody wants it any more
				q.finish(t, context.Canceled)
				taken++
				continue
			}
			longest := max(length, len(t.ids))
			if len(run) > 0 && longest*(len(run)+1) > q.batch {
				break
			}
			run, length = append(run, t), longest
			taken++
		}
		q.buckets[oldest] = remove(q.buckets[oldest], taken)
		q.arrived[oldest] = remove(q.arrived[oldest], taken)
		if len(run) > 0 {
			return run
		}
	}
}

// remove drops the first n in place, so that a queue in steady use allocates nothing.
func remove[T any](s []T, n int) []T {
	kept := copy(s, s[n:])
	clear(s[kept:])
	return s[:kept]
}

// work runs the model until the queue is closed and empty.
func (q *queue) work() {
	var b batch
	run := make([]*task, 0, 16)
	for {
		run = q.take(run[:0])
		if run == nil {
			return
		}
		b.fill(run, q.model)
		if err := q.session.run(&b); err != nil {
			for _, t := range run {
				t.err = fmt.Errorf("running %s: %w", q.model.file, err)
			}
		} else {
			for i, t := range run {
				t.out, t.err = q.model.row(&b, i, t)
			}
		}
		q.mu.Lock()
		for _, t := range run {
			q.finish(t, t.err)
		}
		q.mu.Unlock()
	}
}

func (q *queue) close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	q.closed = true
	q.wake.Broadcast()
	q.mu.Unlock()
	q.workers.Wait()
	return q.session.close()
}

// batch is one run of the model: rows of one length. Its slices are reused.
type batch struct {
	rows, length     int
	width            int // of a token's output; 0 where a row has one
	ids, mask, types []int64
	out              []float32 // rows × width, or rows × length × width
}

// fill lays out the rows of a run, padded to the longest.
func (b *batch) fill(run []*task, m *model) {
	b.rows, b.length = len(run), 0
	for _, t := range run {
		b.length = max(b.length, len(t.ids))
	}
	n := b.rows * b.length
	b.ids, b.mask, b.types = sized(b.ids, n), sized(b.mask, n), sized(b.types, n)
	for i, t := range run {
		at := i * b.length
		for j := range b.length {
			id, mask, kind := m.tokens.pad, int64(0), int64(0)
			if j < len(t.ids) {
				id, mask = t.ids[j], 1
				if j >= t.second {
					kind = 1
				}
			}
			b.ids[at+j], b.mask[at+j], b.types[at+j] = int64(id), mask, kind
		}
	}
	if m.perToken {
		b.out, b.width = sized(b.out, n*m.width), m.width
	} else {
		b.out = sized(b.out, b.rows*m.width)
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// try runs the model once, on the longest input and the last word piece, so that
// files that do not belong together are found out when they are opened.
func (m *model) try(s *session) error {
	t := task{ids: make([]int32, m.maxTokens), second: m.maxTokens / 2}
	for i := range t.ids {
		t.ids[i] = int32(m.tokens.Len() - 1)
	}
	var b batch
	b.fill([]*task{&t}, m)
	err := s.run(&b)
	if err == nil {
		_, err = m.row(&b, 0, &t)
	}
	if err != nil {
		return fmt.Errorf("an input of %d tokens (max_tokens) with word piece %d (the last of vocab.txt) fails: %w", m.maxTokens, m.tokens.Len()-1, err)
	}
	return nil
}

var errNotFinite = errors.New("the model returned a value that is not finite")

// row copies what callers need of row i out of a batch.
func (m *model) row(b *batch, i int, t *task) ([]float32, error) {
	var row []float32
	switch {
	case !m.perToken:
		row = append(row, b.out[i*m.width:(i+1)*m.width]...)
	case m.kind == TokenKind: // of the claim's tokens, without the last [SEP]
		from, to := i*b.length+t.second, i*b.length+len(t.ids)-1
		row = append(row, b.out[from*m.width:to*m.width]...)
	default:
		row = mean(b.out[i*b.length*m.width:], len(t.ids), m.width)
	}
	for _, v := range row {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: %w", m.file, errNotFinite)
		}
	}
	if m.kind == EmbedKind {
		unit(row)
	}
	return row, nil
}

// mean is the mean of n vectors.
func mean(vectors []float32, n, width int) []float32 {
	out := make([]float32, width)
	for i := range n {
		for j, v := range vectors[i*width : (i+1)*width] {
			out[j] += v / float32(n)
		}
	}
	return out
}

// unit scales a vector to length 1.
func unit(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
}
