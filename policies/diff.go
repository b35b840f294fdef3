package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// Difference is what one bundle has that another has not.
type Difference struct {
	From     string   `json:"from"` // revisions
	To       string   `json:"to"`
	Added    []Meta   `json:"added,omitempty"`    // rules
	Removed  []Meta   `json:"removed,omitempty"`  // rules
	Code     []string `json:"code,omitempty"`     // packages whose Rego differs, other than in comments and layout
	Metadata []Change `json:"metadata,omitempty"` // of rules that both have
	Settings []Change `json:"settings,omitempty"` // of data.yaml
}

// Change is one value that differs; From or To is empty where there is none.
type Change struct {
	Where string `json:"where"` // "hallucination.contradicted owner", "routes.support.hallucination.contradicted.action"
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Empty says that both bundles decide the same and say the same of it.
func (d *Difference) Empty() bool {
	return len(d.Added)+len(d.Removed)+len(d.Code)+len(d.Metadata)+len(d.Settings) == 0
}

// Diff compares the bundles at two places, as At understands them. Tests are left out:
// they decide nothing.
func Diff(ctx context.Context, from, to string) (*Difference, error) {
	a, err := sourceAt(ctx, from)
	if err != nil {
		return nil, err
	}
	b, err := sourceAt(ctx, to)
	if err != nil {
		return nil, err
	}
	before, err := metadata(a.rules, rulesRoot, "violation")
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", from, err)
	}
	after, err := metadata(b.rules, rulesRoot, "violation")
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", to, err)
	}
	d := &Difference{From: a.revision, To: b.revision}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		now, ok := after[id]
		if !ok {
			d.Removed = append(d.Removed, before[id])
			continue
		}
		d.Metadata = append(d.Metadata, metaChanges(before[id], now)...)
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[id]; !ok {
			d.Added = append(d.Added, after[id])
		}
	}
	was, is := code(a.rules), code(b.rules)
	for _, name := range slices.Sorted(maps.Keys(union(was, is))) {
		rule := strings.TrimPrefix(name, rulesRoot+".")
		_, had := before[rule]
		_, has := after[rule]
		if was[name] != is[name] && had == has { // an added or removed rule is named already
			d.Code = append(d.Code, name)
		}
	}
	d.Settings = dataChanges(a.data, b.data)
	return d, nil
}

// sourceAt reads the rules and data at a place.
func sourceAt(ctx context.Context, place string) (*source, error) {
	s := At(place)
	f, err := s.fetch(ctx, "")
	var src *source
	if err == nil {
		src, err = f.files.parse(s.prefix(), false)
	}
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", &s, err)
	}
	return src, nil
}

func union(maps ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// code is the Rego of each package, without comments and layout.
func code(modules map[string]*ast.Module) map[string]string {
	out := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		m := modules[file].Copy()
		m.Comments, m.Annotations = nil, nil
		for _, r := range m.Rules {
			r.Annotations = nil
		}
		out[strings.Join(packageWords(m.Package), ".")] += m.String() + "\n"
	}
	return out
}

// metaChanges compares what two versions of a rule say of it.
func metaChanges(a, b Meta) []Change {
	var out []Change
	for _, f := range []struct{ name, from, to string }{
		{"title", a.Title, b.Title}, {"description", a.Description, b.Description}, {"severity", a.Severity, b.Severity},
		{"principle", a.Principle, b.Principle}, {"obligation", strings.Join(a.Obligation, ", "), strings.Join(b.Obligation, ", ")},
		{"owner", a.Owner, b.Owner}, {"remediation", a.Remediation, b.Remediation},
	} {
		if f.from != f.to {
			out = append(out, Change{a.ID + " " + f.name, f.from, f.to})
		}
	}
	return out
}

// dataChanges compares two data documents leaf by leaf. Members of lists are told
// apart by their id, where they have one.
func dataChanges(a, b any) []Change {
	var out []Change
	var walk func(at string, a, b any)
	walk = func(at string, a, b any) {
		x, okX := branches(a)
		y, okY := branches(b)
		if okX && okY || okX && b == nil || okY && a == nil {
			keys := map[string]bool{}
			for k := range x {
				keys[k] = true
			}
			for k := range y {
				keys[k] = true
			}
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				walk(strings.TrimPrefix(at+"."+k, "."), x[k], y[k])
			}
			return
		}
		if !reflect.DeepEqual(a, b) {
			out = append(out, Change{at, leaf(a), leaf(b)})
		}
	}
	walk("", a, b)
	return out
}

// branches are the members of a map, or of a list whose members have ids.
func branches(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case []any:
		out := map[string]any{}
		for _, e := range v {
			m, _ := e.(map[string]any)
			id, ok := m["id"].(string)
			if !ok {
				return nil, false
			}
			out[id] = m
		}
		return out, true
	}
	return nil, false
}

func leaf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case json.Number:
		return v.String()
	case string:
		return fmt.Sprintf("%q", v)
	}
	return string(util.MustMarshalJSON(v))
}
