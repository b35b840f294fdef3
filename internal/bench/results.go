package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// results collects the figures of all rounds, in the order they first came.
type results struct {
	order  []string
	values map[string][]float64
	seen   map[string]map[string]int // route → x-guard-verdict → answers
	setup  map[string]any
}

// spread is one figure over the rounds.
type spread struct {
	Name   string    `json:"name"`
	Min    float64   `json:"min"`
	Median float64   `json:"median"`
	Max    float64   `json:"max"`
	Values []float64 `json:"values"`
}

// aims are what a release is held to, by the median. The first five are of
// requests on one core; under other load on the machine, CPU time says more than
// the clock.
var aims = map[string]struct {
	most  bool // an upper bound
	value float64
}{
	"plain ÷ floor requests/s":      {false, 0.9},
	"floor ÷ plain CPU":             {false, 0.9},
	"checked c=16 requests/s":       {false, 700},
	"checked requests a CPU second": {false, 700},
	"checked c=1 added p50 ms":      {true, 3},
	"resident MiB at the end":       {true, 120},
	"cold start ms":                 {true, 1000},
}

// against says how a median stands to its aim; "" where there is none.
func against(name string, median float64) string {
	aim, ok := aims[name]
	switch {
	case !ok:
		return ""
	case aim.most && median <= aim.value, !aim.most && median >= aim.value:
		return fmt.Sprintf("aim %g: met", aim.value)
	}
	return fmt.Sprintf("aim %g: MISSED", aim.value)
}

func newResults(o options) *results {
	return &results{values: map[string][]float64{}, seen: map[string]map[string]int{}, setup: map[string]any{
		"at": time.Now().UTC().Format(time.RFC3339), "go": runtime.Version(), "cpu": cpuModel(), "cores": runtime.NumCPU(), "pinned": pinned(),
		"passages": o.passages, "sentences": sentences, "rounds": o.rounds, "seconds": o.seconds,
	}}
}

func (r *results) add(name string, v float64) {
	if _, ok := r.values[name]; !ok {
		r.order = append(r.order, name)
	}
	r.values[name] = append(r.values[name], v)
}

// note is a figure that is measured once.
func (r *results) note(name string, v float64) { r.add(name, v) }

func (r *results) verdicts(route string, seen map[string]int) {
	if r.seen[route] == nil {
		r.seen[route] = map[string]int{}
	}
	for k, n := range seen {
		r.seen[route][k] += n
	}
}

func (r *results) spreads() []spread {
	var out []spread
	for _, name := range r.order {
		v := slices.Sorted(slices.Values(r.values[name]))
		out = append(out, spread{name, v[0], v[len(v)/2], v[len(v)-1], r.values[name]})
	}
	return out
}

func (r *results) table(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "min\tmedian\tmax\t\t  figure")
	for _, s := range r.spreads() {
		fmt.Fprintf(tw, "%.3f\t%.3f\t%.3f\t%s\t  %s\n", s.Min, s.Median, s.Max, against(s.Name, s.Median), s.Name)
	}
	tw.Flush()
	for _, route := range slices.Sorted(maps.Keys(r.seen)) {
		fmt.Fprintf(w, "answers on the %s route by verdict: %v\n", route, r.seen[route])
	}
}

func (r *results) save(path string) error {
	data, err := json.MarshalIndent(map[string]any{"setup": r.setup, "figures": r.spreads(), "verdicts": r.seen}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("saving the figures: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("saving the figures: %w", err)
	}
	fmt.Fprintln(os.Stderr, "figures are in", path)
	return nil
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
