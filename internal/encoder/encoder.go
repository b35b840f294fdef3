// Package encoder runs small pretrained text encoders in the process, on CPU: pair
// classifiers (does this evidence support that claim?), token classifiers and sentence
// embedders. It needs cgo and the native library of ONNX Runtime; without either, Open
// says so and the rest of the program works.
package encoder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"time"
)

// Kind is what a model does.
type Kind string

const (
	PairKind  Kind = "pair"  // classifies (evidence, claim)
	TokenKind Kind = "token" // classifies each token of the claim in (evidence, claim)
	EmbedKind Kind = "embed" // turns a text into a vector
	HeadsKind Kind = "heads" // answers several yes-or-no questions about the claim in (evidence, claim)
)

var (
	// ErrNoCgo is wrapped by Open's error in a program built without cgo.
	ErrNoCgo = errors.New("built without cgo, so encoders are off: build with CGO_ENABLED=1 and a C compiler")
	// ErrClosed is returned by calls on an Encoder that was closed.
	ErrClosed = errors.New("encoder is closed")
)

// Config says which model an Encoder runs and what it may use. Zero values take the
// defaults named.
type Config struct {
	// Path is a folder with model.onnx (or model.onnx.gz, model.onnx.zst), vocab.txt
	// and labels.json, or config.json as Hugging Face writes it.
	Path string
	FS   fs.FS // that Path lies in, for an embedded model; nil: the file system
	// Library is the native library; "" finds the one that make encoder-lib fetched.
	Library string

	Kind      Kind              // "": as labels.json says
	Labels    map[string]string // the model's label → supported, contradicted, not_covered or ignore
	SHA256    string            // of the unpacked model; "": as labels.json says, where it does
	MaxTokens int               // of one input, special ones included; 0: as labels.json says, or 256
	// AnyLanguage lets texts of any language through. By default those that are not
	// mostly English are not measured.
	AnyLanguage bool

	Deadline time.Duration // of a call, waiting included; 0: 2 s
	Workers  int           // runs of the model at once; 0: one a core
	// BatchTokens is the most tokens of one run, padding included, which bounds its
	// memory. 0: 128, and one input a run for a model that was quantised dynamically:
	// what such a model says of an input depends on what else is in the run, and the
	// verdict on an answer must not depend on who else asked.
	BatchTokens int
	Queue       int // inputs that may wait for a run; callers beyond wait themselves; 0: 1024
	CacheBytes  int // for results of earlier inputs; 0: 16 MiB, negative: none
}

func (c Config) withDefaults() Config {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.Workers, runtime.GOMAXPROCS(0))
	set(&c.Queue, 1024)
	set(&c.CacheBytes, 16<<20)
	if c.Deadline == 0 {
		c.Deadline = 2 * time.Second
	}
	return c
}

// Encoder runs one model for any number of callers at once.
type Encoder struct {
	cfg   Config
	model *model
	queue *queue
}

// Open loads a model. Its errors name the file and what is expected of it.
func Open(cfg Config) (*Encoder, error) {
	cfg = cfg.withDefaults()
	if cfg.Workers < 0 || cfg.BatchTokens < 0 || cfg.Queue < 0 || cfg.Deadline < 0 {
		return nil, errors.New("opening encoder: limits must not be negative")
	}
	m, data, err := loadModel(&cfg)
	if err != nil {
		return nil, fmt.Errorf("opening encoder %s: %w", cfg.Path, err)
	}
	s, ports, err := openSession(cfg.Library, data)
	if err != nil {
		return nil, fmt.Errorf("opening encoder %s: %w", m.file, err)
	}
	if err := m.bind(ports); err != nil {
		return nil, errors.Join(fmt.Errorf("opening encoder %s: %w", m.file, err), s.close())
	}
	if err := s.bind(m.inputs, m.output); err != nil {
		return nil, errors.Join(fmt.Errorf("opening encoder %s: %w", m.file, err), s.close())
	}
	data = nil
	debug.FreeOSMemory() // twice the model, which the session has copied
	if err := m.try(s); err != nil {
		return nil, errors.Join(fmt.Errorf("opening encoder %s: %w", m.file, err), s.close())
	}
	return &Encoder{cfg, m, newQueue(&cfg, m, s)}, nil
}

// Close lets the runs that callers wait for end and frees the model. Calls that come
// later return ErrClosed.
func (e *Encoder) Close() error { return e.queue.close() }

// Kind is what the model does.
func (e *Encoder) Kind() Kind { return e.model.kind }

// SHA256 identifies the model, for records of what judged an answer.
func (e *Encoder) SHA256() string { return e.model.sha256 }

// Pair is a claim and the evidence it is compared with.
type Pair struct{ Evidence, Claim string }

// Probs says how likely it is that the evidence supports the claim, contradicts it, or
// does not cover it. They sum to 1, or are all 0 where NotMeasured says why.
type Probs struct {
	Supported, Contradicted, NotCovered float64

	NotMeasured string // "language" or "no words"; "" when measured
	// Cut is set when the claim was longer than the model reads: its end was not seen,
	// so the whole must not be taken for supported.
	Cut bool
}

// Reasons why a text is not measured.
const (
	NotMeasuredLanguage = "language" // that the model does not know
	NotMeasuredNoWords  = "no words"
)

// Classify compares each claim with its evidence, of which it reads the beginning. It
// returns an error when the model fails, ctx or the deadline ends, or the kind is not
// PairKind.
func (e *Encoder) Classify(ctx context.Context, pairs []Pair) ([]Probs, error) {
	if e.model.kind != PairKind {
		return nil, fmt.Errorf("a %s model classifies no pairs", e.model.kind)
	}
	out := make([]Probs, len(pairs))
	rows, err := e.run(ctx, len(pairs), func(i int) input {
		in := e.pair(pairs[i])
		out[i].NotMeasured, out[i].Cut = in.notMeasured, in.cut
		return in
	})
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if row != nil {
			e.model.probs(row, &out[i])
		}
	}
	return out, nil
}

// Span is a part of a claim that is probably not supported.
type Span struct {
	Start, End int     // bytes of the claim
	Score      float64 // mean probability of its tokens
}

// Marks are the spans of one claim.
type Marks struct {
	Spans       []Span
	Worst       Probs  // of the token that is least likely to be supported
	NotMeasured string // as in Probs
	Cut         bool
}

// Spans marks the parts of each claim whose tokens are more likely than not to be
// unsupported. For models of TokenKind.
func (e *Encoder) Spans(ctx context.Context, pairs []Pair) ([]Marks, error) {
	if e.model.kind != TokenKind {
		return nil, fmt.Errorf("a %s model marks no spans", e.model.kind)
	}
	out := make([]Marks, len(pairs))
	rows, err := e.run(ctx, len(pairs), func(i int) input {
		in := e.pair(pairs[i])
		out[i].NotMeasured, out[i].Cut = in.notMeasured, in.cut
		return in
	})
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if row != nil {
			pieces, _ := e.model.tokens.Append(nil, pairs[i].Claim, len(row)/len(e.model.labels))
			out[i].Spans, out[i].Worst = e.model.spans(row, pieces)
		}
	}
	return out, nil
}

// Embed turns each text, of which it reads the beginning, into a vector of length 1;
// nil for a text without words. For models of EmbedKind. The vectors are shared: do
// not change them.
func (e *Encoder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if e.model.kind != EmbedKind {
		return nil, fmt.Errorf("a %s model embeds nothing", e.model.kind)
	}
	return e.run(ctx, len(texts), func(i int) input { return e.text(texts[i]) })
}

// Dim is the length of the vectors of an EmbedKind model.
func (e *Encoder) Dim() int { return e.model.width }
