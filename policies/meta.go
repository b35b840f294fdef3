package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Meta is what a rule's METADATA says of it.
type Meta struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Severity    string   `json:"severity"` // low, medium, high or critical
	Principle   string   `json:"principle"`
	Obligation  []string `json:"obligation"` // laws and standards it serves, such as "EU AI Act Art. 12"
	Owner       string   `json:"owner"`
	Remediation string   `json:"remediation"`
}

// severities are the words a rule's severity may be, mildest first.
var severities = []string{"low", "medium", "high", "critical"}

// rulesRoot is the package below which rules stand.
const rulesRoot = "rules"

// metadata lists the rules below a package by id, each of which defines head. A rule
// that could never fire, or that does not say what it is and whose, is an error.
func metadata(modules map[string]*ast.Module, root, head string) (map[string]Meta, error) {
	metas := map[string]Meta{}
	var problems []string
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		module := modules[file]
		words := packageWords(module.Package)
		if len(words) == 0 || words[0] != root {
			continue
		}
		complain := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: ", file, module.Package.Location.Row)+fmt.Sprintf(format, args...))
		}
		id := strings.Join(words[1:], ".")
		if len(words) != 3 {
			complain("a rule's package is %s.AREA.NAME, not %s", root, strings.Join(words, "."))
			continue
		}
		if _, twice := metas[id]; twice {
			complain("the rule %s is in two files", id)
		}
		if !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool { return r.Head.Ref().String() == head || string(r.Head.Name) == head }) {
			complain("the rule %s defines no %s, so it could never fire", id, head)
		}
		meta := Meta{ID: id}
		for _, a := range module.Annotations {
			if a.Scope != "package" {
				continue
			}
			meta.Title, meta.Description = a.Title, a.Description
			for field, to := range map[string]*string{
				"severity": &meta.Severity, "principle": &meta.Principle, "owner": &meta.Owner, "remediation": &meta.Remediation,
			} {
				*to, _ = a.Custom[field].(string)
			}
			meta.Obligation = obligations(a.Custom["obligation"])
		}
		for _, field := range []struct{ name, value string }{
			{"title", meta.Title}, {"description", meta.Description}, {"custom.severity", meta.Severity},
			{"custom.principle", meta.Principle}, {"custom.obligation", strings.Join(meta.Obligation, "")}, {"custom.owner", meta.Owner}, {"custom.remediation", meta.Remediation},
		} {
			if strings.TrimSpace(field.value) == "" {
				complain("the METADATA of the rule %s lacks %s", id, field.name)
			}
		}
		if meta.Severity != "" && !slices.Contains(severities, meta.Severity) {
			complain("the severity of the rule %s is %q; use %s", id, meta.Severity, strings.Join(severities, ", "))
		}
		metas[id] = meta
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	return metas, nil
}

// obligations reads one or a list of them.
func obligations(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok && strings.TrimSpace(s) != "" {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// packageWords is a package's path without the leading data.
func packageWords(p *ast.Package) []string {
	var words []string
	for _, term := range p.Path[1:] {
		if s, ok := term.Value.(ast.String); ok {
			words = append(words, string(s))
		}
	}
	return words
}
