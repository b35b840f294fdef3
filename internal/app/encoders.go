package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/encoder"
	"touchstone/internal/encoder/models"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
)

// EncodersConfig says which models run in the process. By default those that the
// program carries.
type EncodersConfig struct {
	ONNXRuntime string         `yaml:"onnxruntime"` // its native library; one for the whole process
	Verifier    EncoderConfig  `yaml:"verifier"`
	Safety      SafetyConfig   `yaml:"safety"`
	Embedder    EmbedderConfig `yaml:"embedder"`
}

// EncoderConfig names a model of the operator's; its zero value is the one that the
// program carries. In the file it is a set of fields or the word off.
type EncoderConfig struct {
	Path        string            `yaml:"path"` // folder with model.onnx, vocab.txt and labels.json or config.json
	Kind        string            `yaml:"kind" oneof:"pair token"`
	Labels      map[string]string `yaml:"labels"` // the model's label → supported, contradicted, not_covered or ignore
	SHA256      string            `yaml:"sha256"` // of model.onnx, unpacked
	AnyLanguage bool              `yaml:"any_language"`

	off   bool
	alone bool // every verdict is the model's: only eval asks for that
}

// setWord takes what stands in place of the fields.
func (e *EncoderConfig) setWord(word string) error {
	if word != "off" {
		return fmt.Errorf("%q is neither off nor a set of fields", word)
	}
	*e = EncoderConfig{off: true}
	return nil
}

// EmbedderConfig names a sentence embedder of the operator's; its zero value is the one
// that the program carries. In the file it is a set of fields or the word off.
type EmbedderConfig struct {
	Path   string `yaml:"path"`   // folder, as a verifier's
	SHA256 string `yaml:"sha256"` // of model.onnx, unpacked

	off bool
}

// setWord takes what stands in place of the fields.
func (e *EmbedderConfig) setWord(word string) error {
	if word != "off" {
		return fmt.Errorf("%q is neither off nor a set of fields", word)
	}
	*e = EmbedderConfig{off: true}
	return nil
}

func (c *Config) checkEncoders(bad complaint) {
	if lib := c.Encoders.ONNXRuntime; lib != "" {
		if info, err := os.Stat(lib); err != nil || info.IsDir() {
			bad("encoders.onnxruntime", "%q is not a file: it names the native library of ONNX Runtime", lib)
		}
	}
	c.Encoders.Verifier.check("encoders.verifier", bad)
	c.Encoders.Safety.check(bad)
	embedder := EncoderConfig{Path: c.Encoders.Embedder.Path, SHA256: c.Encoders.Embedder.SHA256}
	embedder.check("encoders.embedder", bad)
}

func (e *EncoderConfig) check(field string, bad complaint) {
	if e.Path == "" {
		if e.Kind != "" || e.Labels != nil || e.SHA256 != "" || e.AnyLanguage {
			bad(field, "describes a model but names none: give path")
		}
		return
	}
	if info, err := os.Stat(e.Path); err != nil || !info.IsDir() {
		bad(field+".path", "%q is not a folder: it should hold model.onnx, vocab.txt and labels.json or config.json", e.Path)
	}
	if sum, err := hex.DecodeString(e.SHA256); e.SHA256 != "" && (err != nil || len(sum) != 32) {
		bad(field+".sha256", "%q is not a SHA-256 of 64 hexadecimal digits", e.SHA256)
	}
	meanings := []string{"supported", "contradicted", "not_covered", "ignore"}
	for label, meaning := range e.Labels {
		if !slices.Contains(meanings, meaning) {
			bad(join(field+".labels", label), "%q is not one of %s", meaning, strings.Join(meanings, ", "))
		}
	}
}

// role is what one encoder does in a running program, and how it fares.
type role struct {
	name    string // "verifier", "embedder", "safety"
	without string // what it means that no model runs
	model   judge.Model
	problem string // why no model runs though one was asked for; "" otherwise
	counts  struct{ ok, timeout, failed atomic.Int64 }
	report  func(role string, err error) // of calls that failed; nil: nobody
}

// called counts a call of the model.
func (r *role) called(err error) {
	switch {
	case err == nil:
		r.counts.ok.Add(1)
		return
	case errors.Is(err, context.Canceled): // nobody waits for it any more
		return
	case errors.Is(err, context.DeadlineExceeded):
		r.counts.timeout.Add(1)
	default:
		r.counts.failed.Add(1)
	}
	if r.report != nil {
		r.report(r.name, err)
	}
}

// verifierModel is the verifier's model with its calls counted.
type verifierModel struct {
	*models.Verifier
	role *role
}

func (m verifierModel) Entail(ctx context.Context, pairs []guards.Pair) ([]guards.Entailment, error) {
	out, err := m.Verifier.Entail(ctx, pairs)
	m.role.called(err)
	return out, err
}

// openVerifier opens the model that judges meaning. Where this program or machine can
// run none, that is noted and no error; a model that is broken is one.
func (a *App) openVerifier() (guards.Entailer, error) {
	cfg := &a.cfg.Encoders.Verifier
	if cfg.off {
		return nil, nil
	}
	r := &role{name: "verifier", without: "verdicts rest on exact comparison alone"}
	v, err := models.OpenVerifier(models.Options{Path: cfg.Path, Library: a.cfg.Encoders.ONNXRuntime,
		Kind: encoder.Kind(cfg.Kind), Labels: cfg.Labels, SHA256: cfg.SHA256, AnyLanguage: cfg.AnyLanguage})
	if err != nil && models.Unavailable(err) {
		r.problem = err.Error()
		a.roles = append(a.roles, r)
		return nil, nil
	}
	if err != nil {
		return nil, a.cfg.at.errorf("encoders.verifier", "%v", err)
	}
	r.model = judge.Model{Role: r.name, Name: v.Name(), SHA256: v.SHA256()}
	a.roles = append(a.roles, r)
	a.closers = append(a.closers, v.Close)
	return verifierModel{v, r}, nil
}

// embedderModel is the sentence embedder with its calls counted.
type embedderModel struct {
	*models.Embedder
	role *role
}

func (m embedderModel) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out, err := m.Embedder.Embed(ctx, texts)
	m.role.called(err)
	return out, err
}

// openEmbedder opens the model that makes vectors, nil where it is turned off, or where
// this program or machine can run none: then problem of the role says why. The role is
// nil where it is turned off.
func (c *Config) openEmbedder() (*embedderModel, *role, error) {
	cfg := &c.Encoders.Embedder
	if cfg.off {
		return nil, nil, nil
	}
	r := &role{name: "embedder", without: "evidence is searched by words alone"}
	// Whoever asks has a deadline of their own, but for ingestion.
	m, err := models.OpenEmbedder(models.Options{Path: cfg.Path, Library: c.Encoders.ONNXRuntime, SHA256: cfg.SHA256, Deadline: time.Minute})
	if err != nil && models.Unavailable(err) {
		r.problem = err.Error()
		return nil, r, nil
	}
	if err != nil {
		return nil, nil, c.at.errorf("encoders.embedder", "%v", err)
	}
	r.model = judge.Model{Role: r.name, Name: m.Name(), SHA256: m.SHA256()}
	return &embedderModel{m, r}, r, nil
}

// openEncoders opens the models that checking against evidence takes, both at once; the
// embedder only where evidence is searched for.
func (a *App) openEncoders(searched bool) error {
	var m *embedderModel
	var r *role
	var group errgroup.Group
	if searched {
		group.Go(func() (err error) {
			m, r, err = a.cfg.openEmbedder()
			return err
		})
	}
	var err error
	a.verifier, err = a.openVerifier()
	err = errors.Join(err, group.Wait())
	if r != nil {
		a.roles = append(a.roles, r)
	}
	if m != nil {
		a.embedder = m
		a.closers = append(a.closers, m.Close)
	}
	return err
}

// sameVectors reports vectors in the store that the embedder's cannot be compared with.
func sameVectors(ctx context.Context, store groundtruth.Store, id string) error {
	list, err := store.Sources(ctx, "")
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Embedding != "" && s.Embedding != id {
			return fmt.Errorf("%w: the ground truth holds those of %s, and the embedder is %s: `touchstone ingest -reembed` makes them anew, or name that model in encoders.embedder.path",
				groundtruth.ErrEmbedding, s.Embedding, id)
		}
	}
	return nil
}

// models are those that run, for receipts.
func (a *App) models() []judge.Model {
	var out []judge.Model
	for _, r := range a.roles {
		if r.problem == "" {
			out = append(out, r.model)
		}
	}
	return out
}

// notices tell operators what does not run. They name no files: /readyz is open.
func (a *App) notices() []string {
	var out []string
	for _, r := range a.roles {
		if r.problem != "" {
			out = append(out, "the "+r.name+"'s model is not running: "+r.without)
		}
	}
	return out
}

// encoderStates are what /metrics tells of the encoders.
func (a *App) encoderStates() []metrics.Encoder {
	var out []metrics.Encoder
	for _, r := range a.roles {
		out = append(out, metrics.Encoder{Role: r.name, Model: r.model.Name, SHA256: r.model.SHA256, Up: r.problem == "",
			OK: r.counts.ok.Load(), Timeout: r.counts.timeout.Load(), Failed: r.counts.failed.Load()})
	}
	return out
}

// quiet lets f through at most once in each stretch of time, so that a model that fails
// for every request does not fill the log.
type quiet struct {
	every time.Duration
	last  atomic.Int64
}

func (q *quiet) do(f func()) {
	now, last := time.Now().UnixNano(), q.last.Load()
	if now-last >= int64(q.every) && q.last.CompareAndSwap(last, now) {
		f()
	}
}
