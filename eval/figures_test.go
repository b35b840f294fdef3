package eval

import (
	"encoding/json"
	"math"
	"testing"
)

// outcomes makes rows from scores; those below the cut are good.
func outcomes(good, bad []float64, threshold float64) (rows []outcome) {
	for i, s := range good {
		rows = append(rows, outcome{doc: uint64(i), score: s, caught: s >= threshold})
	}
	for i, s := range bad {
		rows = append(rows, outcome{doc: uint64(100 + i), score: s, caught: s >= threshold, bad: true})
	}
	return rows
}

func near(t *testing.T, name string, got Figure, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-9 && !(math.IsNaN(want) && math.IsNaN(float64(got))) {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

// The expected values were worked out by hand.
func TestFigures(t *testing.T) {
	rows := outcomes([]float64{.1, .2, .6, .4}, []float64{.3, .6, .9, .8}, .5)
	var c counts
	for _, r := range rows {
		c.add(r.bad, r.caught)
	}
	near(t, "precision", c.precision(), 3./4)
	near(t, "recall", c.recall(), 3./4)
	near(t, "f1", c.f1(), 3./4)
	near(t, "balanced", c.balanced(), 3./4)
	// 16 pairs: .3 beats .1 and .2; .6 beats three and ties one; .9 and .8 beat all.
	near(t, "auroc", auroc(rows), (2+3.5+4+4)/16)
	f1, f1At, bacc, baccAt := best(rows)
	near(t, "best f1", f1, 8./10) // all above .3: 4 of 6
	near(t, "best f1 at", f1At, .3)
	near(t, "best balanced", bacc, 3./4)
	near(t, "best balanced at", baccAt, .8) // .6 gives the same; the higher one is kept
	near(t, "calibration", calibrationError([]outcome{{score: .95, bad: true}, {score: .91}, {score: .05}, {score: 1, bad: true}}), ((.95+.91+1-2)+.05)/4)
}

func TestFiguresOfOneClassAreNotNumbers(t *testing.T) {
	rows := outcomes([]float64{.1, .7}, nil, .5)
	near(t, "auroc", auroc(rows), math.NaN())
	_, _, bacc, _ := best(rows)
	near(t, "balanced", bacc, math.NaN())
	near(t, "none", calibrationError(nil), math.NaN())
	data, err := json.Marshal([]Figure{Figure(math.NaN()), Figure(1. / 3)})
	if err != nil || string(data) != "[null,0.3333]" {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestIntervalsHoldTheFigureAndRepeat(t *testing.T) {
	var rows []outcome
	for i := range 400 {
		rows = append(rows, outcome{doc: uint64(i / 4), bad: i%2 == 0, caught: i%2 == 0 && i%5 != 0 || i%7 == 1})
	}
	var c counts
	for _, r := range rows {
		c.add(r.bad, r.caught)
	}
	f1, bacc := intervals(rows)
	again, _ := intervals(rows)
	if f1 != again {
		t.Errorf("two runs differ: %v, %v", f1, again)
	}
	if f1[0] >= c.f1() || f1[1] <= c.f1() || bacc[0] >= c.balanced() || bacc[1] <= c.balanced() {
		t.Errorf("f1 %v in %v, balanced %v in %v", c.f1(), f1, c.balanced(), bacc)
	}
	// One document with all rows leaves nothing to draw: no width.
	for i := range rows {
		rows[i].doc = 1
	}
	if f1, _ = intervals(rows); f1[0] != c.f1() || f1[1] != c.f1() {
		t.Errorf("rows of one document stand or fall together: got %v, want %v", f1, c.f1())
	}
}

func TestWilson(t *testing.T) {
	got := wilson(8, 10) // a textbook value
	if math.Abs(float64(got[0])-.4902) > 1e-3 || math.Abs(float64(got[1])-.9433) > 1e-3 {
		t.Errorf("got %v", got)
	}
}
