package app

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// mayImport is which packages of ours each package may import: only downwards.
// Packages that are not named may import anything (internal/app, commands, tests).
var mayImport = map[string][]string{
	"groundtruth":             {},
	"groundtruth/postgres":    {"groundtruth"},
	"groundtruth/storetest":   {"groundtruth"},
	"internal/pgtest":         {},
	"guards":                  {"groundtruth", "guards/pii", "guards/secrets"},
	"guards/pii":              {},
	"guards/secrets":          {},
	"policies":                {"guards"},
	"internal/judge":          {"guards", "policies"},
	"internal/stats":          {},
	"internal/fairness":       {"internal/stats"},
	"internal/audit":          {"internal/judge", "internal/fairness", "internal/stats", "guards", "groundtruth", "policies"},
	"internal/review":         {"guards", "internal/audit", "internal/judge", "internal/stats", "policies"},
	"internal/metrics":        {},
	"internal/web":            {},
	"internal/demo":           {},
	"proxy":                   {"internal/judge", "guards", "groundtruth", "policies", "internal/audit", "internal/fairness", "internal/stats", "internal/metrics", "internal/review", "internal/web"},
	"internal/encoder":        {"internal/encoder/ortlib"},
	"internal/encoder/models": {"groundtruth", "guards", "internal/encoder", "internal/encoder/ortlib"},
	"eval":                    {"internal/judge", "guards", "groundtruth", "policies"},
	"cmd/touchstone":          {"internal/app"},
}

// aloneImports is which packages of ours may import a library.
var aloneImports = map[string][]string{
	"github.com/open-policy-agent/opa": {"policies"},
	"github.com/gofiber/fiber":         {"proxy"},
	"github.com/goccy/go-yaml":         {"internal/app", "policies", "groundtruth"}, // the configuration; a bundle's data.yaml; sources in YAML
	"modernc.org/sqlite":               {"groundtruth", "internal/audit"},
	"github.com/jackc/pgx":             {"groundtruth/postgres", "internal/pgtest"},
	"github.com/pgvector":              {"groundtruth/postgres"},
	"github.com/yalue/onnxruntime_go":  {"internal/encoder"},
	"github.com/zricethezav/gitleaks":  {"guards/secrets"},
	"github.com/pelletier/go-toml":     {"guards/secrets"},
	"github.com/nyaruka/phonenumbers":  {"guards/pii"},
}

func TestImportTable(t *testing.T) {
	seen := map[string]bool{}
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		seen[pkg] = true
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(imported, "touchstone/"); ok {
				if allowed, bound := mayImport[pkg]; bound && !slices.Contains(allowed, ours) {
					t.Errorf("%s imports %s, which is not below it", path, ours)
				}
			}
			for library, owners := range aloneImports {
				if strings.HasPrefix(imported, library) && !slices.Contains(owners, pkg) {
					t.Errorf("%s imports %s, which is for %s alone", path, imported, strings.Join(owners, " and "))
				}
			}
		}
	}
	for pkg := range mayImport {
		if !seen[pkg] {
			t.Errorf("the import table names %s, which there is not", pkg)
		}
	}
}

func TestFilesStaySmall(t *testing.T) {
	const most = 520
	for _, path := range goFiles(t) {
		data := read(t, path)
		if n := bytes.Count(data, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d: split it by subject", path, n, most)
		}
	}
}

// Nothing in the repository may depend on where it was written.
func TestNoMachinePaths(t *testing.T) {
	machine := regexp.MustCompile(`(^|[^\w.-])/(work|root|home/[a-z]+|Users/[A-Za-z]+|tmp)/[\w.-]+`)
	for _, path := range files(t) {
		data := read(t, path)
		if bytes.IndexByte(data, 0) >= 0 {
			continue
		}
		n := 0
		for line := range bytes.Lines(data) {
			n++
			if machine.Match(line) {
				t.Errorf("%s:%d: %s", path, n, bytes.TrimSpace(line))
			}
		}
	}
}

// Links between the files of the repository lead somewhere.
func TestDocumentLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	for _, path := range files(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(read(t, path)), -1) {
			target := m[1] + m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: there is no %s", path, target)
				continue
			}
			if anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchors(string(read(t, to))), anchor) {
				t.Errorf("%s: %s has no heading #%s", path, to, anchor)
			}
		}
	}
}

// anchors are the names that headings of a Markdown text can be linked by.
func anchors(text string) []string {
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	var out []string
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			name := drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			out = append(out, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return out
}

func goFiles(t *testing.T) []string {
	return slices.DeleteFunc(files(t), func(p string) bool { return filepath.Ext(p) != ".go" })
}

// files are the repository's own: not what is built, downloaded or hidden, and no
// corpora of a fuzzer.
func files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && rel != "." && d.Name() != ".ci" && d.Name() != ".github"
			if hidden || slices.Contains([]string{"bin", "data", "dist"}, rel) || d.Name() == "node_modules" || d.Name() == "fuzz" {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && rel != ".git" { // of a worktree
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil || len(out) < 50 {
		t.Fatalf("%d files, %v", len(out), err)
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
