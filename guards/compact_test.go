package guards

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// checkPacked fails the test unless a passage is the same after packing.
func checkPacked(t *testing.T, head, text string) {
	t.Helper()
	want := analyse(new(scratch), head, text)
	data := pack(nil, want)
	s := new(scratch)
	unpack(s, data, text) // leaves slices of all kinds behind that must not be overwritten
	got := unpack(s, data, text)
	if len(got) != len(want) {
		t.Fatalf("%d blocks, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.offset != w.offset || g.text != w.text || !slices.Equal(g.head, w.head) || len(g.pieces) != len(w.pieces) {
			t.Fatalf("block %d: %+v, want %+v", i, g.block, w.block)
		}
		if !slices.Equal(g.toks, w.toks) {
			t.Fatalf("block %d has the tokens %+v, want %+v", i, g.toks, w.toks)
		}
		if !slices.Equal(g.mentions, w.mentions) {
			t.Fatalf("block %d has the values %+v, want %+v", i, g.mentions, w.mentions)
		}
		for k := range w.pieces {
			gp, wp := g.pieces[k], w.pieces[k]
			same := slices.Equal(gp.subject, wp.subject) && slices.EqualFunc(gp.cells, wp.cells, func(a, b cell) bool {
				same := slices.Equal(a.header, b.header)
				a.header, b.header = nil, nil
				return same && reflect.DeepEqual(a, b)
			})
			gp.subject, wp.subject, gp.cells, wp.cells = nil, nil, nil, nil
			if !same || !reflect.DeepEqual(gp, wp) {
				t.Fatalf("piece %d of block %d: %+v, want %+v", k, i, g.pieces[k], w.pieces[k])
			}
		}
	}
}

func TestPackedPassagesAreTheSame(t *testing.T) {
	if len(lexemes) > 1<<lexBits {
		t.Fatalf("%d words in the lexicon, a packed token has %d bits for one", len(lexemes), lexBits)
	}
	for name, text := range map[string]string{
		"empty":      "",
		"prose":      "Gold members get 15 % off from 1,500 EUR, Silver 10.5%. It does not apply before 3 March 2024 at 16:00!\nAsk Dr. J. Smith: v2.3.1, DW-620, a@b.co, +44 1632 960 118.",
		"long words": strings.Repeat("a", 3000) + strings.Repeat(" ", 200) + strings.Repeat("9", 2000) + " – end½",
		"table":      "# Plans\n| plan | price in EUR | seats |\n| --- | --- | --- |\n| Basic | 5 | 1 to 3 |\n| Pro | 25 | 40 | more |\n\nNo table.\n|a|b|\n|1|2|",
		"lines":      "model: Kestrel 500; price: €3,299; weight: 4 kg\nmodel: Kestrel 900; price: €5,299; weight: 4 kg",
		"record":     `{"name": "Harbour", "fare_eur": 189, "open": {"monday": null, "tuesday": "9am", "wifi": true}, "list": [1, 2, {"a": "` + strings.Repeat("A long text. Of sentences! ", 9) + `"}]}`,
		"other":      "日本語のテキスト。naïve–café’s \xff\xfe ½ ٣ кошка",
		"many":       strings.Repeat("The lamp costs 3.50 EUR; the shade does not. Next! ", 400),
	} {
		t.Run(name, func(t *testing.T) { checkPacked(t, "Plans\nof 2024", text) })
	}
}
