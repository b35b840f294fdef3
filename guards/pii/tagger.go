package pii

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// label is what the tagger says of a token.
type label uint8

const (
	outside label = iota
	personName
	streetAddress
	placeName
	organisation
	labelCount
)

const (
	tableBits = 18 // of the table of weights
	setBits   = 20 // of a set of words
)

// tagger is a linear classifier of single words, read from left to right: each label
// has a weight for each feature of a word and its neighbours, and the label with the
// largest sum wins (an averaged perceptron, Collins 2002). Features are hashed, so it
// holds no words. eval/train/names makes it.
type tagger struct {
	weights []uint64 // of each feature, those of all labels packed
	common  bits     // words that are hardly ever part of a name: in small letters they are not looked at
	first   bits     // given names
	last    bits     // family names
}

// bits is a set of words by their hash.
type bits [1 << (setBits - 6)]uint64

func (b *bits) add(h uint32)      { h &= 1<<setBits - 1; b[h>>6] |= 1 << (h & 63) }
func (b *bits) has(h uint32) bool { h &= 1<<setBits - 1; return b[h>>6]>>(h&63)&1 != 0 }

//go:embed tagger.bin
var taggerFile []byte

var loadTagger = sync.OnceValue(func() *tagger {
	t, err := readTagger(bytes.NewReader(taggerFile))
	if err != nil {
		panic("the embedded tagger: " + err.Error()) // a broken build
	}
	return t
})

// readTagger reads a tagger as writeTo writes it.
func readTagger(r io.Reader) (*tagger, error) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("reading a tagger: %w", err)
	}
	t := &tagger{weights: make([]uint64, 1<<tableBits)}
	for _, set := range []*bits{&t.common, &t.first, &t.last} {
		if err := binary.Read(z, binary.LittleEndian, set); err != nil {
			return nil, fmt.Errorf("reading the words of a tagger: %w", err)
		}
	}
	weights := make([]int8, int(labelCount)<<tableBits)
	if err := binary.Read(z, binary.LittleEndian, weights); err != nil {
		return nil, fmt.Errorf("reading the weights of a tagger: %w", err)
	}
	for i := range t.weights {
		for l := range int(labelCount) {
			t.weights[i] |= uint64(int(weights[i*int(labelCount)+l])+heaviest+1) << (l * lane)
		}
	}
	return t, nil
}

// Weights lie in lanes of one word, raised so that none is negative: all labels are
// summed by one addition a feature, and no lane runs over into the next.
const (
	lane     = 12
	heaviest = 63 // the largest weight
)

// The sum of the largest raised weights fits a lane.
const _ = uint(1<<lane - 1 - featureCount*(2*heaviest+1))

// known tells in which sets a token is.
func (t *tagger) known(tok *token) uint32 {
	if tok.kind != word {
		return 8
	}
	n := uint32(0)
	if t.common.has(tok.hash) {
		n = 1
	}
	if t.first.has(tok.hash) {
		n |= 2
	}
	if t.last.has(tok.hash) {
		n |= 4
	}
	return n
}

// tagging is the memory of one reading.
type tagging struct {
	labels   []label
	margins  []int16 // by how much a label won
	features [featureCount]uint32
}

// Numbers of the kinds of features.
const (
	fWord = iota
	fPrev
	fNext
	fPrev2
	fNext2
	fPrevWord
	fWordNext
	fPrevNext
	fSuffix2
	fSuffix3
	fSuffix4
	fPrefix3
	fShape
	fShapes
	fShapeNext
	fShapePrev2
	fLast
	fLast2
	fLastWord
	fLastShape
	fTold
	fToldNext
	fPlace
	fKnown
	fKnowns
	fKnownShape
	fKnownLast
	fBias
	featureCount
)

// shapeOf is how a token looks, in a few bits.
func shapeOf(t *token, text string) uint32 {
	switch t.kind {
	case mark:
		return 16 + uint32(text[t.start])
	case number:
		return 1 + min(t.end-t.start, 6)
	case mixed:
		return 8
	}
	n := t.end - t.start
	size := uint32(0)
	switch {
	case n == 1:
		size = 1
	case n <= 3:
		size = 2
	}
	switch {
	case t.shout:
		return 300 + size
	case t.upper:
		return 310 + size
	}
	return 320 + size
}

func mix(kind, a, b uint32) uint32 {
	h := a*0x9E3779B1 ^ (b+kind*0x85EBCA77)*0xC2B2AE3D
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 13
	return h & (1<<tableBits - 1)
}

// edge stands for what is before the first and behind the last token.
var edge = token{hash: 7, gap: newline, kind: mark}

// featuresOf fills f with the features of token i, given the labels before it.
func (t *tagger) featuresOf(text string, tokens []token, i int, labels []label, f *[featureCount]uint32) {
	at := func(k int) *token {
		if k < 0 || k >= len(tokens) {
			return &edge
		}
		return &tokens[k]
	}
	shape := func(k int) uint32 {
		if k < 0 || k >= len(tokens) {
			return 15
		}
		return shapeOf(&tokens[k], text)
	}
	hash := func(t *token) uint32 {
		switch {
		case t == &edge:
			return 7
		case t.kind == mark:
			return uint32(text[t.start]) + 11
		case t.kind == number:
			return 1000 + t.end - t.start
		}
		return t.hash
	}
	tok := at(i)
	w := text[tok.start:tok.end]
	k0, kp, kn := t.known(tok), t.known(at(i-1)), t.known(at(i+1))
	w0, p, n := hash(tok), hash(at(i-1)), hash(at(i+1))
	s0, sp, sn := shape(i), shape(i-1), shape(i+1)
	l1, l2 := outside, outside
	if i > 0 {
		l1 = labels[i-1]
	}
	if i > 1 {
		l2 = labels[i-2]
	}
	line := uint32(0)
	if tok.gap == newline {
		line = 1
	}
	if at(i+1).gap == newline {
		line |= 2
	}
	if at(i).gap == glued {
		line |= 4
	}
	first := uint32(0)
	if i == 0 || tok.gap == newline || tokens[i-1].kind == mark && (text[tokens[i-1].start] == '.' || text[tokens[i-1].start] == '!' || text[tokens[i-1].start] == '?') {
		first = 1
	}
	f[fWord] = mix(fWord, w0, 0)
	f[fPrev] = mix(fPrev, p, uint32(tok.kind))
	f[fNext] = mix(fNext, n, uint32(tok.kind))
	f[fPrev2] = mix(fPrev2, hash(at(i-2)), 0)
	f[fNext2] = mix(fNext2, hash(at(i+2)), 0)
	f[fPrevWord] = mix(fPrevWord, w0, p)
	f[fWordNext] = mix(fWordNext, w0, n)
	f[fPrevNext] = mix(fPrevNext, p, n)
	f[fSuffix2] = mix(fSuffix2, affix(w, -2), s0)
	f[fSuffix3] = mix(fSuffix3, affix(w, -3), 0)
	f[fSuffix4] = mix(fSuffix4, affix(w, -4), 0)
	f[fPrefix3] = mix(fPrefix3, affix(w, 3), 0)
	f[fShape] = mix(fShape, s0, first)
	f[fShapes] = mix(fShapes, s0, sp<<10|sn)
	f[fShapeNext] = mix(fShapeNext, sn, shape(i+2)<<10|s0)
	f[fShapePrev2] = mix(fShapePrev2, sp, shape(i-2)<<10|s0)
	f[fLast] = mix(fLast, uint32(l1), line)
	f[fLast2] = mix(fLast2, uint32(l1), uint32(l2)+8)
	f[fLastWord] = mix(fLastWord, w0, uint32(l1))
	f[fLastShape] = mix(fLastShape, s0<<10|sn, uint32(l1))
	f[fTold] = mix(fTold, uint32(at(i-1).tells), uint32(tok.tells))
	f[fToldNext] = mix(fToldNext, uint32(at(i+1).tells), uint32(at(i+2).tells))
	f[fPlace] = mix(fPlace, first<<4|line, s0)
	f[fKnown] = mix(fKnown, k0, s0)
	f[fKnowns] = mix(fKnowns, k0<<8|kp<<4|kn, s0)
	f[fKnownShape] = mix(fKnownShape, k0<<4|kn, sn<<10|sp)
	f[fKnownLast] = mix(fKnownLast, k0<<4|kn, uint32(l1)<<10|s0)
	f[fBias] = mix(fBias, 0, 0)
}

// affix is a hash of the first n bytes of a word in lower case, or with n negative of
// its last.
func affix(w string, n int) uint32 {
	switch {
	case n < 0 && len(w) > -n:
		w = w[len(w)+n:]
	case n >= 0 && len(w) > n:
		w = w[:n]
	}
	h := uint32(hashBasis)
	for i := range len(w) {
		c := w[i]
		if isUpper(c) {
			c |= 0x20
		}
		h = (h ^ uint32(c)) * hashPrime
	}
	return h
}

// candidateAt tells whether token i may be part of a name or address: what is not is
// outside without being looked at.
func (t *tagger) candidateAt(text string, tokens []token, i int, labels []label) bool {
	tok := &tokens[i]
	switch tok.kind {
	case word:
		if tok.upper || i > 0 && labels[i-1] != outside && text[tokens[i-1].start] != '.' {
			return true
		}
		if t.common.has(tok.hash) {
			return false
		}
		// A rare word in small letters is looked at where it could be a name.
		return t.first.has(tok.hash) || t.last.has(tok.hash) || i > 0 && (tokens[i-1].tells&tellsHonorific != 0 || text[tokens[i-1].start] == '@')
	case mark:
		return false
	}
	if i > 0 && labels[i-1] == streetAddress || i > 1 && tokens[i-1].kind == mark && labels[i-2] == streetAddress {
		return true
	}
	// A house number stands beside a name.
	for k := i + 1; k < len(tokens) && k <= i+2; k++ {
		if tokens[k].kind == word && tokens[k].upper {
			return true
		}
	}
	for k := i - 1; k >= 0 && k >= i-2; k-- {
		if tokens[k].kind == word && (tokens[k].upper || tokens[k].tells&(tellsStreetAfter|tellsStreetBefore|tellsUnit) != 0) {
			return true
		}
	}
	return false
}

// tag labels the tokens.
func (t *tagger) tag(text string, tokens []token, m *tagging) []label {
	if cap(m.labels) < len(tokens) {
		m.labels = make([]label, len(tokens)+len(tokens)/4)
		m.margins = make([]int16, cap(m.labels))
	}
	labels, margins := m.labels[:len(tokens)], m.margins[:len(tokens)]
	for i := range tokens {
		labels[i] = outside
		if !t.candidateAt(text, tokens, i, labels) {
			if tokens[i].kind == mark && i > 0 && tokens[i].gap != newline {
				labels[i] = bridged(text[tokens[i].start], labels[i-1])
			}
			continue
		}
		t.featuresOf(text, tokens, i, labels, &m.features)
		packed := uint64(0)
		for _, f := range m.features {
			packed += t.weights[f]
		}
		var sums [labelCount]int32
		for l := range sums {
			sums[l] = int32(packed>>(l*lane)&(1<<lane-1)) - featureCount*(heaviest+1)
		}
		sums[personName] += eager
		best, second := outside, int32(-1<<15)
		for l := label(1); l < labelCount; l++ {
			switch {
			case sums[l] > sums[best]:
				best, second = l, sums[best]
			case sums[l] > second:
				second = sums[l]
			}
		}
		labels[i], margins[i] = best, int16(min(sums[best]-second, 1<<14))
	}
	return labels
}

// eager makes up for the tagger's caution with names.
const eager = 10

// bridged is the label of a character between the words of one name or address.
func bridged(c byte, before label) label {
	switch before {
	case personName:
		if c == '.' || c == '-' || c == '\'' {
			return personName
		}
	case streetAddress:
		if c == ',' || c == '.' || c == '-' || c == '/' || c == '#' || c == '(' || c == ')' || c == '\'' {
			return streetAddress
		}
	}
	return outside
}
