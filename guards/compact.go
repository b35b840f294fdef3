package guards

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
)

// scratch is the memory of the passages that one claim is compared with. Slices
// into it stay as they are while it grows; rewind and done take them back.
type scratch struct {
	spans    []span
	toks     []token
	mentions []mention
	pieces   []piece
	cells    []cell
	stems    []uint32
	blocks   []block
	places   []blockAt
	packed   []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// scratchMark is how much of a scratch is in use.
type scratchMark struct{ toks, mentions, pieces, cells, stems, blocks, places int }

func (s *scratch) mark() scratchMark {
	return scratchMark{len(s.toks), len(s.mentions), len(s.pieces), len(s.cells), len(s.stems), len(s.blocks), len(s.places)}
}

// rewind takes back all that came after m.
func (s *scratch) rewind(m scratchMark) {
	s.toks, s.mentions, s.pieces, s.cells = s.toks[:m.toks], s.mentions[:m.mentions], s.pieces[:m.pieces], s.cells[:m.cells]
	s.stems, s.blocks, s.places = s.stems[:m.stems], s.blocks[:m.blocks], s.places[:m.places]
}

// done hands the scratch back for other claims, unless a long text made it large.
// It must keep no text alive from there.
func (s *scratch) done() {
	if cap(s.toks) > 1<<14 || cap(s.mentions) > 1<<12 || cap(s.pieces) > 1<<12 || cap(s.spans) > 1<<12 || cap(s.cells) > 1<<13 || cap(s.packed) > 1<<18 || cap(s.stems) > 1<<15 {
		return
	}
	clear(s.blocks[:cap(s.blocks)])
	s.rewind(scratchMark{})
	scratches.Put(s)
}

// A token takes eight bytes when packed: its stem (of a symbol, its character),
// and kind, flags, word of the lexicon, size, and the bytes between it and the
// token before. What does not fit stands in a skip before it.
const (
	packedToken = 8
	skipToken   = 3 // in the place of a kind: bytes between and size of the next token

	lexBits, spaceBits = 12, 5
	lexShift           = 32 + 2 + 8
	sizeShift          = lexShift + lexBits
	gapShift           = sizeShift + spaceBits
	spaceMask          = 1<<spaceBits - 1
)

// pack appends the blocks of one passage to dst in a quarter of their memory and
// without a pointer, for the cache; unpack is its inverse.
func pack(dst []byte, blocks []blockAt) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(blocks)))
	for i, b := range blocks {
		if i == 0 {
			dst = appendStems(dst, b.head)
		}
		dst = binary.AppendUvarint(dst, uint64(b.offset))
		dst = binary.AppendUvarint(dst, uint64(len(b.text)))
		dst = b.pack(dst)
	}
	return dst
}

func (b *block) pack(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.pieces)))
	var last piece
	var columns []cell
	for i := range b.pieces {
		p := &b.pieces[i]
		flags := byte(p.kind) << 1
		if p.null {
			flags |= 1
		}
		dst = append(dst, flags, p.keyLen)
		dst = binary.AppendUvarint(dst, uint64(p.tok1-p.tok0))
		dst = binary.AppendUvarint(dst, uint64(p.men1-p.men0))
		dst = binary.AppendVarint(dst, int64(p.start)-int64(last.end))
		dst = binary.AppendUvarint(dst, uint64(p.end-p.start))
		if p.kind == fieldPiece {
			dst = binary.AppendUvarint(dst, uint64(p.value-p.start))
		}
		same := 0 // neighbours mostly share their subject, or its beginning
		for same < min(len(p.subject), len(last.subject)) && p.subject[same] == last.subject[same] {
			same++
		}
		dst = binary.AppendUvarint(dst, uint64(same))
		dst = appendStems(dst, p.subject[same:])
		dst = binary.AppendUvarint(dst, uint64(len(p.cells)))
		for k := range p.cells {
			c := &p.cells[k]
			dst = binary.AppendUvarint(dst, uint64(c.tok1-c.tok0))
			if k < len(columns) && slices.Equal(c.header, columns[k].header) { // of the row above
				dst = append(dst, 1)
				continue
			}
			dst = appendStems(append(dst, 0), c.header)
		}
		if len(p.cells) > 0 {
			columns = p.cells
		}
		for k := p.men0; k < p.men1; k++ {
			dst = b.mentions[k].pack(dst, p.tok0)
		}
		last = *p
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	end := uint32(0)
	for i := range b.toks {
		t := &b.toks[i]
		gap, size := t.start-end, uint32(t.size)
		end = t.start + size
		if gap > spaceMask || size > spaceMask {
			dst = binary.LittleEndian.AppendUint64(dst, skipToken<<32|uint64(gap)|uint64(size)<<34)
			gap, size = 0, 0
		}
		low := t.stem
		if t.kind == symbolToken {
			low = uint32(t.char)
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(low)|uint64(t.kind)<<32|uint64(t.flags)<<34|uint64(t.lex)<<lexShift|uint64(size)<<sizeShift|uint64(gap)<<gapShift)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4)/packedToken)
	return dst
}

func (m *mention) pack(dst []byte, tok0 int32) []byte {
	parts := [4]uint64{math.Float64bits(m.value), math.Float64bits(m.high), math.Float64bits(m.raw), math.Float64bits(m.rawTo)}
	flags, last := byte(0), uint64(0)
	for i, v := range parts { // mostly one and the same number
		if v != last {
			flags |= 1 << i
		}
		last = v
	}
	for i, set := range [3]bool{m.weak, m.either, m.key != 0} {
		if set {
			flags |= 16 << i
		}
	}
	dst = append(dst, byte(m.kind), byte(m.dim), byte(m.cmp), flags)
	dst = binary.AppendUvarint(dst, uint64(m.first-tok0))
	dst = binary.AppendUvarint(dst, uint64(m.last-m.first))
	if m.key != 0 {
		dst = binary.LittleEndian.AppendUint32(dst, m.key)
	}
	for i, v := range parts {
		if flags>>i&1 == 1 {
			dst = binary.LittleEndian.AppendUint64(dst, v)
		}
	}
	return dst
}

func appendStems(dst []byte, stems []uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(stems)))
	for _, s := range stems {
		dst = binary.LittleEndian.AppendUint32(dst, s)
	}
	return dst
}

// unpacker reads what pack wrote.
type unpacker struct {
	data []byte
	*scratch
}

func (u *unpacker) byte() byte {
	b := u.data[0]
	u.data = u.data[1:]
	return b
}

func (u *unpacker) number() int {
	if b := u.data[0]; b < 0x80 {
		u.data = u.data[1:]
		return int(b)
	}
	v, n := binary.Uvarint(u.data)
	u.data = u.data[n:]
	return int(v)
}

func (u *unpacker) uint32() uint32 {
	v := binary.LittleEndian.Uint32(u.data)
	u.data = u.data[4:]
	return v
}

// list reads stems and appends them to a copy of head.
func (u *unpacker) list(head []uint32) []uint32 {
	n := u.number()
	if n == 0 {
		return head
	}
	at := len(u.stems)
	u.stems = append(u.stems, head...)
	for range n {
		u.stems = append(u.stems, u.uint32())
	}
	return u.stems[at:len(u.stems):len(u.stems)]
}

// unpack reads the blocks of the passage text from data into s.
func unpack(s *scratch, data []byte, text string) []blockAt {
	u := unpacker{data, s}
	first := len(s.places)
	var head []uint32
	for i := range u.number() {
		if i == 0 {
			head = u.list(nil)
		}
		offset := u.number()
		size := u.number()
		b := block{text: text[offset : offset+size], head: head}
		u.block(&b)
		s.place(b, offset)
	}
	return s.places[first:len(s.places):len(s.places)]
}

// place adds a finished block.
func (s *scratch) place(b block, offset int) {
	s.blocks = append(s.blocks, b)
	s.places = append(s.places, blockAt{&s.blocks[len(s.blocks)-1], offset})
}

func (u *unpacker) block(b *block) {
	pieces, mentions, toks := len(u.pieces), len(u.mentions), len(u.toks)
	var last piece
	var columns []cell
	for range u.number() {
		flags := u.byte()
		p := piece{kind: pieceKind(flags >> 1), null: flags&1 == 1, keyLen: u.byte(), tok0: last.tok1, men0: last.men1}
		p.tok1 = p.tok0 + int32(u.number())
		p.men1 = p.men0 + int32(u.number())
		delta, n := binary.Varint(u.data)
		u.data = u.data[n:]
		p.start = uint32(int64(last.end) + delta)
		p.end = p.start + uint32(u.number())
		if p.kind == fieldPiece {
			p.value = p.start + uint32(u.number())
		}
		p.subject = u.list(last.subject[:u.number()])
		if n := u.number(); n > 0 {
			at, tok := len(u.cells), p.tok0
			for k := range n {
				c := cell{tok0: tok, tok1: tok + int32(u.number())}
				tok = c.tok1
				if u.byte() == 1 {
					c.header = columns[k].header
				} else {
					c.header = u.list(nil)
				}
				u.cells = append(u.cells, c)
			}
			p.cells = u.cells[at:len(u.cells):len(u.cells)]
			columns = p.cells
		}
		for range p.men1 - p.men0 {
			u.mention(p.tok0)
		}
		u.pieces = append(u.pieces, p)
		last = p
	}
	u.tokens()
	b.pieces = u.pieces[pieces:len(u.pieces):len(u.pieces)]
	b.mentions = u.mentions[mentions:len(u.mentions):len(u.mentions)]
	b.toks = u.toks[toks:len(u.toks):len(u.toks)]
	for i := range b.mentions {
		m := &b.mentions[i]
		m.start, m.end = b.toks[m.first].start, uint32(b.toks[m.last-1].end())
	}
}

func (u *unpacker) tokens() {
	n := int(u.uint32()) * packedToken
	data := u.data[:n]
	u.data = u.data[n:]
	u.toks = slices.Grow(u.toks, n/packedToken)
	end, size := uint32(0), uint32(0) // size: of the next token, from a skip
	for ; len(data) >= packedToken; data = data[packedToken:] {
		v := binary.LittleEndian.Uint64(data)
		if v>>32&3 == skipToken {
			end += uint32(v)
			size = uint32(v >> 34)
			continue
		}
		size += uint32(v >> sizeShift & spaceMask)
		t := token{stem: uint32(v), start: end + uint32(v>>gapShift), size: uint16(size), lex: uint16(v >> lexShift & (1<<lexBits - 1)), kind: uint8(v >> 32 & 3), flags: uint8(v >> 34)}
		if t.kind == symbolToken {
			t.stem, t.char = 0, byte(v)
		}
		end, size = t.start+size, 0
		u.toks = append(u.toks, t)
	}
}

// mention reads a mention of the piece whose first token is tok0.
func (u *unpacker) mention(tok0 int32) {
	h := u.data[:4]
	u.data = u.data[4:]
	flags := h[3]
	m := mention{kind: factKind(h[0]), dim: dim(h[1]), cmp: comparator(h[2]), weak: flags&16 != 0, either: flags&32 != 0}
	m.first = tok0 + int32(u.number())
	m.last = m.first + int32(u.number())
	if flags&64 != 0 {
		m.key = u.uint32()
	}
	if flags&15 != 0 {
		last := uint64(0)
		for i, to := range [4]*float64{&m.value, &m.high, &m.raw, &m.rawTo} {
			if flags>>i&1 == 1 {
				last = binary.LittleEndian.Uint64(u.data)
				u.data = u.data[8:]
			}
			*to = math.Float64frombits(last)
		}
	}
	u.mentions = append(u.mentions, m)
}
