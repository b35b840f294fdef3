package policies

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"
)

// Bounds on a bundle: rules and data are written by people, so more than this is the
// wrong folder.
const (
	maxBundle  = 16 << 20 // bytes of all files together
	maxEntries = 10_000   // files and folders looked at
)

// source is a bundle as read: parsed, not yet compiled.
type source struct {
	rules    map[string]*ast.Module // by the name shown in messages
	tests    map[string]*ast.Module
	data     map[string]any
	revision string
}

// read parses the .rego files and data.yaml (or data.json) of a bundle, its tests
// only withTests. Names in messages begin with prefix. Hidden files and directories
// are left out.
func read(fsys fs.FS, prefix string, withTests bool) (*source, error) {
	src := &source{rules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, data: map[string]any{}}
	sum := sha256.New()
	err := walk(fsys, func(name string, read func() ([]byte, error)) error {
		ext := path.Ext(name)
		test := strings.HasSuffix(name, "_test.rego")
		if test && !withTests || ext != ".rego" && ext != ".yaml" && ext != ".yml" && ext != ".json" {
			return nil
		}
		text, err := read()
		if err != nil {
			return err
		}
		if !test { // tests decide nothing
			fmt.Fprintf(sum, "%s %d\n", name, len(text))
			sum.Write(text)
		}
		shown := prefix + name
		if ext != ".rego" {
			return src.addData(name, shown, text)
		}
		module, err := ast.ParseModuleWithOpts(shown, string(text), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: Capabilities(),
		})
		switch {
		case err != nil:
			return positions(err)
		case test:
			src.tests[shown] = module
		default:
			src.rules[shown] = module
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(src.rules) == 0 {
		return nil, errors.New("the bundle holds no .rego file")
	}
	src.revision = hex.EncodeToString(sum.Sum(nil))[:12]
	return src, nil
}

// walk visits the files of a bundle, but hidden ones, within the bounds. Nothing but
// a regular file is read: a pipe would never end.
func walk(fsys fs.FS, visit func(name string, read func() ([]byte, error)) error) error {
	left, entries := int64(maxBundle), 0
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		var at *fs.PathError
		switch hidden := name != "." && strings.HasPrefix(path.Base(name), "."); {
		case name == "." && errors.As(err, &at): // the path in it is a dot
			return at.Err
		case err != nil:
			return err
		case hidden && d.IsDir():
			return fs.SkipDir
		case hidden || d.IsDir():
			return nil
		}
		if entries++; entries > maxEntries {
			return fmt.Errorf("the folder holds more than %d files: it is no bundle", maxEntries)
		}
		return visit(name, func() ([]byte, error) {
			info, err := fs.Stat(fsys, name) // of what a link points to
			if err != nil {
				return nil, err
			}
			if !info.Mode().IsRegular() {
				return nil, fmt.Errorf("%s is not a regular file", name)
			}
			f, err := fsys.Open(name)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			text, err := io.ReadAll(io.LimitReader(f, left+1))
			if err != nil {
				return nil, err
			}
			if left -= int64(len(text)); left < 0 {
				return nil, fmt.Errorf("the files of the bundle are larger than %d MiB together, at %s", maxBundle>>20, name)
			}
			return text, nil
		})
	})
}

// addData mounts a data file where its directory says, as OPA does with bundles.
func (src *source) addData(name, shown string, text []byte) error {
	if base := strings.TrimSuffix(path.Base(name), path.Ext(name)); base != "data" {
		return fmt.Errorf("%s: data is read from data.yaml or data.json only", shown)
	}
	if path.Ext(name) != ".json" {
		// OPA takes the last of two equal keys; here that would drop what somebody set.
		var checked any
		if err := yaml.Unmarshal(text, &checked); err != nil {
			if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
				return fmt.Errorf("%s:%s: %s", shown, m[1], m[2])
			}
			return fmt.Errorf("%s: %w", shown, err)
		}
	}
	var value map[string]any
	if err := util.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	at := src.data
	if dir := path.Dir(name); dir != "." {
		for _, key := range strings.Split(dir, "/") {
			next, ok := at[key].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[key] = next
			}
			at = next
		}
	}
	for key, v := range value {
		if _, taken := at[key]; taken {
			return fmt.Errorf("%s: %q is also given elsewhere in the bundle", shown, key)
		}
		at[key] = v
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// compiler is one for rules of this bundle: strict, under the restricted
// capabilities, and against data in the place of a rule.
func (src *source) compiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true).WithDefaultRegoVersion(ast.RegoV1).
		WithPathConflictsCheck(func(at []string) (bool, error) {
			var v any = src.data
			for _, key := range at {
				m, ok := v.(map[string]any)
				if !ok {
					return false, nil
				}
				if v, ok = m[key]; !ok {
					return false, nil
				}
			}
			return true, nil
		})
}

// positions says an error of OPA as lines of file:line: message, ten at most.
func positions(err error) error {
	var list ast.Errors
	var te *topdown.Error
	if errors.As(err, &te) && te.Location != nil {
		return fmt.Errorf("%s:%d: %s", te.Location.File, te.Location.Row, te.Message)
	}
	if !errors.As(err, &list) || len(list) == 0 {
		return err
	}
	var b bytes.Buffer
	for i, e := range list {
		if i == 10 {
			fmt.Fprintf(&b, "\nand %d more", len(list)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		if e.Location != nil {
			fmt.Fprintf(&b, "%s:%d: ", e.Location.File, e.Location.Row)
		}
		b.WriteString(e.Message)
	}
	return errors.New(b.String())
}

// Meta is what a rule's METADATA says of it.
type Meta struct {
	ID, Title, Description                  string
	Severity, Principle, Owner, Remediation string
}

// rulesRoot is the package below which rules stand.
const rulesRoot = "rules"

// metadata lists the rules of a bundle by id. A rule that could never fire, or that
// does not say what it is and whose, is an error.
func metadata(modules map[string]*ast.Module) (map[string]Meta, error) {
	metas := map[string]Meta{}
	var problems []string
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		module := modules[file]
		words := packageWords(module.Package)
		if len(words) == 0 || words[0] != rulesRoot {
			continue
		}
		complain := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: ", file, module.Package.Location.Row)+fmt.Sprintf(format, args...))
		}
		id := strings.Join(words[1:], ".")
		if len(words) != 3 {
			complain("a rule's package is rules.AREA.NAME, not %s", strings.Join(words, "."))
			continue
		}
		if _, twice := metas[id]; twice {
			complain("the rule %s is in two files", id)
		}
		if !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool { return r.Head.Ref().String() == "violation" || r.Head.Name == "violation" }) {
			complain("the rule %s defines no violation, so it could never fire", id)
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
		}
		for _, field := range []struct{ name, value string }{
			{"title", meta.Title}, {"description", meta.Description}, {"custom.severity", meta.Severity},
			{"custom.principle", meta.Principle}, {"custom.owner", meta.Owner}, {"custom.remediation", meta.Remediation},
		} {
			if strings.TrimSpace(field.value) == "" {
				complain("the METADATA of the rule %s lacks %s", id, field.name)
			}
		}
		metas[id] = meta
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	return metas, nil
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
