package pii

import (
	"os"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// prose is ordinary business text: the passages of the authored data, joined.
func prose(tb testing.TB) string {
	tb.Helper()
	var b strings.Builder
	for _, set := range []string{"retail", "work", "domains"} {
		data, err := os.ReadFile("../../eval/data/authored/" + set + ".jsonl")
		if err != nil {
			tb.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			b.WriteString(gjson.Get(line, "passage").String())
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

// Throughput is bytes a second of one core, on ordinary business text.
func BenchmarkScan(b *testing.B) {
	s, text := New(), prose(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s.Scan(text)
	}
}
