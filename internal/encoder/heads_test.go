//go:build cgo

package encoder

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const safetyModel = "models/safety-minilm-l6"

// The program gives what onnxruntime gave in Python when the model was packed
// (eval/train/safety_ship.py): same pieces, same order of heads, same calibration.
func TestHeadsAsInTraining(t *testing.T) {
	e := open(t, Config{Path: safetyModel, AnyLanguage: true, Deadline: time.Minute})
	defer e.Close()
	data, err := os.ReadFile(filepath.Join(safetyModel, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []struct {
		Context, Text string
		Scores        []float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	pairs := make([]Pair, len(want))
	for i, w := range want {
		pairs[i] = Pair{w.Context, w.Text}
	}
	got, err := e.Heads(t.Context(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		for h, label := range e.Labels() {
			if math.Abs(got[i].Of[h]-w.Scores[h]) > 0.02 { // processors round differently
				t.Errorf("%q: %s %.4f, want %.4f", w.Text[:min(60, len(w.Text))], label, got[i].Of[h], w.Scores[h])
			}
		}
		if got[i].Cut != strings.HasPrefix(w.Text, "aaa") {
			t.Errorf("%q: cut is %v", w.Text[:min(60, len(w.Text))], got[i].Cut)
		}
	}
	if !slices.Contains(e.Labels(), "injection") {
		t.Errorf("labels %v", e.Labels())
	}
}

func TestHeadsNotMeasured(t *testing.T) {
	e := open(t, Config{Path: safetyModel, Deadline: time.Minute})
	defer e.Close()
	got, err := e.Heads(t.Context(), []Pair{{"", "Das ist nicht gut und wir werden es auch nicht machen."}, {"", "..."}, {"", "This is fine."}})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].NotMeasured != NotMeasuredLanguage || slices.Max(got[0].Of) != 0 {
		t.Errorf("another language: %+v", got[0])
	}
	if got[2].NotMeasured != "" || slices.Max(got[2].Of) <= 0 {
		t.Errorf("English: %+v", got[2])
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Heads(ctx, []Pair{{"", "Something new."}}); err == nil {
		t.Error("a call that was given up answers")
	}
	if _, err := e.Classify(t.Context(), []Pair{{"a", "b"}}); err == nil || !strings.Contains(err.Error(), "a heads model classifies no pairs") {
		t.Errorf("error: %v", err)
	}
}

func TestHeadsFileIsChecked(t *testing.T) {
	for _, c := range []struct{ labels, want string }{
		{`{"kind":"heads"}`, "labels names no head"},
		{`{"kind":"heads","labels":["a","b"],"scale":[1]}`, "scale has 1 numbers and shift 2 for 2 labels"},
		{`{"kind":"heads","labels":["a"],"scale":[0]}`, "label a: scale 0 must be more than 0"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "labels.json"), []byte(c.labels), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Path: dir}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.labels, err, c.want)
		}
	}
}
