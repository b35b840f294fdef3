package proxy

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"touchstone/internal/judge"
)

func restoring(of map[string]string) *restorer {
	x := &exchange{screening: &judge.Screening{Restore: of}}
	return x.restorer()
}

var standIns = map[string]string{"<E_1>": "ann@x.org", "<E_12>": "bob@x.org", "N1": "Ann \"A\" Lee\n", "N11": "é", "<": "LESS"}

func TestLongestStandInCounts(t *testing.T) {
	r := restoring(map[string]string{"E1": "a", "E12": "b"})
	for in, want := range map[string]string{"E1 E12 E123 E": "a b b3 E", "xE1": "xa", "": "", "EE1E": "EaE"} {
		if got, rest := r.text(in, true, false); got != want || rest != "" {
			t.Errorf("%q became %q, rest %q", in, got, rest)
		}
	}
	if got, rest := r.text("an E1", false, false); got != "an " || rest != "E1" {
		t.Errorf("unfinished: %q, rest %q", got, rest)
	}
}

// A streamed answer is restored as the whole one, however it was cut, and events
// without stand-ins stay as they came.
func TestStreamIsRestoredAsTheWhole(t *testing.T) {
	parts := []string{"<E_1>", "<E_12>", "N1", "N11", "<E", "<", "N", " text ", "é ", "E_1>"}
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		answers := make([]string, 1+rng.IntN(2))
		for i := range answers {
			for range 1 + rng.IntN(8) {
				answers[i] += parts[rng.IntN(len(parts))]
			}
		}
		r := restoring(standIns)
		in := streamOf(rng, answers)
		events := newSSEReader(bytes.NewReader(in), 1<<20)
		var sent []byte
		for {
			ev, err := events.next()
			if err == io.EOF {
				for _, ev := range r.flush(-1) {
					sent = append(sent, ev.raw...)
				}
				break
			}
			for _, ev := range r.event(ev) {
				sent = append(sent, ev.raw...)
			}
		}
		finished := map[int]bool{}
		got := make([]string, len(answers))
		for line := range strings.SplitSeq(string(sent), "\n") {
			for _, c := range gjson.Get(strings.TrimPrefix(line, "data: "), "choices").Array() {
				i := int(c.Get("index").Int())
				if finished[i] {
					t.Fatalf("seed %d: choice %d goes on after its end: %s", seed, i, sent)
				}
				got[i] += c.Get("delta.content").String()
				finished[i] = c.Get("finish_reason").Type == gjson.String
			}
		}
		for i, answer := range answers {
			want, _ := restoring(standIns).text(answer, true, false)
			if got[i] != want || !finished[i] {
				t.Fatalf("seed %d: %q became %q, want %q", seed, answer, got[i], want)
			}
		}
	}
}

func TestWholeAnswerIsRestoredInPlace(t *testing.T) {
	r := restoring(map[string]string{"<E_1>": `a "b"`})
	in := `{"x":"<E_1>", "choices":[ {"index":0,"message":{"role":"assistant","content":"to \u003cE_1\u003e","tool_calls":[{"id":"<E_1>","function":{"name":"f","arguments":"{\"to\":\"<E_1>\"}"}}]}} ],"u":1.50}`
	got := string(r.whole([]byte(in)))
	want := `{"x":"<E_1>", "choices":[ {"index":0,"message":{"role":"assistant","content":"to a \"b\"","tool_calls":[{"id":"<E_1>","function":{"name":"f","arguments":"{\"to\":\"a \\\"b\\\"\"}"}}]}} ],"u":1.50}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var nothing *restorer
	if same := nothing.whole([]byte(in)); string(same) != in {
		t.Error("an answer changed though nothing was replaced in its prompt")
	}
}
