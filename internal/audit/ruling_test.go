package audit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"touchstone/guards"
)

// ruled is a log with four entries and three rulings on the second.
func ruled(t *testing.T) (path, verifier string, l *Log, rulings []Ruling) {
	t.Helper()
	path, signer, verifier, ids := chained(t, 4)
	l = openSigned(t, path, signer)
	one := 1
	for _, r := range []Ruling{
		{Exchange: ids[1], Sentence: &one, Right: true, By: "ann", Note: "The page says 24 months."},
		{Exchange: ids[1], Rule: "hallucination.contradicted", By: "ben", Note: "A zebra rule."},
		{Exchange: ids[1], Sentence: &one, By: "ben"},
	} {
		got, err := l.Review(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Number < 4 || got.At.IsZero() {
			t.Errorf("recorded as %+v", got)
		}
		rulings = append(rulings, got)
	}
	return path, verifier, l, rulings
}

func TestRulingsAreKeptInTheChain(t *testing.T) {
	path, verifier, l, want := ruled(t)
	got, err := l.Rulings(t.Context(), want[0].Exchange)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if other, err := l.Rulings(t.Context(), "none"); err != nil || len(other) != 0 {
		t.Errorf("on another: %+v %v", other, err)
	}
	if all, err := l.Reader().Rulings(t.Context(), ""); err != nil || len(all) != 3 {
		t.Errorf("all: %+v %v", all, err)
	}
	if n, err := l.Erase(t.Context(), []string{want[0].Exchange}, "dpo", "a request"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if after, err := l.Review(t.Context(), Ruling{Exchange: want[0].Exchange, Rule: "x", By: "ann", Note: "She said zebra."}); err != nil || after.Note != "" {
		t.Errorf("a note on what was erased: %+v %v", after, err)
	}
	got, err = l.Rulings(t.Context(), want[0].Exchange)
	if err != nil || len(got) != 4 || got[0].Note != "" || got[0].By != "ann" || !got[0].Right {
		t.Errorf("after the erasure: %+v (%v)", got, err)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if v := verified(t, path, verifier, ""); v.Broken != 0 || v.Rulings != 4 || v.Events != 5 || v.Erased != 1 {
		t.Errorf("%+v", v)
	}
	if file, err := os.ReadFile(path); err != nil || bytes.Contains(file, []byte("zebra")) {
		t.Errorf("an erased note is still in the file (%v)", err)
	}
}

func TestRulingsOnWhatIsNotThere(t *testing.T) {
	_, _, l, rulings := ruled(t)
	defer l.Close(context.Background()) //nolint:errcheck // the test is over
	id, far, negative, first := rulings[0].Exchange, 2, -1, 0
	for name, r := range map[string]Ruling{
		"sentence":   {Exchange: id, Sentence: &far, By: "a"},
		"negative":   {Exchange: id, Sentence: &negative, By: "a"},
		"choice":     {Exchange: id, Choice: 1, Sentence: &first, By: "a"},
		"nothing":    {Exchange: id, By: "a"},
		"nobody":     {Exchange: id, Sentence: &first, By: " "},
		"long note":  {Exchange: id, Sentence: &first, By: "a", Note: strings.Repeat("x", 2001)},
		"long rule":  {Exchange: id, Rule: strings.Repeat("x", 201), By: "a"},
		"long name ": {Exchange: id, Sentence: &first, By: strings.Repeat("x", 201)},
	} {
		if _, err := l.Review(t.Context(), r); !errors.Is(err, ErrBadRuling) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.Review(t.Context(), Ruling{Exchange: "none", Rule: "x", By: "a"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("no exchange: %v", err)
	}
}

func TestNotesAreMaskedWhereContentIs(t *testing.T) {
	path, signer, _, _ := chained(t, 1)
	l := openSigned(t, path, signer)
	defer l.Close(context.Background()) //nolint:errcheck // the test is over
	e := entry(7, guards.Supported)
	e.Keep = KeepMask
	l.Append(t.Context(), e, true)
	flush(t, l)
	if r, err := l.Review(t.Context(), Ruling{Exchange: e.ID, Rule: "x", By: "ann", Note: "ask ann@example.com"}); err != nil || strings.Contains(r.Note, "example") {
		t.Errorf("%+v %v", r, err)
	}
}

func TestVerifySeesTamperedRulings(t *testing.T) {
	for name, tc := range map[string]struct{ do, want string }{
		"note changed":   {"UPDATE rulings SET note = 'The page says 12 months.' WHERE n = 4", "the note of the ruling of record 4 was changed"},
		"note blanked":   {"UPDATE rulings SET note = '', salt = NULL WHERE n = 4", "1 notes of rulings were removed"},
		"moved":          {"UPDATE rulings SET entry = '00000000000000000000000002' WHERE n = 5", "the ruling of record 5 was moved"},
		"removed":        {"DELETE FROM rulings WHERE n = 6", "the ruling of record 6 was removed"},
		"turned":         {"UPDATE records SET json = replace(json, '\"right\"', '\"wrong\"') WHERE n = 4", "record 4"},
		"slipped in":     {"INSERT INTO rulings VALUES (99, '00000000000000000000000002', '', zeroblob(16))", "1 rulings were added without a record"},
		"filed as entry": {"INSERT INTO rulings VALUES (0, '00000000000000000000000002', '', zeroblob(16))", "record 0 is filed as a ruling"},
	} {
		t.Run(name, func(t *testing.T) {
			path, verifier, l, _ := ruled(t)
			if err := l.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			tamper(t, path, tc.do)
			if v := verified(t, path, verifier, ""); v.Broken == 0 || !strings.Contains(strings.Join(v.Problems, "\n"), tc.want) {
				t.Errorf("found %d: %q, want %q", v.Broken, v.Problems, tc.want)
			}
		})
	}
}
