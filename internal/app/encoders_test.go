package app

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/internal/judge"
	"touchstone/policies"
)

const tiny = "../encoder/testdata/pair" // a model that knows nothing, of the smallest size

// opened is an App without upstreams whose one route checks with these encoders.
func opened(t *testing.T, encoders EncodersConfig) (*App, error) {
	t.Helper()
	cfg := Default()
	cfg.GroundTruth.Path, cfg.Encoders = ":memory:", encoders
	r := RouteConfig{}
	r.setDefaults()
	r.Name = "default"
	cfg.Routes = []RouteConfig{r}
	a, err := Open(t.Context(), cfg, unlogged())
	if err == nil {
		t.Cleanup(func() { a.Close() })
	}
	return a, err
}

// judged is the receipt of an answer that rests on a context.
func judged(t *testing.T, args ...string) judge.Receipt {
	t.Helper()
	_, out, errs := runCheckOn("", append(args, "-o", "json")...)
	var r judge.Receipt
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	return r
}

// The model that the program carries sees what words do not show, is named in the
// receipt with its hash, and an operator can turn it off.
func TestCarriedModelJudges(t *testing.T) {
	const rules = "Parcels that nobody collects go back to the sender after ten days. Dogs are not allowed on the ferry."
	args := []string{"-context", rules, "-answer", "You may not bring your dog aboard the ferry. You may bring your dog aboard the ferry."}
	with := judged(t, args...)
	if len(with.Models) != 1 || with.Models[0].Role != "verifier" || with.Models[0].Name != "verifier-minilm-l6" || len(with.Models[0].SHA256) != 64 {
		t.Errorf("models %+v", with.Models)
	}
	right, wrong := with.Sentences[0], with.Sentences[1]
	if right.Score >= wrong.Score || wrong.Verdict == "supported" {
		t.Errorf("right: %s %.2f %s; wrong: %s %.2f %s", right.Verdict, right.Score, right.Reason, wrong.Verdict, wrong.Score, wrong.Reason)
	}
	off := filepath.Join(t.TempDir(), "off.yaml")
	if err := os.WriteFile(off, []byte("upstreams: [{name: a, base_url: \"http://x/v1\"}]\nground_truth: {path: \":memory:\"}\nencoders: {verifier: off}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	without := judged(t, append(args, "-config", off)...)
	for _, s := range without.Sentences {
		if s.Category == "meaning" {
			t.Errorf("without a model: %+v", s)
		}
	}
	if len(without.Models) != 1 || without.Models[0].Role != "embedder" {
		t.Errorf("without a verifier: %+v", without.Models)
	}
}

// A text in a language that the model does not know is not measured.
func TestForeignLanguageIsNotMeasured(t *testing.T) {
	r := judged(t, "-context", "Die Rückgabe ist innerhalb von 30 Tagen möglich, wenn die Ware nicht benutzt wurde und der Beleg noch da ist.",
		"-answer", "Die Ware kann innerhalb von 30 Tagen zurückgegeben werden, wenn sie nicht benutzt wurde.")
	if s := r.Sentences[0]; s.Verdict != "not_measured" || !strings.Contains(s.Reason, "language") || r.Action == policies.Allow {
		t.Errorf("%s: %s, action %s", s.Verdict, s.Reason, r.Action)
	}
}

// A model that is broken stops the start, and the error names the file and the cause.
func TestBrokenModelStopsTheStart(t *testing.T) {
	broken := t.TempDir()
	if err := os.CopyFS(broken, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(broken, "model.onnx.gz")
	data, err := os.ReadFile(weights)
	if err == nil {
		err = os.WriteFile(weights, data[:len(data)/2], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		model EncoderConfig
		want  []string
	}{
		"corrupt":      {EncoderConfig{Path: broken}, []string{broken, "model.onnx.gz", "unexpected EOF"}},
		"wrong hash":   {EncoderConfig{Path: tiny, SHA256: strings.Repeat("0", 64)}, []string{tiny, "model.onnx.gz", "has SHA-256", "expected 000"}},
		"wrong labels": {EncoderConfig{Path: tiny, Labels: map[string]string{"LABEL_7": "supported"}}, []string{tiny, "LABEL_7", "entailment"}},
		"no verifier":  {EncoderConfig{Path: "../encoder/testdata/embed"}, []string{`kind "embed"`}},
		"another kind": {EncoderConfig{Path: tiny, Kind: "token"}, []string{tiny, "token model"}},
		"empty folder": {EncoderConfig{Path: t.TempDir()}, []string{"labels.json"}},
	} {
		_, err := opened(t, EncodersConfig{Verifier: c.model})
		for _, want := range append(c.want, "encoders.verifier: ") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
	}
	a, err := opened(t, EncodersConfig{Verifier: EncoderConfig{Path: tiny, AnyLanguage: true}})
	if err != nil || len(a.models()) != 2 || a.models()[0].Name != "pair" {
		t.Errorf("an operator's model: %v", err)
	}
}

// Without the native library the program starts, says so, and judges by exact
// comparison.
func TestWithoutTheNativeLibrary(t *testing.T) {
	if os.Getenv("TOUCHSTONE_TEST_NO_LIBRARY") == "" { // the library is loaded once a process
		rerun(t, "TestWithoutTheNativeLibrary", "TOUCHSTONE_TEST_NO_LIBRARY=1", "XDG_CACHE_HOME="+t.TempDir(), "HOME="+t.TempDir())
		return
	}
	a, err := opened(t, EncodersConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if n := a.notices(); len(n) != 2 || !strings.Contains(n[0], "exact comparison alone") || !strings.Contains(n[1], "words alone") {
		t.Errorf("notices %q", n)
	}
	states := a.encoderStates()
	if len(states) != 2 || states[0].Up || states[1].Up || len(a.models()) != 0 || a.verifier != nil || a.embedder != nil {
		t.Errorf("states %+v, models %+v", states, a.models())
	}
	if cause := a.roles[0].problem; !strings.Contains(cause, "make encoder-lib") {
		t.Errorf("the cause %q does not say what to do", cause)
	}
	r := judged(t, "-context", "The ferry takes 20 minutes.", "-answer", "The ferry takes 30 minutes.")
	if r.Verdict != "contradicted" || len(r.Models) != 0 {
		t.Errorf("by exact comparison: %+v by %+v", r.Sentences, r.Models)
	}
}

// rerun runs one test in a process of its own with more environment.
func rerun(t *testing.T, name string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+name) {
		t.Errorf("%v\n%s", err, out)
	}
}

// Vectors of another model than the embedder's stop the start, and ingest -reembed makes
// them anew.
func TestVectorsOfAnotherModel(t *testing.T) {
	model, err := filepath.Abs("../encoder/testdata/embed")
	if err != nil {
		t.Fatal(err)
	}
	c := newConsole(t)
	c.write(map[string]string{"rules.md": "# Pets\n\nDogs must stay ashore.\n", "touchstone.yaml": fmt.Sprintf(`
upstreams: [{name: a, base_url: "http://x/v1"}]
ground_truth: {path: truth.db}
encoders: {verifier: off, embedder: {path: %q}}
`, model)})
	c.run("ingest -store truth.db rules.md", 0, "1 added")
	c.run("search -store truth.db may I bring my poodle on board", 0, "Dogs must stay ashore.")
	c.run("check -config touchstone.yaml -answer Pets.", 1, "vectors of another model", "embedder-minilm-l6@", "embed@", "ingest -reembed")
	c.run("ingest -config touchstone.yaml rules.md", 1, "ingest -reembed")
	c.run("ingest -config touchstone.yaml -reembed rules.md", 0, "1 changed")
	c.run("check -config touchstone.yaml -answer Thanks!", 0)
}
