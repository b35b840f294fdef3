package policies

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/keys"
	"github.com/open-policy-agent/opa/v1/loader/filter"
)

// Signing says how the signature of a bundle is verified. Signatures are OPA's: a
// .signatures.json in the bundle, as `opa sign` writes it. A signature that is there
// is always verified; the zero value refuses signed bundles, for want of a key.
type Signing struct {
	Required  bool   // a bundle without a signature is refused
	Key       string // PEM public key or certificate, or the secret of HS256, HS384 and HS512
	Algorithm string // "" means RS256
	Scope     string // that the signature must name; "" means none
	Skip      bool   // no signature is looked at: for tools that put nothing in force
}

// Validate reports a key that could verify nothing.
func (s *Signing) Validate() error {
	switch {
	case s.Required && s.Key == "":
		return errors.New("a signature is required, and there is no key to verify it with")
	case s.Algorithm != "" && !keys.IsSupportedAlgorithm(s.Algorithm):
		return fmt.Errorf("%q is no signature algorithm; use RS256, PS256, ES256 or HS256, or their 384 and 512 kinds", s.Algorithm)
	}
	return nil
}

// config is the one key, under whatever name a signature gives it.
func (s *Signing) config() *bundle.VerificationConfig {
	key := &bundle.KeyConfig{Key: s.Key, Algorithm: cmp.Or(s.Algorithm, "RS256"), Scope: s.Scope}
	c := bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{"key": key}, "key", s.Scope, nil)
	if !s.Required {
		c = c.WithOptionalSignature()
	}
	return c
}

// verify reads a bundle as OPA would: signature, hashes of all files, manifest and
// its roots. A bundle that has none of these needs none, unless a signature is
// required.
func (f files) verify(s Signing, prefix string) (m bundle.Manifest, signed bool, err error) {
	if _, delta := f[patchFile]; delta {
		return m, false, errors.New("this is a delta bundle: only whole bundles are read")
	}
	_, signed = f[signaturesFile]
	_, described := f[manifestFile]
	switch {
	case !signed && !described && !s.Required:
		return m, false, nil
	case signed && s.Key == "" && !s.Skip:
		return m, false, errors.New("the bundle is signed, and there is no key to verify it with (policies.key_file)")
	}
	reader := bundle.NewCustomReader(&loader{files: f, names: f.names()}).WithBaseDir(path.Clean(prefix)).
		WithRegoVersion(ast.RegoV1).WithCapabilities(Capabilities())
	if s.Skip {
		reader = reader.WithSkipBundleVerification(true)
	} else if s.Key != "" || s.Required {
		reader = reader.WithBundleVerificationConfig(s.config())
	}
	b, err := reader.Read()
	if err != nil {
		return m, false, fmt.Errorf("verifying: %w", positions(err))
	}
	return b.Manifest, signed && !s.Skip, nil
}

// loader hands files to OPA.
type loader struct {
	files files
	names []string
}

func (l *loader) NextFile() (*bundle.Descriptor, error) {
	if len(l.names) == 0 {
		return nil, io.EOF
	}
	name := l.names[0]
	l.names = l.names[1:]
	return bundle.NewDescriptor(name, name, bytes.NewBuffer(l.files[name])), nil
}

// The files are chosen already.
func (l *loader) WithFilter(filter.LoaderFilter) bundle.DirectoryLoader   { return l }
func (l *loader) WithPathFormat(bundle.PathFormat) bundle.DirectoryLoader { return l }
func (l *loader) WithSizeLimitBytes(int64) bundle.DirectoryLoader         { return l }
func (l *loader) WithFollowSymlinks(bool) bundle.DirectoryLoader          { return l }
