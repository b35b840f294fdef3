package policies

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// trace collects, while a rule is evaluated, which of its conditions held and which
// did not, and on which values. Conditions are those of the file as it was written:
// the compiler makes several of one, all of which lie inside its text.
type trace struct {
	file  string
	input ast.Value
	list  []*traced
	heads []*tracedBody
	last  map[uint64]*traced // by query: the condition that is under evaluation
}

type tracedBody struct {
	rule    *ast.Rule
	entered bool
	held    bool
	from    int // its conditions in trace.list
	to      int
}

type traced struct {
	expr       *ast.Expr
	body       *tracedBody
	depth      int
	start, end int // of the text in the file, in bytes
	names      []ast.Ref
	seen       map[string]bool
	Condition
}

func newTrace(file string, module *ast.Module, input ast.Value) *trace {
	t := &trace{file: file, input: input, last: map[uint64]*traced{}}
	for _, r := range module.Rules {
		for ; r != nil; r = r.Else {
			b := &tracedBody{rule: r, from: len(t.list)}
			t.add(b, r.Body, 0)
			b.to = len(t.list)
			t.heads = append(t.heads, b)
		}
	}
	return t
}

// add takes conditions in, and those of comprehensions inside them.
func (t *trace) add(b *tracedBody, body ast.Body, depth int) {
	for _, expr := range body {
		if expr.Location == nil || len(expr.Location.Text) == 0 {
			continue
		}
		c := &traced{
			expr: expr, body: b, depth: depth, start: expr.Location.Offset, end: expr.Location.Offset + len(expr.Location.Text),
			names: namesIn(expr), seen: map[string]bool{},
			Condition: Condition{At: fmt.Sprintf("%s:%d", t.file, expr.Location.Row), Text: oneLine(string(expr.Location.Text)), Depth: depth},
		}
		t.list = append(t.list, c)
		ast.WalkClosures(expr, func(x any) bool {
			switch x := x.(type) {
			case *ast.ArrayComprehension:
				t.add(b, x.Body, depth+1)
			case *ast.SetComprehension:
				t.add(b, x.Body, depth+1)
			case *ast.ObjectComprehension:
				t.add(b, x.Body, depth+1)
			case *ast.Every:
				t.add(b, x.Body, depth+1)
			}
			return true // what is inside is taken in there
		})
	}
}

// namesIn are the variables and references that a condition speaks of, those of
// comprehensions inside it left out.
func namesIn(expr *ast.Expr) []ast.Ref {
	var out []ast.Ref
	add := func(r ast.Ref) {
		if !slices.ContainsFunc(out, func(o ast.Ref) bool { return o.Equal(r) }) {
			out = append(out, r)
		}
	}
	called := map[string]bool{}
	if expr.IsCall() {
		called[expr.Operator().String()] = true
	}
	vis := ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.Every:
			return true
		case ast.Call:
			called[x[0].String()] = true
		case ast.Ref:
			if !called[x.String()] {
				add(x)
			}
			return true
		case ast.Var:
			add(ast.Ref{ast.NewTerm(x)})
		}
		return false
	})
	vis.Walk(expr)
	return out
}

func (t *trace) Enabled() bool               { return true }
func (t *trace) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

// TraceEvent is called by OPA for every step.
func (t *trace) TraceEvent(e topdown.Event) {
	if e.Location == nil || e.Location.File != t.file {
		return
	}
	switch node := e.Node.(type) {
	case *ast.Rule:
		b := t.bodyOf(node)
		if b == nil {
			return
		}
		switch e.Op {
		case topdown.EnterOp:
			b.entered = true
		case topdown.ExitOp:
			b.held = true
			t.pass(&e)
		}
	case ast.Body:
		if e.Op == topdown.ExitOp {
			t.pass(&e)
		}
	case *ast.Expr:
		c := t.conditionOf(e.Location)
		if c == nil {
			return
		}
		switch e.Op {
		case topdown.EvalOp:
			was := t.last[e.QueryID]
			if was != nil && was != c && (was.start < c.start || c.depth < was.depth) {
				was.tell(&was.Held, t.values(was, &e))
			}
			if was != nil && c.depth < was.depth {
				c = nil // the head of a comprehension, which stands before its conditions
			}
			t.last[e.QueryID] = c
		case topdown.FailOp:
			c.tell(&c.Failed, t.values(c, &e))
		case topdown.RedoOp:
			t.last[e.QueryID] = c
		}
	}
}

// pass notes that the last condition of a query held.
func (t *trace) pass(e *topdown.Event) {
	if c := t.last[e.QueryID]; c != nil {
		c.tell(&c.Held, t.values(c, e))
	}
}

// tell keeps different cases, so many as are worth reading.
func (c *traced) tell(to *[][]string, values []string) {
	key := fmt.Sprint(to == &c.Held, values)
	if c.seen[key] || len(*to) == maxCases {
		return
	}
	c.seen[key] = true
	*to = append(*to, values)
}

func (t *trace) bodyOf(r *ast.Rule) *tracedBody {
	for _, b := range t.heads {
		if b.rule.Location != nil && r.Location != nil && b.rule.Location.Offset == r.Location.Offset {
			return b
		}
	}
	return nil
}

// conditionOf is the innermost condition in whose text a place lies.
func (t *trace) conditionOf(at *ast.Location) *traced {
	var found *traced
	for _, c := range t.list {
		if c.start <= at.Offset && at.Offset < c.end && (found == nil || c.depth >= found.depth) {
			found = c
		}
	}
	return found
}

// values says what the names in a condition stood for.
func (t *trace) values(c *traced, e *topdown.Event) []string {
	local := map[ast.Var]ast.Value{}
	if e.Locals != nil {
		e.Locals.Iter(func(k, v ast.Value) bool {
			name, ok := k.(ast.Var)
			if !ok {
				return false
			}
			if meta, ok := e.LocalMetadata[name]; ok {
				name = meta.Name
			}
			local[name] = v
			return false
		})
	}
	out := []string{} // not nil: the condition was reached
	for _, ref := range c.names {
		head, ok := ref[0].Value.(ast.Var)
		if !ok {
			continue
		}
		value, path := local[head], ast.Ref{}
		if head.Equal(ast.InputRootDocument.Value) {
			value = t.input
		}
		if value == nil {
			continue
		}
		for _, step := range ref[1:] {
			if v, ok := step.Value.(ast.Var); ok {
				if local[v] == nil {
					path = nil
					break
				}
				step = ast.NewTerm(local[v])
			}
			path = append(path, step)
		}
		if path == nil || len(path) != len(ref)-1 {
			continue
		}
		if found, err := value.Find(path); err == nil {
			out = append(out, ref.String()+" is "+short(found.String()))
		} else {
			out = append(out, ref.String()+" is not there")
		}
	}
	return out
}

// bodies are those that were evaluated.
func (t *trace) bodies() []Body {
	var out []Body
	for _, b := range t.heads {
		if !b.entered || b.from == b.to || b.rule.Location == nil {
			continue
		}
		body := Body{Name: b.rule.Head.Ref().String(), At: fmt.Sprintf("%s:%d", t.file, b.rule.Location.Row), Held: b.held}
		for _, c := range t.list[b.from:b.to] {
			body.Conditions = append(body.Conditions, c.Condition)
		}
		out = append(out, body)
	}
	return out
}

// maxShown is how much of a value or a condition is shown, in bytes.
const maxShown = 160

func short(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// oneLine is a condition that was written over several lines.
func oneLine(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if had := b.String(); had != "" && strings.ContainsAny(had[len(had)-1:], "|[{(,") || strings.ContainsAny(line[:1], "]})") {
			b.WriteByte(' ')
		} else if had != "" {
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return short(b.String())
}
