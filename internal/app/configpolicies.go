package app

import (
	"os"
	"time"

	"touchstone/policies"
)

// PoliciesConfig says which bundle replaces the embedded one: of a folder, an archive
// or a bundle server, and how it is verified.
type PoliciesConfig struct {
	Dir           string   `yaml:"dir"`
	File          string   `yaml:"file"`
	URL           string   `yaml:"url"`
	Token         Secret   `yaml:"token"` // sent to url as a bearer token
	TokenFile     string   `yaml:"token_file"`
	Poll          Duration `yaml:"poll"`  // how often the source is looked at; 0: 1s, and 1m for url
	Cache         string   `yaml:"cache"` // keeps the last good bundle of url for a start without it
	RequireSigned bool     `yaml:"require_signed"`
	Key           Secret   `yaml:"key"` // PEM, or the secret of HS256
	KeyFile       string   `yaml:"key_file"`
	Algorithm     string   `yaml:"algorithm" oneof:"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 HS256 HS384 HS512"`
	Scope         string   `yaml:"scope"`
	Switches      string   `yaml:"switches"` // file of the emergency switches; "": switches.json beside the audit log
}

// source is where the policies come from.
func (p *PoliciesConfig) source() policies.Source {
	return policies.Source{
		Dir: p.Dir, File: p.File, URL: p.URL, Token: p.Token.Reveal(), Poll: time.Duration(p.Poll), Cache: p.Cache,
		Signing: policies.Signing{Required: p.RequireSigned, Key: p.Key.Reveal(), Algorithm: p.Algorithm, Scope: p.Scope},
	}
}

// check reports what cannot work.
func (p *PoliciesConfig) check(bad complaint) {
	if p.Dir != "" {
		if info, err := os.Stat(p.Dir); err != nil || !info.IsDir() {
			bad("policies.dir", "%q is not a folder", p.Dir)
		}
	}
	if p.File != "" {
		if info, err := os.Stat(p.File); err != nil || !info.Mode().IsRegular() {
			bad("policies.file", "%q is not a file", p.File)
		}
	}
	if p.Poll < 0 {
		bad("policies.poll", "must not be negative")
	}
	given := 0
	for _, c := range []struct{ field, value string }{{"dir", p.Dir}, {"file", p.File}, {"url", p.URL}} {
		if c.value == "" {
			continue
		}
		if given++; given == 2 {
			bad("policies."+c.field, "a bundle comes from one place: keep one of dir, file and url")
		}
	}
	for _, c := range []struct{ field, value string }{{"token", p.Token.Reveal()}, {"cache", p.Cache}} {
		if c.value != "" && p.URL == "" {
			bad("policies."+c.field, "is for a bundle server: set policies.url too")
		}
	}
	switch s := p.source(); {
	case given > 1:
	case p.RequireSigned && s.Embedded():
		bad("policies.require_signed", "the embedded bundle has no signature: name a bundle by dir, file or url")
	case p.RequireSigned && p.Key.Reveal() == "":
		bad("policies.require_signed", "needs policies.key or policies.key_file to verify signatures with")
	default:
		if err := s.Validate(); err != nil {
			bad("policies.url", "%v", err)
		}
	}
}
