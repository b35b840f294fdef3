package policies

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"
)

// source is a bundle as read: parsed, not yet compiled.
type source struct {
	rules    map[string]*ast.Module // by the name shown in messages
	tests    map[string]*ast.Module
	data     map[string]any
	revision string
}

// parse reads the .rego files and data.yaml (or data.json) of a bundle, its tests
// only withTests. Names in messages begin with prefix.
func (f files) parse(prefix string, withTests bool) (*source, error) {
	src := &source{rules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, data: map[string]any{}}
	sum := sha256.New()
	for _, name := range f.names() {
		ext, text := path.Ext(name), f[name]
		test := strings.HasSuffix(name, "_test.rego")
		if test && !withTests || ext != ".rego" && ext != ".yaml" && ext != ".yml" && ext != ".json" || beside(name) {
			continue
		}
		if !test { // tests decide nothing
			fmt.Fprintf(sum, "%s %d\n", name, len(text))
			sum.Write(text)
		}
		shown := prefix + name
		if ext != ".rego" {
			if err := src.addData(name, shown, text); err != nil {
				return nil, err
			}
			continue
		}
		module, err := ast.ParseModuleWithOpts(shown, string(text), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: Capabilities(),
		})
		switch {
		case err != nil:
			return nil, positions(err)
		case test:
			src.tests[shown] = module
		default:
			src.rules[shown] = module
		}
	}
	if len(src.rules) == 0 {
		return nil, errors.New("the bundle holds no .rego file")
	}
	src.revision = hex.EncodeToString(sum.Sum(nil))[:12]
	return src, nil
}

// What a bundle holds for stock tools, beside rules and data.
const (
	capabilitiesFile = "capabilities.json"
	schemasFolder    = "schemas"
)

// beside says whether a file is there for stock tools and people, and is neither
// rule nor data: what rules may call and see.
func beside(name string) bool {
	return name == signaturesFile || name == capabilitiesFile || strings.HasPrefix(name, schemasFolder+"/")
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
// capabilities, against the schema of input and against data in the place of a rule.
func (src *source) compiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(Capabilities()).WithSchemas(schemas()).WithUseTypeCheckAnnotations(true).WithStrict(true).WithDefaultRegoVersion(ast.RegoV1).
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
