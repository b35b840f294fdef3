// Package models opens encoders as what guards ask for: those that the program carries,
// or an operator's.
package models

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/encoder"
	"touchstone/internal/encoder/ortlib"
)

// Folders of the models that the program carries, which are also their names.
const (
	verifierName = "verifier-minilm-l6"
	safetyName   = "safety-minilm-l6"
	embedderName = "embedder-minilm-l6"
)

// Options name an operator's model in place of the one carried, and how to read it.
// Zero values take what the model's own files say.
type Options struct {
	Path        string // folder; "": the model that the program carries
	Library     string // native library; "": where `make encoder-lib` puts it, or beside the program
	Kind        encoder.Kind
	Labels      map[string]string // the model's label → supported, contradicted, not_covered or ignore
	SHA256      string            // of the unpacked model
	AnyLanguage bool              // the model knows other languages than English
	Deadline    time.Duration     // of a call; 0: 2 s
}

// Unavailable reports whether err only says that this program or machine can run no
// encoder (no cgo, no native library), as against a model that is broken.
func Unavailable(err error) bool {
	return errors.Is(err, encoder.ErrNoCgo) || errors.Is(err, ortlib.ErrMissing)
}

// open opens the model that o names, or the one carried under name.
func open(o Options, name string) (*encoder.Encoder, string, error) {
	cfg := encoder.Config{Path: o.Path, Library: o.Library, Kind: o.Kind, Labels: o.Labels, SHA256: o.SHA256, AnyLanguage: o.AnyLanguage, Deadline: o.Deadline}
	if o.Path == "" {
		if carried == nil {
			return nil, "", encoder.ErrNoCgo
		}
		cfg.Path, cfg.FS = name, carried
	} else {
		name = path.Base(o.Path)
	}
	e, err := encoder.Open(cfg)
	return e, name, err
}

// Verifier is an encoder that judges claims against evidence: a guards.Entailer.
type Verifier struct {
	encoder *encoder.Encoder
	name    string
}

// OpenVerifier opens a pair or token classifier. Its errors name the file and what is
// wrong with it.
func OpenVerifier(o Options) (*Verifier, error) {
	e, name, err := open(o, verifierName)
	if err != nil {
		return nil, err
	}
	if k := e.Kind(); k != encoder.PairKind && k != encoder.TokenKind {
		return nil, errors.Join(fmt.Errorf("%s is a model of kind %q; one that judges claims is of kind %q or %q", name, k, encoder.PairKind, encoder.TokenKind), e.Close())
	}
	return &Verifier{e, name}, nil
}

// Name is the folder's name, and SHA256 of which weights it holds.
func (v *Verifier) Name() string   { return v.name }
func (v *Verifier) SHA256() string { return v.encoder.SHA256() }

// Close frees the model once the calls under way have ended.
func (v *Verifier) Close() error { return v.encoder.Close() }

// Entail judges each pair. Of a token classifier's marks, the surest says how likely it
// is that the claim is not supported.
func (v *Verifier) Entail(ctx context.Context, pairs []guards.Pair) ([]guards.Entailment, error) {
	asked := make([]encoder.Pair, len(pairs))
	for i, p := range pairs {
		asked[i] = encoder.Pair{Evidence: p.Evidence, Claim: p.Claim}
	}
	out := make([]guards.Entailment, len(pairs))
	if v.encoder.Kind() == encoder.PairKind {
		probs, err := v.encoder.Classify(ctx, asked)
		for i, p := range probs {
			out[i] = guards.Entailment{Supported: p.Supported, Contradicted: p.Contradicted, NotCovered: p.NotCovered, NotMeasured: p.NotMeasured, Cut: p.Cut}
		}
		return out, err
	}
	marks, err := v.encoder.Spans(ctx, asked)
	for i, m := range marks {
		out[i] = guards.Entailment{NotMeasured: m.NotMeasured, Cut: m.Cut}
		if m.NotMeasured != "" {
			continue
		}
		out[i].Supported, out[i].Contradicted, out[i].NotCovered = m.Worst.Supported, m.Worst.Contradicted, m.Worst.NotCovered
		for _, s := range m.Spans {
			out[i].Spans = append(out[i].Spans, guards.Span{Start: s.Start, End: s.End, Score: s.Score})
		}
	}
	return out, err
}

// Embedder is an encoder that makes vectors of texts: a groundtruth.Embedder.
type Embedder struct {
	encoder *encoder.Encoder
	name    string
}

// OpenEmbedder opens a sentence embedder. Its errors name the file and what is wrong
// with it.
func OpenEmbedder(o Options) (*Embedder, error) {
	e, name, err := open(o, embedderName)
	if err != nil {
		return nil, err
	}
	if k := e.Kind(); k != encoder.EmbedKind {
		return nil, errors.Join(fmt.Errorf("%s is a model of kind %q; one that makes vectors is of kind %q", name, k, encoder.EmbedKind), e.Close())
	}
	return &Embedder{e, name}, nil
}

// Name is the folder's name, and SHA256 of which weights it holds.
func (m *Embedder) Name() string   { return m.name }
func (m *Embedder) SHA256() string { return m.encoder.SHA256() }

// ID names the model and its weights: vectors of others do not compare.
func (m *Embedder) ID() string { return m.name + "@" + m.encoder.SHA256()[:12] }

// Close frees the model once the calls under way have ended.
func (m *Embedder) Close() error { return m.encoder.Close() }

// Embed gives each text, of which the model reads the beginning, a vector of length 1.
// One without words lies in a corner of the space.
func (m *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out, err := m.encoder.Embed(ctx, texts)
	for i, v := range out {
		if v == nil {
			out[i] = make([]float32, m.encoder.Dim())
			out[i][0] = 1
		}
	}
	return out, err
}

var (
	_ guards.Entailer      = (*Verifier)(nil)
	_ groundtruth.Embedder = (*Embedder)(nil)
)
