package app

import (
	"context"

	"touchstone/guards"
	"touchstone/internal/encoder/models"
	"touchstone/internal/judge"
)

// SafetyConfig names a safety model of the operator's; its zero value is the one that
// the program carries. In the file it is a set of fields or the word off.
type SafetyConfig struct {
	Path        string `yaml:"path"` // folder with model.onnx, vocab.txt and labels.json
	SHA256      string `yaml:"sha256"`
	AnyLanguage bool   `yaml:"any_language"`

	off bool
}

// setWord takes what stands in place of the fields.
func (s *SafetyConfig) setWord(word string) error {
	e := EncoderConfig{}
	err := e.setWord(word)
	*s = SafetyConfig{off: e.off}
	return err
}

func (s *SafetyConfig) check(bad complaint) {
	(&EncoderConfig{Path: s.Path, SHA256: s.SHA256, AnyLanguage: s.AnyLanguage}).check("encoders.safety", bad)
}

// safetyModel is the safety model with its calls counted.
type safetyModel struct {
	*models.Safety
	role *role
}

func (m safetyModel) Classify(ctx context.Context, readings []guards.Reading) ([]guards.Labels, error) {
	out, err := m.Safety.Classify(ctx, readings)
	m.role.called(err)
	return out, err
}

// openSafety opens the model of the guards safety and injection. Where this program or
// machine can run none, or it is off, they say that nothing was measured; a model that
// is broken is an error.
func (a *App) openSafety() (guards.Classifier, error) {
	cfg := &a.cfg.Encoders.Safety
	if cfg.off {
		return nil, nil
	}
	r := &role{name: "safety", without: "the guards safety and injection do not measure what it should judge"}
	m, err := models.OpenSafety(models.Options{Path: cfg.Path, Library: a.cfg.Encoders.ONNXRuntime, SHA256: cfg.SHA256, AnyLanguage: cfg.AnyLanguage})
	if err != nil && models.Unavailable(err) {
		r.problem = err.Error()
		a.roles = append(a.roles, r)
		return nil, nil
	}
	if err != nil {
		return nil, a.cfg.at.errorf("encoders.safety", "%v", err)
	}
	r.model = judge.Model{Role: r.name, Name: m.Name(), SHA256: m.SHA256()}
	a.roles = append(a.roles, r)
	a.closers = append(a.closers, m.Close)
	return safetyModel{m, r}, nil
}
