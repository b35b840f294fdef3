package policies

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"touchstone/guards"
)

// A bundle has more rules than an answer gives cause to ask: most look at contradicted
// sentences, or at findings, of which most answers have none. Asking a rule costs
// microseconds even when its first condition fails. So the engine reads off the rules,
// once, which simple conditions each needs, and names to main.rego the rules whose
// needs the input meets (input.candidates). Only conditions that every way to the
// violation has count, so a rule that is not named could not have fired.

// needs are conditions on the input, as bits.
type needs uint32

const (
	needsFinal needs = 1 << iota
	needsStreamed
	needsAnswer
	needsPrompt
	needsFindings
	needsSkipped
	needsUnmeasured
	needsGroundedness
	needsVerdict // the first of five, in the order of verdicts
)

// gate is the rules that need the same.
type gate struct {
	needs needs
	equal map[string]string // "route", "app" and "model" to the one value they may have
	rules []*ast.Term       // ["area", "name"]
}

// gates sorts the rules by what they need.
func gates(modules map[string]*ast.Module) []gate {
	byRule := map[string][]gate{} // the bodies of each rule
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		words := packageWords(modules[file].Package)
		if len(words) != 3 || words[0] != rulesRoot {
			continue
		}
		id := words[1] + "." + words[2]
		for _, r := range modules[file].Rules {
			if name := r.Head.Ref().String(); name != "violation" && r.Head.Name != "violation" {
				continue
			}
			g := gate{}
			if !r.Default && r.Else == nil {
				g = needed(r.Body)
			}
			byRule[id] = append(byRule[id], g)
		}
	}
	var out []gate
	for _, id := range slices.Sorted(maps.Keys(byRule)) {
		area, name, _ := strings.Cut(id, ".")
		term := ast.ArrayTerm(ast.StringTerm(area), ast.StringTerm(name))
		for _, g := range byRule[id] { // candidates are a set: one named twice is asked once
			i := slices.IndexFunc(out, func(o gate) bool { return o.needs == g.needs && maps.Equal(o.equal, g.equal) })
			if i < 0 {
				i, out = len(out), append(out, g)
			}
			if !slices.Contains(out[i].rules, term) {
				out[i].rules = append(out[i].rules, term)
			}
		}
	}
	return out
}

// needed reads the needs off the conditions of a body.
func needed(body ast.Body) gate {
	g := gate{equal: map[string]string{}}
	for _, expr := range body {
		if expr.Negated || len(expr.With) > 0 {
			continue
		}
		switch terms := expr.Terms.(type) {
		case *ast.Term: // input.final
			g.needs |= map[string]needs{"final": needsFinal, "streamed": needsStreamed}[inputPath(terms)]
		case *ast.SomeDecl: // some x in input.findings
			if call, ok := terms.Symbols[0].Value.(ast.Call); ok && len(call) >= 3 {
				g.needs |= nonEmpty(inputPath(call[len(call)-1]))
			}
		case []*ast.Term:
			if len(terms) == 3 {
				g.compare(expr.Operator().String(), terms[1], terms[2])
				g.compare(expr.Operator().String(), terms[2], terms[1])
			}
		}
	}
	return g
}

// compare reads the needs off a comparison of a field of input with a constant.
func (g *gate) compare(op string, field, value *ast.Term) {
	path := inputPath(field)
	switch v := value.Value.(type) {
	case *ast.Array:
		if op == ast.NotEqual.Name && v.Len() == 0 {
			g.needs |= nonEmpty(path)
		}
	case ast.Null:
		if op == ast.NotEqual.Name && path == "groundedness" {
			g.needs |= needsGroundedness
		}
	case ast.String:
		if op != ast.Equal.Name && op != ast.Equality.Name {
			return
		}
		switch path {
		case "phase":
			g.needs |= map[ast.String]needs{ast.String(AnswerPhase): needsAnswer, ast.String(PromptPhase): needsPrompt}[v]
		case "route", "app", "model":
			if had, twice := g.equal[path]; !twice || had == string(v) {
				g.equal[path] = string(v)
			}
		}
	case ast.Boolean:
		if bool(v) && (op == ast.Equal.Name || op == ast.Equality.Name) {
			g.needs |= map[string]needs{"final": needsFinal, "streamed": needsStreamed}[path]
		}
	}
}

// nonEmpty is the need of a list of the input to have members.
func nonEmpty(path string) needs {
	switch path {
	case "findings":
		return needsFindings
	case "skipped":
		return needsSkipped
	case "unmeasured":
		return needsUnmeasured
	}
	if verdict, ok := strings.CutPrefix(path, "sentences."); ok {
		if i := slices.Index(verdicts, guards.Verdict(verdict)); i >= 0 {
			return needsVerdict << i
		}
	}
	return 0
}

// inputPath is the path of a reference into input, "" of anything else.
func inputPath(t *ast.Term) string {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) < 2 || !ref[0].Equal(ast.InputRootDocument) {
		return ""
	}
	words := make([]string, len(ref)-1)
	for i, step := range ref[1:] {
		s, ok := step.Value.(ast.String)
		if !ok {
			return ""
		}
		words[i] = string(s)
	}
	return strings.Join(words, ".")
}

// meets are the needs that an input meets.
func (in *Input) meets() needs {
	var n needs
	set := func(need needs, met bool) {
		if met {
			n |= need
		}
	}
	set(needsFinal, in.Final)
	set(needsStreamed, in.Streamed)
	set(needsPrompt, in.Phase == PromptPhase)
	set(needsAnswer, in.Phase != PromptPhase)
	set(needsFindings, len(in.Findings) > 0)
	set(needsSkipped, len(in.Skipped) > 0)
	_, grounded := in.Counts.Groundedness()
	set(needsGroundedness, grounded)
	for i := range in.Guards {
		set(needsUnmeasured, in.Guards[i].Status != guards.OK)
	}
	for i := range in.Sentences {
		if k := slices.Index(verdicts, in.Sentences[i].Verdict); k >= 0 {
			n |= needsVerdict << k
		}
	}
	return n
}

// candidates are the rules whose needs an input meets.
func candidates(gates []gate, in *Input) *ast.Term {
	met := in.meets()
	out := []*ast.Term{}
	for i := range gates {
		g := &gates[i]
		if g.needs&^met != 0 {
			continue
		}
		if v, ok := g.equal["route"]; ok && v != in.Route {
			continue
		}
		if v, ok := g.equal["app"]; ok && v != in.App {
			continue
		}
		if v, ok := g.equal["model"]; ok && v != in.Model {
			continue
		}
		out = append(out, g.rules...)
	}
	return ast.ArrayTerm(out...)
}
