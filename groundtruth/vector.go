package groundtruth

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// An Embedder makes vectors of texts: the nearer in meaning two texts are, the
// nearer the directions of their vectors. Stores know none; ingestion and guards
// bring one.
type Embedder interface {
	// Embed returns one vector a text, all of the same length.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// ID names the model: vectors of different models do not compare.
	ID() string
}

// embedBatch is how many passages are embedded at once.
const embedBatch = 64

// Embed gives the passages of doc vectors. What is embedded is a passage under
// its title and headings: "within 30 days" alone says little.
func Embed(ctx context.Context, e Embedder, doc *Document) error {
	doc.Embedding = e.ID()
	for first := 0; first < len(doc.Passages); first += embedBatch {
		batch := doc.Passages[first:min(first+embedBatch, len(doc.Passages))]
		texts := make([]string, len(batch))
		for i, p := range batch {
			texts[i] = strings.TrimLeft(doc.Title+"\n"+p.Heading+"\n"+p.Text, "\n")
		}
		found, err := e.Embed(ctx, texts)
		if err != nil {
			return fmt.Errorf("embedding %s: %w", doc.ID, err)
		}
		if len(found) != len(batch) {
			return fmt.Errorf("embedding %s: the model %s gave %d vectors for %d texts", doc.ID, e.ID(), len(found), len(batch))
		}
		for i := range batch {
			batch[i].Vector = found[i]
		}
	}
	return nil
}

// ErrEmbedding means vectors that cannot be compared: of another model than the
// stored ones, or of another length.
var ErrEmbedding = errors.New("vectors of another model")

// maxDims bounds the length of a vector. It is what pgvector can index.
const maxDims = 4000

// CheckVector reports what would make a vector useless: its direction is all
// that is compared.
func CheckVector(v []float32) error {
	var norm float64
	for i, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("component %d of the vector is %v", i, x)
		}
		norm += float64(x) * float64(x)
	}
	switch {
	case len(v) == 0 || len(v) > maxDims:
		return fmt.Errorf("the vector has %d components; 1 to %d can be stored", len(v), maxDims)
	case norm == 0:
		return errors.New("the vector is zero and has no direction")
	}
	return nil
}

// SameModel reports, as ErrEmbedding, that vectors of (model, dims) cannot be
// compared with those that a store has.
func SameModel(stored string, storedDims int, model string, dims int) error {
	if model == stored && dims == storedDims {
		return nil
	}
	return fmt.Errorf("%w: the ground truth holds those of %q with %d components, and these are of %q with %d; "+
		"use that model, or drop the stored vectors and read the sources again", ErrEmbedding, stored, storedDims, model, dims)
}

// A vector is kept as 15-bit fixed point: each component is (u-16384)*scale with
// u from 1 to 32767, which is finer than float16 for directions. The upper seven
// bits of every u come first and then the lower eight, so that a search can read
// half the memory and look at the rest only for the best: its "coarse" and its
// "fine" half. On disk a vector is its scale as a little-endian float32, the
// coarse bytes and the fine bytes.
const (
	packedMiddle = 1 << 14
	coarseMiddle = 63.5 // u>>8 of zero, between its two neighbours
)

// pack makes the stored form of v's direction. v passes CheckVector.
func pack(v []float32) []byte {
	var norm, most float64
	for _, x := range v {
		norm += float64(x) * float64(x)
		most = max(most, math.Abs(float64(x)))
	}
	norm = math.Sqrt(norm)
	scale := float32(most / norm / (packedMiddle - 1))
	blob := make([]byte, 4+2*len(v))
	binary.LittleEndian.PutUint32(blob, math.Float32bits(scale))
	coarse, fine := blob[4:4+len(v)], blob[4+len(v):]
	for i, x := range v {
		u := uint16(math.Round(float64(x)/most*(packedMiddle-1))) + packedMiddle
		coarse[i], fine[i] = byte(u>>8), byte(u)
	}
	return blob
}

// blockRows is how many vectors are allocated at once.
const blockRows = 512

// vectors holds the packed vectors of a collection by the number of the passage.
// A row is written once, before its passage is published.
type vectors struct {
	dims, words int // words is of eight coarse bytes
	blocks      []*vectorBlock
}

type vectorBlock struct {
	coarse []uint64 // words a row; missing components are 0 and count nothing
	fine   []byte   // dims a row
	scale  [blockRows]float32
	sum    [blockRows]float32 // of the row's coarse bytes
}

// set writes the row of a passage.
func (vs *vectors) set(doc uint32, blob []byte) {
	vs.dims = (len(blob) - 4) / 2
	vs.words = (vs.dims + 7) / 8
	for len(vs.blocks) <= int(doc/blockRows) {
		vs.blocks = append(vs.blocks, nil)
	}
	bl := vs.blocks[doc/blockRows]
	if bl == nil {
		bl = &vectorBlock{coarse: make([]uint64, blockRows*vs.words), fine: make([]byte, blockRows*vs.dims)}
		vs.blocks[doc/blockRows] = bl
	}
	row := int(doc % blockRows)
	bl.scale[row] = math.Float32frombits(binary.LittleEndian.Uint32(blob))
	copy(bl.fine[row*vs.dims:], blob[4+vs.dims:])
	words := bl.coarse[row*vs.words:]
	for i, c := range blob[4 : 4+vs.dims] {
		c &= 0x7F // dot counts on it
		words[i/8] |= uint64(c) << (i % 8 * 8)
		bl.sum[row] += float32(c)
	}
}

// blob returns the row of a passage as it is on disk; nil if it has none.
func (vs *vectors) blob(doc uint32) []byte {
	if int(doc/blockRows) >= len(vs.blocks) || vs.blocks[doc/blockRows] == nil {
		return nil
	}
	bl, row := vs.blocks[doc/blockRows], int(doc%blockRows)
	if bl.scale[row] == 0 {
		return nil
	}
	blob := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+2*vs.dims), math.Float32bits(bl.scale[row]))
	for i := range vs.dims {
		blob = append(blob, byte(bl.coarse[row*vs.words+i/8]>>(i%8*8)))
	}
	return append(blob, bl.fine[row*vs.dims:(row+1)*vs.dims]...)
}

// A probe is a query's vector, ready to be compared with many.
type probe struct {
	pairs []probePair
	sum   float32
	scale float32
	unit  []float32
}

// probePair holds eight coarse bytes of the query in 16-bit lanes and in reverse
// order, even positions and odd ones apart. See dot.
type probePair struct{ even, odd uint64 }

const lanes = 0x00FF00FF00FF00FF

func (p *probe) set(v []float32) {
	blob := pack(v)
	dims := len(v)
	p.pairs = append(p.pairs[:0], make([]probePair, (dims+7)/8)...)
	p.sum, p.unit = 0, p.unit[:0]
	p.scale = math.Float32frombits(binary.LittleEndian.Uint32(blob))
	var norm float64
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	norm = math.Sqrt(norm)
	for i, c := range blob[4 : 4+dims] {
		p.unit = append(p.unit, float32(float64(v[i])/norm))
		p.sum += float32(c)
		lane := uint64(c) << (48 - i%8/2*16)
		if i%2 == 0 {
			p.pairs[i/8].even |= lane
		} else {
			p.pairs[i/8].odd |= lane
		}
	}
}

// dot sums the products of the coarse bytes. One multiplication of four 16-bit
// lanes with four in reverse order leaves the sum of the four products in the
// top lane; seven-bit values cannot overflow it (4*127*127 < 65536), nor any
// lane below it. That makes plain Go about five times as fast as a loop over
// float32, on every processor.
func dot(row []uint64, pairs []probePair) (sum uint64) {
	pairs = pairs[:len(row)]
	for i, x := range row {
		sum += x&lanes*pairs[i].even>>48 + x>>8&lanes*pairs[i].odd>>48
	}
	return sum
}

// coarse estimates the cosine of the query and row r of bl from the coarse halves.
func (p *probe) coarse(bl *vectorBlock, r, words, dims int) float32 {
	d := float32(dot(bl.coarse[r*words:(r+1)*words], p.pairs))
	d += float32(dims)*(coarseMiddle*coarseMiddle) - coarseMiddle*(p.sum+bl.sum[r])
	return d * (1 << 16) * p.scale * bl.scale[r]
}

// cosine is the cosine of the query and row r of bl.
func (p *probe) cosine(bl *vectorBlock, r, words, dims int) float32 {
	coarse, fine := bl.coarse[r*words:(r+1)*words], bl.fine[r*dims:(r+1)*dims]
	var sum float32
	for i, f := range fine {
		u := int(coarse[i/8]>>(i%8*8)&0x7F)<<8 | int(f)
		sum += p.unit[i] * float32(u-packedMiddle)
	}
	return sum * bl.scale[r]
}
