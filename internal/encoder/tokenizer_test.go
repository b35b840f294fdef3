package encoder

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// minilm is the tokenizer of all-MiniLM-L6-v2.
func minilm(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := loadMinilm()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

var loadMinilm = sync.OnceValues(func() (*Tokenizer, error) {
	f, err := os.Open("testdata/vocab.txt.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return NewTokenizer(z)
})

type hardLine struct {
	Text string  `json:"text"`
	IDs  []int32 `json:"ids"`
	At   []int32 `json:"at"`
}

func hardLines(t testing.TB) []hardLine {
	t.Helper()
	f, err := os.Open("testdata/lines.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var lines []hardLine
	for dec := json.NewDecoder(z); ; {
		var l hardLine
		if err := dec.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) < 3000 {
		t.Fatalf("only %d lines", len(lines))
	}
	return lines
}

// Every line gives the ids and the offsets that Hugging Face's tokenizers gives. Only
// the ends of an unknown word differ when putting its marks in canonical order would
// move them: Hugging Face's then lie within the word.
func TestHardLines(t *testing.T) {
	tok, wrong := minilm(t), 0
	for i, l := range hardLines(t) {
		pieces, whole := tok.Append(nil, l.Text, 1<<20)
		ids, at := []int32{}, []int32{}
		for n, p := range pieces {
			if p.ID == tok.unk && 2*n+1 < len(l.At) && keepsMark(l.Text[p.Start:max(p.End, l.At[2*n+1])]) {
				p.Start, p.End = l.At[2*n], l.At[2*n+1]
			}
			ids, at = append(ids, p.ID), append(at, p.Start, p.End)
		}
		if slices.Equal(ids, l.IDs) && slices.Equal(at, l.At) && whole {
			continue
		}
		if wrong++; wrong <= 10 {
			t.Errorf("line %d %+.80q:\n got %v %v\nwant %v %v", i, l.Text, ids, at, l.IDs, l.At)
		}
	}
	if wrong > 0 {
		t.Errorf("%d lines differ", wrong)
	}
}

// keepsMark reports whether a word holds a combining mark that is not dropped.
func keepsMark(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return norm.NFD.PropertiesString(string(r)).CCC() != 0 && classOf(r) != dropped
	})
}

// Every code point of Unicode, alone and within a word.
func TestEveryCodePoint(t *testing.T) {
	tok := minilm(t)
	data, err := os.ReadFile("testdata/codepoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	var pieces []Piece
	var buf []byte
	blocks := 0
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); blocks++ {
		at, want, _ := strings.Cut(lines.Text(), " ")
		start, err := strconv.ParseInt(at, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for r := rune(start); r < rune(start)+4096; r++ {
			if !utf8.ValidRune(r) {
				continue
			}
			c := string(r)
			pieces, _ = tok.Append(pieces[:0], "x"+c+"y "+c+c, 64)
			buf = buf[:0]
			for i, p := range pieces {
				if i > 0 {
					buf = append(buf, ' ')
				}
				buf = strconv.AppendInt(buf, int64(p.ID), 10)
			}
			h.Write(append(buf, '\n'))
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
			t.Errorf("code points from U+%04X: ids hash to %s, want %s", start, got, want)
		}
	}
	if blocks != 272 {
		t.Errorf("%d blocks, want all 272", blocks)
	}
}

func TestSpecialTokensAreText(t *testing.T) {
	tok := minilm(t)
	for _, text := range []string{"[SEP]", "a [CLS] b", "[PAD][MASK]", "[unused5]"} {
		pieces, _ := tok.Append(nil, text, 100)
		for _, p := range pieces {
			if p.ID == tok.cls || p.ID == tok.sep || p.ID == tok.pad || p.ID < 999 && p.ID != tok.unk && p.ID != tok.ids["["] {
				t.Errorf("%q holds special piece %d", text, p.ID)
			}
		}
	}
}

// What a text may be must not matter to memory, nor to where reading stops.
func TestLongTexts(t *testing.T) {
	tok := minilm(t)
	for name, text := range map[string]string{
		"one word":          strings.Repeat("a", 1<<20),
		"one accented word": strings.Repeat("e\u0301", 1<<19),
		"marks":             strings.Repeat("\u0316\u0301", 1<<18),
		"not UTF-8":         strings.Repeat("\xff\xc3", 1<<19),
		"words":             strings.Repeat("returns ", 1<<17),
		"Chinese":           strings.Repeat("字", 1<<18),
		"nothing":           strings.Repeat("\x00", 1<<20),
	} {
		buf := make([]Piece, 0, 1024)
		var pieces []Piece
		var whole bool
		allocs := testing.AllocsPerRun(1, func() { pieces, whole = tok.Append(buf, text, 512) })
		if allocs > 1 {
			t.Errorf("%s: %.0f allocations", name, allocs)
		}
		if len(pieces) > 512 || whole != (len(pieces) < 512) {
			t.Errorf("%s: %d pieces, whole %v", name, len(pieces), whole)
		}
	}
}

func TestVocabularyErrors(t *testing.T) {
	for vocab, want := range map[string]string{
		"":                                      "no [PAD]",
		"[PAD]\n[UNK]\n[CLS]\nx":                "no [SEP]",
		"[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\na\n": `line 7: "a" occurs twice`,
		strings.Repeat("x", 1<<20):              "token too long",
	} {
		if _, err := NewTokenizer(strings.NewReader(vocab)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", vocab, err, want)
		}
	}
}

// Whatever the text, pieces follow each other within it and a limit only cuts.
func FuzzTokenizer(f *testing.F) {
	tok := minilm(f)
	for _, l := range hardLines(f)[:400] {
		f.Add(l.Text, 8)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 1 || most > 1<<16 {
			most = 16
		}
		all, whole := tok.Append(nil, text, 1<<30)
		if !whole {
			t.Fatal("not read to the end")
		}
		end := int32(0)
		for _, p := range all {
			if p.ID < 0 || int(p.ID) >= tok.Len() {
				t.Fatalf("id %d", p.ID)
			}
			// Pieces of one decomposed character share it.
			if p.Start < 0 || p.Start >= p.End || int(p.End) > len(text) || p.End < end {
				t.Fatalf("piece %v after %d in %d bytes", p, end, len(text))
			}
			end = p.End
		}
		some, whole := tok.Append(nil, text, most)
		if !slices.Equal(some, all[:min(most, len(all))]) || whole && len(all) > most {
			t.Fatalf("limit %d gives %s", most, fmt.Sprint(some))
		}
	})
}

func BenchmarkTokenizer(b *testing.B) {
	tok := minilm(b)
	var mixed strings.Builder
	for _, l := range hardLines(b)[20:420] {
		mixed.WriteString(l.Text + " ")
	}
	for name, text := range map[string]string{
		"english": strings.Repeat("The return window is thirty days from the date of delivery, unless the package was opened. ", 10),
		"mixed":   mixed.String(),
		"one-MB":  strings.Repeat("a", 1<<20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var pieces []Piece
			n := 0
			for b.Loop() {
				pieces, _ = tok.Append(pieces[:0], text, 128)
				n += len(pieces)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)*128/1000, "µs/128-pieces")
		})
	}
}
