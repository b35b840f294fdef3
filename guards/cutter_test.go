package guards

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// cutWhole cuts an answer in one push.
func cutWhole(text string) []Claim {
	var c Cutter
	return append(c.Push(text), c.Flush()...)
}

// cutPieces cuts an answer pushed in pieces of the sizes that next returns.
func cutPieces(text string, next func() int) []Claim {
	var c Cutter
	var out []Claim
	for len(text) > 0 {
		n := min(max(next(), 1), len(text))
		out = append(out, c.Push(text[:n])...)
		text = text[n:]
	}
	return append(out, c.Flush()...)
}

// checkCut holds the claims of an answer to what Cutter promises.
func checkCut(t *testing.T, answer string) {
	t.Helper()
	whole := cutWhole(answer)
	end := 0
	for i, c := range whole {
		if c.Index != i || c.Start < end || c.End <= c.Start || c.End > len(answer) || answer[c.Start:c.End] != c.Text {
			t.Fatalf("claim %d is %+v after byte %d of %q", i, c, end, answer)
		}
		if len(c.Context) > maxContext {
			t.Fatalf("claim %d has a context of %d bytes", i, len(c.Context))
		}
		if c.End-c.Start > maxUnit+lookahead {
			t.Fatalf("claim %d has %d bytes", i, c.End-c.Start)
		}
		if utf8.ValidString(answer) && (!utf8.RuneStart(answer[c.Start]) || !utf8.ValidString(c.Text)) {
			t.Fatalf("claim %d cuts a character: %q", i, c.Text)
		}
		if gap := answer[end:c.Start]; !isMarkup(gap) {
			t.Fatalf("%q before claim %d (%q) is in no claim", gap, i, c.Text)
		}
		end = c.End
	}
	if gap := answer[end:]; !isMarkup(gap) {
		t.Fatalf("%q at the end is in no claim", gap)
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(answer))))
	sizes := []func() int{
		func() int { return 1 },
		func() int { return 3 },
		func() int { return 1 + rng.IntN(12) },
		func() int { return 1 + rng.IntN(1+rng.IntN(200)) },
	}
	for name, next := range sizes {
		if got := cutPieces(answer, next); !reflect.DeepEqual(got, whole) {
			for i := range min(len(got), len(whole)) {
				if !reflect.DeepEqual(got[i], whole[i]) {
					t.Fatalf("pieces %d: claim %d of %q\n got %+v\nwant %+v", name, i, answer, got[i], whole[i])
				}
			}
			t.Fatalf("pieces %d: %d claims of %q, want %d", name, len(got), answer, len(whole))
		}
	}
}

// isMarkup reports whether a gap between claims has nothing but white space and
// Markdown markers: at most one short word in each line, an ordinal, a check box
// or the language of a fence.
func isMarkup(gap string) bool {
	for _, line := range strings.Split(gap, "\n") {
		letters := 0
		for _, r := range line {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
		}
		if letters > 9 || letters > 4 && !strings.Contains(line, "```") && !strings.Contains(line, "~~~") {
			return false
		}
	}
	return true
}

var seeds = []string{
	"", " ", "\n\n", ".", "...", "Hello.", "Hello. World", "# T\n\nA b. C d.\n- x\n- y\n",
	"| A | B |\n|---|---|\n| 1 | 2 |\n", "```go\nx := 1.\n```\nAfter. That", "> q. R\n> s\n\nT",
	"1. A\n2. B\n   - C\n\n3. D", "He said \"Stop.\" Then left.", "価格は500円です。送料は無料。", "Hi! 😊 The fee is $5.[1] It is.",
	"ab\xff\xfe. C\xe2\x80", "Dr. Who vs. J. K. Rowling in the U.S. Then", "a\r\nb.\r\n\r\nC.", "---\n***\n===\nx\n---\n", "1.\n2)\n(3) x\n- [x] done\n",
	"````\n```\n````\nx", "~~~\nunclosed", "| a\n| b", "|---|", "**Bold**\nnext", "Key: v\nKey2: w\nend", "What?! No… Yes. No. 5 is. iPhones. eBay.",
}

func FuzzCutter(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) { checkCut(t, answer) })
}

// TestCutterChunking cuts random compositions of hard fragments whole and in
// pieces.
func TestCutterChunking(t *testing.T) {
	fragments := append([]string{
		"The fee is $5.", " ", "\n", "\n\n", "- ", "1. ", "# ", "> ", "| a | b |\n", "|---|---|\n", "```", "`", "**", "It ", "Dr. ", "U.S. ",
		"e.g. ", "p.m. ", "Monday", "www.a.com/?q=1", "3.5", "…", "?", "!", ". ", "\"", ")", "[1]", "😊", "。", "，", "é", "\xe2", "\x80", "\t", "    ", ":", "---", "===",
		"Yes. ", "No. ", "word ", "The ", "\u2029", "\u00a0", "؟ ", "```md\n", "[ ] ", strings.Repeat("x", 300), strings.Repeat(". ", 60), strings.Repeat(" ", 120),
	}, seeds...)
	rng := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		var b strings.Builder
		for range 1 + rng.IntN(25) {
			b.WriteString(fragments[rng.IntN(len(fragments))])
		}
		checkCut(t, b.String())
	}
}
