package encoder

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	maxModel  = 1 << 30 // bytes, unpacked
	maxLabels = 1 << 20 // bytes of labels.json or config.json
	hardMost  = 8192    // tokens of an input, whatever a file says
)

// model is what is known of a model beside its weights.
type model struct {
	file      string // for errors
	sha256    string // of the unpacked weights
	kind      Kind
	dynamic   bool // quantised dynamically: the scales are those of a whole run
	tokens    *Tokenizer
	maxTokens int // of an input
	maxClaim  int // of its claim

	labels      []meaning // of the outputs, in order
	temperature float64   // logits are divided by it
	bias        []float64 // and then moved by it

	heads        []string  // of a HeadsKind model, in place of labels
	scale, shift []float64 // of each head: its logit is multiplied and then moved

	inputs   []string // of the graph: ids, mask, types where it takes them
	output   string
	width    int  // numbers of a row, or of a token
	perToken bool // the output has a row for every token
}

// meaning is what a label of a model says.
type meaning int

const (
	ignored meaning = iota
	supported
	contradicted
	notCovered
)

// meanings are the words for it: our own, and those that published models use.
var meanings = map[string]meaning{
	"supported": supported, "entailment": supported, "consistent": supported, "grounded": supported, "faithful": supported,
	"contradicted": contradicted, "contradiction": contradicted, "refuted": contradicted,
	"not_covered": notCovered, "unsupported": notCovered, "neutral": notCovered, "not_entailment": notCovered,
	"hallucinated": notCovered, "hallucination": notCovered, "not enough info": notCovered,
	"ignore": ignored,
}

// labelsFile is labels.json. Fields that config.json of Hugging Face has carry its
// names.
type labelsFile struct {
	Kind        Kind              `json:"kind"`
	Labels      []string          `json:"labels"`
	ID2Label    map[string]string `json:"id2label"`
	MaxTokens   int               `json:"max_tokens"`
	MaxClaim    int               `json:"max_claim_tokens"` // 0: half of max_tokens
	Positions   int               `json:"max_position_embeddings"`
	Temperature float64           `json:"temperature"` // of calibration; 0: 1
	Bias        []float64         `json:"bias"`        // of calibration, one for each label
	Scale       []float64         `json:"scale"`       // of calibration, one for each head
	Shift       []float64         `json:"shift"`       // likewise
	SHA256      string            `json:"sha256"`
}

// loadModel reads a model's folder: everything but what the graph itself says.
func loadModel(cfg *Config) (*model, []byte, error) {
	dir := cfg.FS
	at := cfg.Path
	if dir == nil {
		if info, err := os.Stat(cfg.Path); err != nil || !info.IsDir() {
			return nil, nil, errors.New("no such folder: expected one with model.onnx, vocab.txt and labels.json")
		}
		dir, at = os.DirFS(cfg.Path), "."
	}
	var l labelsFile
	if err := readLabels(dir, at, &l); err != nil {
		return nil, nil, err
	}
	m := &model{kind: l.Kind, temperature: l.Temperature, bias: l.Bias, maxTokens: l.MaxTokens, maxClaim: l.MaxClaim}
	if cfg.Kind != "" {
		m.kind = cfg.Kind
	}
	if !slices.Contains([]Kind{PairKind, TokenKind, EmbedKind, HeadsKind}, m.kind) {
		return nil, nil, fmt.Errorf(`kind is %q, expected "pair", "token", "embed" or "heads" in labels.json or the configuration`, m.kind)
	}
	if err := m.readLimits(cfg, &l); err != nil {
		return nil, nil, err
	}
	if err := m.readMeanings(cfg.Labels, &l); err != nil {
		return nil, nil, err
	}
	vocab, err := dir.Open(path.Join(at, "vocab.txt"))
	if err != nil {
		return nil, nil, fmt.Errorf("the word pieces of an uncased BERT model are expected in vocab.txt: %w", err)
	}
	defer vocab.Close()
	if m.tokens, err = NewTokenizer(vocab); err != nil {
		return nil, nil, fmt.Errorf("vocab.txt: %w", err)
	}
	name, data, err := readWeights(dir, at)
	if err != nil {
		return nil, nil, err
	}
	m.file = path.Join(cfg.Path, name)
	m.dynamic = bytes.Contains(data, []byte("DynamicQuantizeLinear"))
	sum := sha256.Sum256(data)
	m.sha256 = hex.EncodeToString(sum[:])
	want := cfg.SHA256
	if want == "" {
		want = l.SHA256
	}
	if want != "" && !strings.EqualFold(want, m.sha256) {
		return nil, nil, fmt.Errorf("%s, unpacked, has SHA-256 %s, expected %s", name, m.sha256, want)
	}
	return m, data, nil
}

// readLabels reads labels.json, or else config.json.
func readLabels(dir fs.FS, at string, l *labelsFile) error {
	name := "labels.json"
	f, err := dir.Open(path.Join(at, name))
	if errors.Is(err, fs.ErrNotExist) {
		name = "config.json"
		f, err = dir.Open(path.Join(at, name))
	}
	if err != nil {
		return fmt.Errorf("labels.json or config.json is expected: %w", err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxLabels)).Decode(l); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readLimits sets how much of a text the model reads.
func (m *model) readLimits(cfg *Config, l *labelsFile) error {
	if cfg.MaxTokens != 0 {
		m.maxTokens = cfg.MaxTokens
	}
	if m.maxTokens == 0 {
		m.maxTokens = 256
	}
	if l.Positions != 0 {
		m.maxTokens = min(m.maxTokens, l.Positions)
	}
	if m.maxClaim == 0 || m.maxClaim > m.maxTokens-8 {
		m.maxClaim = m.maxTokens / 2
	}
	if m.maxTokens < 16 || m.maxTokens > hardMost || m.maxClaim < 1 {
		return fmt.Errorf("max_tokens is %d, expected 16 to %d", m.maxTokens, hardMost)
	}
	if m.temperature == 0 {
		m.temperature = 1
	}
	if m.temperature < 0 || m.temperature-m.temperature != 0 {
		return fmt.Errorf("temperature is %v, expected more than 0", m.temperature)
	}
	return nil
}

// readMeanings says what each output of a classifier means.
func (m *model) readMeanings(chosen map[string]string, l *labelsFile) error {
	switch m.kind {
	case EmbedKind:
		return nil
	case HeadsKind:
		return m.readHeads(l)
	}
	names := l.Labels
	if len(names) == 0 {
		names = make([]string, len(l.ID2Label))
		for i := range names {
			name, ok := l.ID2Label[fmt.Sprint(i)]
			if !ok {
				return fmt.Errorf("id2label has %d labels but none for %d", len(names), i)
			}
			names[i] = name
		}
	}
	for given := range chosen {
		if !slices.Contains(names, given) {
			return fmt.Errorf("the label map names %q, but the model's labels are %q", given, names)
		}
	}
	for _, name := range names {
		said, ok := chosen[name]
		if !ok {
			said = name
		}
		meant, ok := meanings[strings.ToLower(said)]
		if !ok {
			return fmt.Errorf("label %q means %q, expected supported, contradicted, not_covered or ignore: give a label map", name, said)
		}
		m.labels = append(m.labels, meant)
	}
	if !slices.Contains(m.labels, supported) || !slices.ContainsFunc(m.labels, func(v meaning) bool { return v >= contradicted }) {
		return fmt.Errorf("labels %q: one must mean supported and one contradicted or not_covered", names)
	}
	if len(m.bias) != 0 && len(m.bias) != len(m.labels) {
		return fmt.Errorf("bias has %d numbers for %d labels", len(m.bias), len(m.labels))
	}
	return nil
}

// readWeights finds and unpacks the graph.
func readWeights(dir fs.FS, at string) (string, []byte, error) {
	for _, name := range []string{"model.onnx", "model.onnx.zst", "model.onnx.gz"} {
		f, err := dir.Open(path.Join(at, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		defer f.Close()
		var r io.Reader = f
		switch path.Ext(name) {
		case ".gz":
			r, err = gzip.NewReader(f)
		case ".zst":
			var z *zstd.Decoder
			if z, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxModel)); err == nil {
				defer z.Close()
				r = z
			}
		}
		if err != nil {
			return "", nil, fmt.Errorf("unpacking %s: %w", name, err)
		}
		var buf bytes.Buffer
		if n, err := buf.ReadFrom(io.LimitReader(r, maxModel)); err != nil {
			return "", nil, fmt.Errorf("unpacking %s: %w", name, err)
		} else if n == maxModel {
			return "", nil, fmt.Errorf("unpacking %s: more than %d bytes", name, maxModel)
		}
		return name, buf.Bytes(), nil
	}
	return "", nil, errors.New("no model.onnx, model.onnx.zst or model.onnx.gz in the folder")
}

// port is an input or output of a graph.
type port struct {
	name    string
	output  bool
	integer bool // of 64 bits
	float   bool // of 32 bits
	dims    []int64
}

// bind finds the inputs and the output that the kind of model needs.
func (m *model) bind(ports []port) error {
	has := func(name string) bool {
		return slices.ContainsFunc(ports, func(p port) bool { return !p.output && p.name == name })
	}
	const expected = "expected input_ids, attention_mask and, where the model tells two texts apart, token_type_ids, all int64"
	for _, p := range ports {
		if !p.output && (!slices.Contains(inputNames, p.name) || !p.integer || len(p.dims) != 2) {
			return fmt.Errorf("input %s of the graph: %s, of two dimensions", p.name, expected)
		}
	}
	for i, name := range inputNames {
		if has(name) {
			m.inputs = append(m.inputs, name)
		} else if i < 2 {
			return fmt.Errorf("the graph has no input %s: %s", name, expected)
		}
	}
	ranks := map[Kind][]int{PairKind: {2}, TokenKind: {3}, EmbedKind: {2, 3}, HeadsKind: {2}}[m.kind]
	var found *port
	var seen []string
	for i := range ports {
		p := &ports[i]
		if !p.output {
			continue
		}
		seen = append(seen, fmt.Sprintf("%s %v", p.name, p.dims))
		if p.float && slices.Contains(ranks, len(p.dims)) && (found == nil || rankOf(p.name) < rankOf(found.name)) {
			found = p
		}
	}
	if found == nil {
		return fmt.Errorf("outputs %v: a %s model has one of float32 with %v dimensions", seen, m.kind, ranks)
	}
	m.output, m.perToken, m.width = found.name, len(found.dims) == 3, int(found.dims[len(found.dims)-1])
	if m.kind != EmbedKind {
		n := len(m.labels) + len(m.heads) // one of them is none
		if m.width > 0 && m.width != n {
			return fmt.Errorf("output %s has %d numbers, but there are %d labels", found.name, m.width, n)
		}
		m.width = n
	}
	if m.width <= 0 {
		return fmt.Errorf("output %s has no fixed last dimension", found.name)
	}
	return nil
}

var (
	inputNames = []string{"input_ids", "attention_mask", "token_type_ids"}
	// outputNames are preferred in this order where a graph has several outputs.
	outputNames = []string{"logits", "sentence_embedding", "last_hidden_state", "token_embeddings"}
)

func rankOf(name string) int {
	if i := slices.Index(outputNames, name); i >= 0 {
		return i
	}
	return len(outputNames)
}
