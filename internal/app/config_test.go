package app

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every *.bad.yaml makes one mistake. Its leading comment lines beginning with
// "# want: " are the whole error.
func TestBadConfigs(t *testing.T) {
	t.Setenv("TEST_KEY", "sk-secret")
	files, err := filepath.Glob("testdata/config/*.bad.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, strings.TrimSpace(text))
				}
			}
			_, err = ParseConfig(filepath.Base(path), data)
			if err == nil {
				t.Fatal("was accepted")
			}
			if got := err.Error(); got != strings.Join(want, "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
			}
			if strings.Contains(err.Error(), "sk-secret") {
				t.Error("the error shows a secret")
			}
		})
	}
}

// The parser never sees what it would take too long for.
func TestNestingIsBoundedBeforeParsing(t *testing.T) {
	staircase := ""
	for i := range 70 {
		staircase += strings.Repeat(" ", i) + "a:\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"brackets":        {strings.Repeat("[", 100_000), "t.yaml:1: is nested deeper than 64 levels"},
		"braces":          {"\n\na: " + strings.Repeat("{a: ", 65), "t.yaml:3: is nested deeper than 64 levels"},
		"lists in a line": {strings.Repeat("- ", 65) + "a", "t.yaml:1: is nested deeper than 64 levels"},
		"keys in a line":  {strings.Repeat("? ", 65) + "a", "t.yaml:1: is nested deeper than 64 levels"},
		"with tabs":       {strings.Repeat("-\t", 65) + "a", "t.yaml:1: is nested deeper than 64 levels"},
		"old line ends":   {strings.ReplaceAll(staircase, "\n", "\r"), "t.yaml:65: is nested deeper than 64 levels"},
		"indentation":     {staircase, "t.yaml:65: is nested deeper than 64 levels"},
		"with comments":   {strings.ReplaceAll(staircase, "\n", "\n# a\n\n"), "t.yaml:193: is nested deeper than 64 levels"},
		"both":            {strings.Join(strings.SplitAfter(staircase, "\n")[:40], "") + strings.Repeat(" ", 40) + "a: " + strings.Repeat("[", 30), "t.yaml:41: is nested deeper than 64 levels"},
		"size":            {strings.Repeat("#", 1<<20+1), "t.yaml: is larger than 1 MiB: it is no configuration"},
	} {
		if _, err := ParseConfig("t.yaml", []byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	wide := "upstreams: [{name: a, base_url: http://x/v1}]\nroutes:\n" // many entries, none of them deep
	for i := range 200 {
		wide += fmt.Sprintf("  - name: r%d\n    models: [m%d]\n    audit:\n      content: keep\n", i, i)
	}
	if cfg, err := ParseConfig("t.yaml", []byte(wide)); err != nil || len(cfg.Routes) != 200 {
		t.Errorf("a long file: %v", err)
	}
}

func TestConfigIsARegularFile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, 1<<40); err != nil { // takes no room, and must not be read whole
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "is not a regular file", os.DevNull: "is not a regular file", big: "is larger than 1 MiB"} {
		if _, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSmallestConfig(t *testing.T) {
	t.Setenv("TEST_KEY", "sk-secret")
	cfg, err := ParseConfig("t.yaml", []byte(`upstreams: [{name: local, base_url: "http://127.0.0.1:1234/v1", api_key: "${TEST_KEY}"}]`))
	if err != nil {
		t.Fatal(err)
	}
	r := cfg.Routes[0]
	if r.Upstream != "local" || r.Models[0] != "*" || r.Guards[0] != "groundedness" || r.OnFailure != "block" || time.Duration(cfg.Upstreams[0].Timeout) != 2*time.Minute {
		t.Errorf("%+v", cfg)
	}
	if cfg.Upstreams[0].APIKey.Reveal() != "sk-secret" {
		t.Error("the variable was not put in")
	}
}

func TestExplicitlyEmptyIsNotTheDefault(t *testing.T) {
	cfg, err := ParseConfig("t.yaml", []byte("upstreams: [{name: a, base_url: http://x/v1}]\nroutes: [{name: r, models: [m], guards: [], collections: []}]"))
	if err != nil {
		t.Fatal(err)
	}
	if r := cfg.Routes[0]; r.Guards == nil || len(r.Guards) != 0 || len(r.Collections) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	cfg, err := ParseConfig("t.yaml", []byte(`
upstreams: [{name: a, base_url: "http://x/v1"}]
routes:
  - &first {name: one, models: [m], guards: [], mode: shadow}
  - {<<: *first, name: two, models: ["*"]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if r := cfg.Routes[1]; r.Name != "two" || r.Mode != "shadow" || len(r.Guards) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("sk-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := ParseConfig("t.yaml", fmt.Appendf(nil, "upstreams: [{name: a, base_url: http://x/v1, api_key_file: %q}]", path))
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Upstreams[0].APIKey.Reveal(); got != "sk-file" {
		t.Errorf("read %q", got)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	cfg := Default()
	cfg.Admin.Key = NewSecret("hunter2")
	cfg.Upstreams = []UpstreamConfig{{Headers: map[string]Secret{"api-key": NewSecret("hunter2")}}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", *cfg)
		fmt.Fprintf(&out, verb+"\n", cfg.Admin.Key)
	}
	if err := json.NewEncoder(&out).Encode(cfg); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "cfg", cfg, "key", cfg.Admin.Key)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", cfg, "key", cfg.Admin.Key)
	if s := out.String(); strings.Contains(s, "hunter2") || strings.Contains(s, "68756e74657232") || !strings.Contains(s, "[secret]") {
		t.Error(s)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "17": 17, "4MiB": 4 << 20, "1 GiB": 1 << 30, "2KB": 2000, "9B": 9} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "9223372036854775807KiB", "4 parsecs"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: accepted as %d", text, s)
		}
	}
}

func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/config/*.yaml")
	for _, path := range append(files, "../../deploy/config.example.yaml") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte("a: &a {<<: *a}\nroutes: &r [*r, *r]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := ParseConfig("f.yaml", data)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f.yaml") {
					t.Errorf("a line without its place: %q", err.Error())
				}
				break
			}
			return
		}
		if len(cfg.Upstreams) == 0 || len(cfg.Routes) == 0 {
			t.Errorf("accepted without upstream or route: %q", data)
		}
	})
}
