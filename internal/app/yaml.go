package app

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"touchstone/groundtruth"
)

// places remembers the line of each field of a file, so that a fault found after
// decoding can still be pointed at.
type places struct {
	file  string
	lines map[string]int // field path → line
}

// placedError is a fault at a line of a file.
type placedError struct {
	file string
	line int
	text string
}

func (e *placedError) Error() string {
	switch {
	case e.file == "":
		return e.text
	case e.line == 0:
		return e.file + ": " + e.text
	}
	return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text)
}

// errorf points at a field, or at the nearest one around it that the file has.
func (p places) errorf(field, format string, args ...any) error {
	line, at := 0, field
	for at != "" && line == 0 {
		line = p.lines[at]
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	return &placedError{p.file, line, field + ": " + fmt.Sprintf(format, args...)}
}

func sortByLine(errs []error) {
	line := func(err error) int {
		var p *placedError
		if errors.As(err, &p) {
			return p.line
		}
		return 0
	}
	sort.SliceStable(errs, func(i, j int) bool { return line(errs[i]) < line(errs[j]) })
}

// decodeYAML fills the struct that into points to from a file of one YAML
// document. The library parses; the walk over its tree is ours because a person
// needs the path, the line and the allowed values of what is wrong, for all
// faults at once. Scalars may contain ${NAME}.
func decodeYAML(name string, data []byte, into any) (places, error) {
	d := &decoder{places: places{file: name, lines: map[string]int{}}, anchors: map[string]ast.Node{}}
	if line := groundtruth.DeepYAML(data, maxNesting); line > 0 {
		return d.places, &placedError{name, line, fmt.Sprintf("is nested deeper than %d levels", maxNesting)}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		var ye yaml.Error
		if errors.As(err, &ye) && ye.GetToken() != nil {
			return d.places, &placedError{name, ye.GetToken().Position.Line, "not valid YAML: " + ye.GetMessage()}
		}
		return d.places, &placedError{name, 0, "not valid YAML: " + err.Error()}
	}
	docs := 0
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if docs++; docs > 1 {
			d.fail(doc.Body, "", "a second YAML document; a configuration is one")
			break
		}
		d.decode(doc.Body, reflect.ValueOf(into).Elem(), "", "")
	}
	sortByLine(d.errs)
	return d.places, errors.Join(d.errs...)
}

// maxNesting bounds what the parser is given.
const maxNesting = 64

// decoder walks a YAML tree and the value it describes, side by side.
type decoder struct {
	places
	anchors map[string]ast.Node
	depth   int
	errs    []error
}

func (d *decoder) fail(n ast.Node, path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	d.errs = append(d.errs, &placedError{d.file, lineOf(n), text})
}

// maxDepth is far above any real file: deeper means an alias that holds itself.
const maxDepth = 32

func (d *decoder) decode(n ast.Node, v reflect.Value, path, oneof string) {
	if d.depth++; d.depth > maxDepth {
		d.fail(n, path, "is nested too deeply")
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	if n = d.resolve(n, path); n == nil {
		return
	}
	if n.Type() == ast.NullType { // `field:` with nothing after it keeps the default
		return
	}
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if s, ok := d.scalar(n, path); ok {
			if err := t.UnmarshalText([]byte(s)); err != nil {
				d.fail(n, path, "%v", err)
			}
		}
		return
	}
	if w, ok := v.Addr().Interface().(interface{ setWord(string) error }); ok {
		if _, fields := n.(ast.MapNode); !fields {
			if s, ok := d.scalar(n, path); ok {
				if err := w.setWord(s); err != nil {
					d.fail(n, path, "%v", err)
				}
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, path, func(key string, keyNode, value ast.Node) { d.field(v, key, keyNode, value, path) })
	case reflect.Map:
		if m, ok := n.(ast.MapNode); !ok || m.MapRange().Next() { // an empty one keeps the default
			v.Set(reflect.MakeMap(v.Type()))
		}
		d.mapping(n, path, func(key string, keyNode, value ast.Node) {
			elem := reflect.New(v.Type().Elem()).Elem()
			d.lines[join(path, key)] = lineOf(keyNode)
			d.decode(value, elem, join(path, key), "")
			v.SetMapIndex(reflect.ValueOf(key), elem)
		})
	case reflect.Slice:
		d.sequence(n, v, path)
	default:
		d.setScalar(n, v, path, oneof)
	}
}

func (d *decoder) field(v reflect.Value, key string, keyNode, value ast.Node, path string) {
	var known []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		if name == key {
			d.lines[join(path, key)] = lineOf(keyNode)
			d.decode(value, v.Field(i), join(path, key), f.Tag.Get("oneof"))
			return
		}
		known = append(known, name)
	}
	if near := nearest(key, known); near != "" {
		d.fail(keyNode, join(path, key), "there is no such field; did you mean %q?", near)
		return
	}
	d.fail(keyNode, join(path, key), "there is no such field; there are: %s", strings.Join(known, ", "))
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, path, "is %s where a list is needed", describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.lines[at] = lineOf(item)
		if el, ok := out.Index(i).Addr().Interface().(interface{ setDefaults() }); ok {
			el.setDefaults()
		}
		d.decode(item, out.Index(i), at, "")
	}
	v.Set(out)
}

// mapping calls each for every key. Merged mappings (<<) come first, so that the
// keys beside them win.
func (d *decoder) mapping(n ast.Node, path string, each func(key string, keyNode, value ast.Node)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.fail(n, path, "is %s where fields are needed", describe(n))
		return
	}
	var own []*ast.MappingValueNode
	for it := m.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			if merged := d.resolve(it.Value(), path); merged != nil {
				if d.depth++; d.depth <= maxDepth {
					d.mapping(merged, path, each)
				}
				d.depth--
			}
			continue
		}
		own = append(own, it.KeyValue())
	}
	for _, kv := range own {
		if s, ok := kv.Key.(ast.ScalarNode); ok {
			each(fmt.Sprint(s.GetValue()), kv.Key, kv.Value)
			continue
		}
		d.fail(kv.Key, path, "has a key that is not a name")
	}
}

func (d *decoder) setScalar(n ast.Node, v reflect.Value, path, oneof string) {
	s, ok := d.scalar(n, path)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil || (s != "true" && s != "false") {
			d.fail(n, path, "%q is not true or false", s)
		}
		v.SetBool(b)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if err != nil {
			d.fail(n, path, "%q is not a whole number", s)
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			d.fail(n, path, "%q is not a number", s)
			return
		}
		v.SetFloat(x)
	case reflect.String:
		if allowed := strings.Fields(oneof); len(allowed) > 0 && !strings.Contains(" "+oneof+" ", " "+s+" ") {
			d.fail(n, path, "%q is not one of %s", s, strings.Join(allowed, ", "))
		}
		v.SetString(s)
	default:
		panic("config: no decoding for " + v.Type().String())
	}
}

// variable is ${NAME}; $$ stands for a dollar sign.
var variable = regexp.MustCompile(`\$\$|\$\{([^}]*)\}`)

// scalar is the text of a scalar as written, with variables put in.
func (d *decoder) scalar(n ast.Node, path string) (string, bool) {
	var text string
	switch s := n.(type) {
	case *ast.StringNode:
		text = s.Value
	case *ast.LiteralNode:
		text = s.Value.Value
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
	default:
		d.fail(n, path, "is %s where a single value is needed", describe(n))
		return "", false
	}
	ok := true
	text = variable.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$$" {
			return "$"
		}
		name := m[2 : len(m)-1]
		value, set := os.LookupEnv(name)
		if !set {
			d.fail(n, path, "the environment variable %q is not set", name)
			ok = false
		}
		return value
	})
	return text, ok
}

// resolve follows anchors, aliases and tags to the node that has the value.
func (d *decoder) resolve(n ast.Node, path string) ast.Node {
	for range maxDepth {
		switch x := n.(type) {
		case *ast.AnchorNode:
			d.anchors[x.Name.GetToken().Value] = x.Value
			n = x.Value
		case *ast.AliasNode:
			target := d.anchors[x.Value.GetToken().Value]
			if target == nil {
				d.fail(n, path, "the alias *%s has no anchor above it", x.Value.GetToken().Value)
				return nil
			}
			n = target
		case *ast.TagNode:
			n = x.Value
		default:
			return n
		}
	}
	d.fail(n, path, "is nested too deeply")
	return nil
}

func lineOf(n ast.Node) int {
	if mv, ok := n.(*ast.MappingValueNode); ok { // its own token is the colon
		n = mv.Key
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// describe names a node for people.
func describe(n ast.Node) string {
	switch n.(type) {
	case ast.MapNode:
		return "a set of fields"
	case *ast.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", n.GetToken().Value)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearest is the known name that a person most likely meant, or "".
func nearest(word string, known []string) string {
	best, distance := "", 3 // at most two letters off
	for _, k := range known {
		if n := levenshtein.ComputeDistance(word, k); n < distance && n < len(k) {
			best, distance = k, n
		}
	}
	return best
}
