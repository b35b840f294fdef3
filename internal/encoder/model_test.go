//go:build cgo

package encoder

import (
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"touchstone/internal/encoder/ortlib"
)

// files are those of a model of the tests, unpacked.
func files(t *testing.T, kind Kind) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, name := range []string{"model.onnx", "model.onnx.gz", "vocab.txt", "labels.json"} {
		f, err := os.Open(filepath.Join("testdata", string(kind), name))
		if err != nil {
			continue
		}
		defer f.Close()
		var r io.Reader = f
		if strings.HasSuffix(name, ".gz") {
			if r, err = gzip.NewReader(f); err != nil {
				t.Fatal(err)
			}
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out["m/"+strings.TrimSuffix(name, ".gz")] = &fstest.MapFile{Data: data}
	}
	return out
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	replace := func(fs fstest.MapFS, name, old, with string) {
		data := string(fs["m/"+name].Data)
		if !strings.Contains(data, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		fs["m/"+name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(data, old, with))}
	}
	noHash := func(fs fstest.MapFS) { replace(fs, "labels.json", `"sha256"`, `"was"`) }
	for name, c := range map[string]struct {
		kind   Kind
		break_ func(fstest.MapFS, *Config)
		want   string
	}{
		"no folder":      {PairKind, func(_ fstest.MapFS, c *Config) { c.FS, c.Path = nil, "testdata/nowhere" }, "testdata/nowhere: no such folder"},
		"no model":       {PairKind, func(fs fstest.MapFS, _ *Config) { delete(fs, "m/model.onnx") }, "no model.onnx, model.onnx.zst or model.onnx.gz"},
		"no vocabulary":  {PairKind, func(fs fstest.MapFS, _ *Config) { delete(fs, "m/vocab.txt") }, "vocab.txt"},
		"no labels":      {PairKind, func(fs fstest.MapFS, _ *Config) { delete(fs, "m/labels.json") }, "labels.json or config.json is expected"},
		"labels no JSON": {PairKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "labels.json", "{", "[") }, "labels.json: "},
		"other weights":  {PairKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "model.onnx", "onnx.quantize", "onnx.quantise") }, "model.onnx, unpacked, has SHA-256"},
		"configured hash": {PairKind, func(_ fstest.MapFS, c *Config) { c.SHA256 = strings.Repeat("0", 64) },
			"expected " + strings.Repeat("0", 64)},
		"cut model": {PairKind, func(fs fstest.MapFS, _ *Config) {
			noHash(fs)
			fs["m/model.onnx"].Data = fs["m/model.onnx"].Data[:5000]
		}, "m/model.onnx: an ONNX graph is expected"},
		"empty model": {PairKind, func(fs fstest.MapFS, _ *Config) {
			noHash(fs)
			fs["m/model.onnx"].Data = nil
		}, "m/model.onnx"},
		"not gzip": {PairKind, func(fs fstest.MapFS, _ *Config) {
			fs["m/model.onnx.gz"] = fs["m/model.onnx"]
			delete(fs, "m/model.onnx")
		}, "unpacking model.onnx.gz: gzip: invalid header"},
		"unknown kind":   {PairKind, func(_ fstest.MapFS, c *Config) { c.Kind = "triple" }, `kind is "triple", expected "pair", "token", "embed" or "heads"`},
		"other kind":     {PairKind, func(_ fstest.MapFS, c *Config) { c.Kind = TokenKind }, "a token model has one of float32 with [3] dimensions"},
		"unknown label":  {PairKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "labels.json", "neutral", "maybe") }, `label "maybe" means "maybe", expected`},
		"label map":      {PairKind, func(_ fstest.MapFS, c *Config) { c.Labels = map[string]string{"entails": "supported"} }, `the label map names "entails"`},
		"meaning":        {PairKind, func(_ fstest.MapFS, c *Config) { c.Labels = map[string]string{"neutral": "grey"} }, `label "neutral" means "grey"`},
		"one meaning":    {PairKind, func(_ fstest.MapFS, c *Config) { c.Labels = map[string]string{"entailment": "ignore"} }, "one must mean supported"},
		"too few labels": {PairKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "labels.json", `"neutral", `, "") }, "bias has 3 numbers for 2 labels"},
		"labels of another": {TokenKind, func(fs fstest.MapFS, _ *Config) {
			replace(fs, "labels.json", `"hallucinated"`, `"neutral", "contradiction"`)
		},
			"has 2 numbers, but there are 3 labels"},
		"input names": {EmbedKind, func(fs fstest.MapFS, _ *Config) {
			noHash(fs)
			replace(fs, "model.onnx", "attention_mask", "attention_musk")
		}, "input attention_musk of the graph: expected input_ids, attention_mask"},
		"too many tokens":  {EmbedKind, func(_ fstest.MapFS, c *Config) { c.MaxTokens = 65 }, "an input of 65 tokens (max_tokens)"},
		"too few tokens":   {EmbedKind, func(_ fstest.MapFS, c *Config) { c.MaxTokens = 8 }, "max_tokens is 8"},
		"long vocabulary":  {EmbedKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "vocab.txt", "unopened", "unopened\nzz") }, "the last of vocab.txt) fails"},
		"other vocabulary": {EmbedKind, func(fs fstest.MapFS, _ *Config) { replace(fs, "vocab.txt", "[SEP]", "</s>") }, "vocab.txt: vocabulary has no [SEP]"},
		"no library": {EmbedKind, func(_ fstest.MapFS, c *Config) { c.Library = "testdata/nowhere.so" },
			"the native library of ONNX Runtime is not there: stat testdata/nowhere.so"},
		"limits": {EmbedKind, func(_ fstest.MapFS, c *Config) { c.Queue = -1 }, "limits must not be negative"},
	} {
		fs := files(t, c.kind)
		cfg := Config{FS: fs, Path: "m"}
		c.break_(fs, &cfg)
		e, err := Open(cfg)
		if err == nil {
			t.Errorf("%s: opened", name)
			e.Close()
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q", name, err, c.want)
		}
		if strings.HasPrefix(c.want, "the native library") && !errors.Is(err, ortlib.ErrMissing) {
			t.Errorf("%s: %v is not ErrMissing", name, err)
		}
	}
}

// A folder as Hugging Face writes it, with a label map, works as well as one of ours;
// so do weights packed by zstd.
func TestOtherFolders(t *testing.T) {
	fs := files(t, PairKind)
	var packed strings.Builder
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(fs["m/model.onnx"].Data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	fs["m/model.onnx.zst"] = &fstest.MapFile{Data: []byte(packed.String())}
	delete(fs, "m/model.onnx")
	ask := func(cfg Config) Probs {
		t.Helper()
		ps, err := open(t, cfg).Classify(t.Context(), []Pair{{"returns are free", "shipping is free"}})
		if err != nil {
			t.Fatal(err)
		}
		return ps[0]
	}
	want := ask(tiny(PairKind))
	if got := ask(Config{FS: fs, Path: "m", AnyLanguage: true}); got != want {
		t.Errorf("packed by zstd: %+v, want %+v", got, want)
	}
	delete(fs, "m/labels.json")
	fs["m/config.json"] = &fstest.MapFile{Data: []byte(`{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}, "max_position_embeddings": 64}`)}
	got := ask(Config{FS: fs, Path: "m", Kind: PairKind, AnyLanguage: true,
		Labels: map[string]string{"LABEL_0": "contradicted", "LABEL_1": "not_covered", "LABEL_2": "supported"}})
	// The same order with the ends swapped, and no calibration.
	if (got.Contradicted > got.Supported) != (want.Supported > want.Contradicted) || got == want {
		t.Errorf("%+v, against %+v", got, want)
	}
}

// What is not English is not measured, and so never supported.
func TestLanguageIsNotMeasured(t *testing.T) {
	cfg := tiny(PairKind)
	cfg.AnyLanguage = false
	e := open(t, cfg)
	ps, err := e.Classify(t.Context(), []Pair{
		{"The return window is thirty days.", "Срок возврата составляет тридцать дней."},
		{"Die Rückgabefrist beträgt dreißig Tage ab Lieferung.", "The return window is thirty days."},
		{"The return window is thirty days.", "The return window is thirty days."},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range ps {
		if measured := p.NotMeasured == ""; measured != (i == 2) || !measured && (p != Probs{NotMeasured: NotMeasuredLanguage}) {
			t.Errorf("%d: %+v", i, p)
		}
	}
}

// A damaged graph is refused by name, or runs: the process lives.
func TestDamagedModels(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 1))
	refused := 0
	for _, kind := range []Kind{EmbedKind, PairKind} {
		fs := files(t, kind)
		good := fs["m/model.onnx"].Data
		labels := fs["m/labels.json"]
		labels.Data = []byte(strings.Replace(string(labels.Data), `"sha256"`, `"was"`, 1))
		for i := range 60 {
			data := slices.Clone(good)
			for range 1 + i%4 {
				data[rnd.IntN(len(data))] ^= 1 << rnd.IntN(8)
			}
			if i%7 == 0 {
				data = data[:rnd.IntN(len(data))]
			}
			fs["m/model.onnx"].Data = data
			e, err := Open(Config{FS: fs, Path: "m"})
			if err != nil {
				refused++
				if !strings.Contains(err.Error(), "m/model.onnx: ") {
					t.Errorf("the file is not named: %v", err)
				}
				continue
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if refused < 20 {
		t.Errorf("only %d of 120 refused", refused)
	}
}
