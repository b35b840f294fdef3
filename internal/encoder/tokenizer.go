package encoder

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Piece is one word piece of a text.
type Piece struct {
	ID         int32
	Start, End int32 // bytes of the text that it stands for
}

// Tokenizer cuts text into the word pieces of an uncased BERT vocabulary, as
// Hugging Face's tokenizers does (clean text, spaces around Chinese characters,
// accents stripped, lower case, greedy longest match), except that special tokens
// written in a text are plain text: nobody who writes "[SEP]" into an answer moves
// the border between the answer and its evidence. Safe for concurrent use.
type Tokenizer struct {
	ids                map[string]int32
	pad, unk, cls, sep int32
	longest            int // bytes of the longest entry
}

const (
	maxVocab     = 1 << 20 // entries
	maxWordRunes = 100     // of a word; a longer one is [UNK], as in BERT
)

// NewTokenizer reads a vocabulary, one piece a line. Its error names what is
// missing.
func NewTokenizer(vocab io.Reader) (*Tokenizer, error) {
	t := &Tokenizer{ids: make(map[string]int32, 32<<10)}
	lines := bufio.NewScanner(vocab)
	for lines.Scan() {
		if len(t.ids) == maxVocab {
			return nil, fmt.Errorf("vocabulary has more than %d entries", maxVocab)
		}
		piece := lines.Text()
		if _, twice := t.ids[piece]; twice {
			return nil, fmt.Errorf("vocabulary line %d: %q occurs twice", len(t.ids)+1, piece)
		}
		t.longest = max(t.longest, len(piece))
		t.ids[piece] = int32(len(t.ids))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading vocabulary: %w", err)
	}
	var errs []error
	for _, s := range []struct {
		piece string
		id    *int32
	}{{"[PAD]", &t.pad}, {"[UNK]", &t.unk}, {"[CLS]", &t.cls}, {"[SEP]", &t.sep}} {
		id, ok := t.ids[s.piece]
		if !ok {
			errs = append(errs, fmt.Errorf("vocabulary has no %s: a BERT vocab.txt is expected", s.piece))
		}
		*s.id = id
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Len is the number of entries.
func (t *Tokenizer) Len() int { return len(t.ids) }

// Append adds the pieces of text to dst until dst holds most, and reports whether
// it came to the end of text. Memory does not depend on the length of text, which
// must be less than 2 GiB; bytes that are not UTF-8 vanish.
func (t *Tokenizer) Append(dst []Piece, text string, most int) ([]Piece, bool) {
	var w word
	for i := 0; i < len(text); {
		if len(dst) >= most {
			return dst[:most], false
		}
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch class := classOf(r); {
		case class == space:
			dst = t.flush(dst, &w)
		case class == dropped:
		case r < utf8.RuneSelf:
			dst = t.put(dst, &w, r, class, i, i+size)
		case isCJK(r):
			dst = t.flush(dst, &w)
			dst = t.decompose(dst, &w, text[i:i+size], i)
			dst = t.flush(dst, &w)
		default:
			dst = t.decompose(dst, &w, text[i:i+size], i)
		}
		i += size
	}
	dst = t.flush(dst, &w)
	if len(dst) > most {
		return dst[:most], false
	}
	return dst, true
}

// decompose adds the canonical decomposition of the one rune that s holds, without
// its accents. Combining marks are not put in canonical order: those that are not
// dropped are in no vocabulary, and a word with one is [UNK] in any order.
func (t *Tokenizer) decompose(dst []Piece, w *word, s string, at int) []Piece {
	r, _ := utf8.DecodeRuneInString(s)
	end := at + len(s)
	if r >= hangulFirst && r <= hangulLast {
		s := r - hangulFirst
		dst = t.put(dst, w, 0x1100+s/588, letter, at, end)
		dst = t.put(dst, w, 0x1161+s%588/28, letter, at, end)
		if tail := s % 28; tail != 0 {
			dst = t.put(dst, w, 0x11A7+tail, letter, at, end)
		}
		return dst
	}
	parts := norm.NFD.PropertiesString(s).Decomposition()
	if parts == nil || undecomposed(r) {
		return t.put(dst, w, r, classOf(r), at, end)
	}
	for len(parts) > 0 {
		q, size := utf8.DecodeRune(parts)
		dst = t.put(dst, w, q, classOf(q), at, end)
		parts = parts[size:]
	}
	return dst
}

const hangulFirst, hangulLast = 0xAC00, 0xD7A3

// put adds one rune of the normalised text, which stands for text[start:end].
func (t *Tokenizer) put(dst []Piece, w *word, r rune, c class, start, end int) []Piece {
	switch c {
	case dropped:
		return dst
	case space:
		return t.flush(dst, w)
	case punctuation:
		dst = t.flush(dst, w)
		w.add(r, start, end)
		return t.flush(dst, w)
	}
	w.add(lower(r), start, end)
	return dst
}

// word is the word that is being read. One that is too long keeps only its extent.
type word struct {
	text       [maxWordRunes * utf8.UTFMax]byte
	n          int // bytes of text
	runes      int
	start, end int
	at         [maxWordRunes]struct{ offset, start, end int32 }
}

func (w *word) add(r rune, start, end int) {
	if w.runes == 0 {
		w.start = start
	}
	w.end = end
	if w.runes < maxWordRunes {
		w.at[w.runes] = struct{ offset, start, end int32 }{int32(w.n), int32(start), int32(end)}
		w.n += utf8.EncodeRune(w.text[w.n:], r)
	}
	w.runes++
}

// flush adds the pieces of the word and empties it.
func (t *Tokenizer) flush(dst []Piece, w *word) []Piece {
	if w.runes == 0 {
		return dst
	}
	whole := Piece{t.unk, int32(w.start), int32(w.end)}
	runes, n := w.runes, w.n
	w.runes, w.n = 0, 0
	if runes > maxWordRunes {
		return append(dst, whole)
	}
	if id, ok := t.ids[string(w.text[:n])]; ok {
		whole.ID = id
		return append(dst, whole)
	}
	first := len(dst)
	key := append(make([]byte, 0, len("##")+len(w.text)), "##"...)
	for from := 0; from < runes; {
		start := int(w.at[from].offset)
		to, id := runes, int32(-1)
		for ; to > from; to-- {
			end := n
			if to < runes {
				end = int(w.at[to].offset)
			}
			if end-start > t.longest {
				continue
			}
			k := w.text[start:end]
			if from > 0 {
				k = append(key[:len("##")], k...)
			}
			if have, ok := t.ids[string(k)]; ok {
				id = have
				break
			}
		}
		if id < 0 {
			return append(dst[:first], whole)
		}
		dst = append(dst, Piece{id, w.at[from].start, w.at[to-1].end})
		from = to
	}
	return dst
}
