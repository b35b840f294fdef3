package encoder

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
)

// key is the content hash of what a model was asked.
type key [sha256.Size]byte

func keyOf(parts ...string) key {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return key(h.Sum(nil))
}

// input is one row for the model.
type input struct {
	key         key
	ids         []int32
	second      int // where the second text begins in ids; len(ids) without one
	notMeasured string
	cut         bool
}

// pair lays out [CLS] evidence [SEP] claim [SEP]. The claim is read first: the
// evidence gets what it leaves.
func (e *Encoder) pair(p Pair) input {
	m := e.model
	if !e.cfg.AnyLanguage && (foreign(p.Claim) || foreign(p.Evidence)) {
		return input{notMeasured: NotMeasuredLanguage}
	}
	pieces := make([]Piece, 0, m.maxTokens)
	pieces, whole := m.tokens.Append(pieces, p.Claim, m.maxClaim)
	claim := len(pieces)
	if claim == 0 {
		return input{notMeasured: NotMeasuredNoWords}
	}
	pieces, _ = m.tokens.Append(pieces, p.Evidence, m.maxTokens-3)
	ids := make([]int32, 0, len(pieces)+3)
	ids = append(ids, m.tokens.cls)
	ids = appendIDs(ids, pieces[claim:])
	ids = append(ids, m.tokens.sep)
	second := len(ids)
	ids = append(appendIDs(ids, pieces[:claim]), m.tokens.sep)
	return input{keyOf(p.Evidence, p.Claim), ids, second, "", !whole}
}

// text lays out [CLS] text [SEP].
func (e *Encoder) text(s string) input {
	m := e.model
	pieces, _ := m.tokens.Append(make([]Piece, 0, m.maxTokens), s, m.maxTokens-2)
	if len(pieces) == 0 {
		return input{notMeasured: NotMeasuredNoWords}
	}
	ids := append(make([]int32, 0, len(pieces)+2), m.tokens.cls)
	ids = append(appendIDs(ids, pieces), m.tokens.sep)
	return input{keyOf(s), ids, len(ids), "", false}
}

func appendIDs(ids []int32, pieces []Piece) []int32 {
	for _, p := range pieces {
		ids = append(ids, p.ID)
	}
	return ids
}

// run gives the model's row for each of n inputs, nil for one that is not measured.
// Inputs that were seen before, or that another caller waits for, are not run again.
func (e *Encoder) run(ctx context.Context, n int, at func(int) input) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Deadline)
	defer cancel()
	rows := make([][]float32, n)
	tasks := make([]*task, n)
	defer func() { e.queue.leave(tasks) }()
	var fresh []*task
	for i := range n {
		// Not one by one, so that they can share runs, nor all at last: workers are idle.
		if i%16 == 0 {
			e.queue.push(fresh)
			fresh = fresh[:0]
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		in := at(i)
		if in.notMeasured != "" {
			continue
		}
		t, row, isNew, err := e.queue.join(ctx, &in, func() {
			e.queue.push(fresh)
			fresh = fresh[:0]
		})
		if err != nil {
			e.queue.push(fresh)
			return nil, err
		}
		rows[i], tasks[i] = row, t
		if isNew {
			fresh = append(fresh, t)
		}
	}
	e.queue.push(fresh)
	for i, t := range tasks {
		if t == nil {
			continue
		}
		select {
		case <-t.done:
			if t.err != nil {
				return nil, t.err
			}
			rows[i] = t.out
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return rows, nil
}
