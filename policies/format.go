package policies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// formatted is a .rego file as `opa fmt` writes it.
func formatted(name string, text []byte) ([]byte, error) {
	want, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, positions(err)
	}
	return want, nil
}

// unformatted are the .rego files that `opa fmt` would change, as file:line of the
// first difference.
func (f files) unformatted(prefix string) ([]string, error) {
	var lines []string
	for _, name := range f.names() {
		if !strings.HasSuffix(name, ".rego") {
			continue
		}
		want, err := formatted(prefix+name, f[name])
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(f[name], want) {
			lines = append(lines, fmt.Sprintf("%s:%d: not as opa fmt writes it", prefix+name, firstDifference(f[name], want)))
		}
	}
	return lines, nil
}

// Format writes the .rego files of the bundle in a folder as `opa fmt` does, and names
// those that were changed. Nothing is written when one of them cannot be parsed.
func Format(ctx context.Context, dir string) (changed []string, err error) {
	place := At(dir)
	if place.Dir == "" {
		return nil, errors.New("only the files of a folder can be formatted")
	}
	f, err := place.fetch(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	texts := files{}
	for _, name := range f.files.names() {
		if !strings.HasSuffix(name, ".rego") {
			continue
		}
		want, err := formatted(place.prefix()+name, f.files[name])
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(f.files[name], want) {
			texts[name] = want
		}
	}
	for _, name := range texts.names() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if err == nil {
			err = os.WriteFile(path, texts[name], info.Mode().Perm())
		}
		if err != nil {
			return changed, fmt.Errorf("writing what was formatted: %w", err)
		}
		changed = append(changed, place.prefix()+name)
	}
	return changed, nil
}

// firstDifference is the line in which two texts differ first.
func firstDifference(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return 1 + bytes.Count(a[:n], []byte("\n"))
}
