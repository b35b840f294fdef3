// Package web renders the dashboard: pages made on the server, one style sheet and
// one small script, all embedded in the binary. It knows nothing of where the
// figures come from. Pages work without the script, and load nothing from elsewhere.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"path"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static/*
var static embed.FS

// Policy is the Content-Security-Policy of every page: only what this server
// sends, no script or style inside a page, never in a frame.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Pages renders the dashboard. It is safe for concurrent use.
type Pages struct {
	pages map[string]*template.Template
	files map[string]File
}

// File is one static file.
type File struct {
	Content []byte
	Type    string
}

// New parses what is embedded.
func New() (*Pages, error) {
	p := &Pages{pages: map[string]*template.Template{}, files: map[string]File{}}
	sum := sha256.New()
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		sum.Write(b)
		p.files[path.Base(name)] = File{Content: b, Type: mime.TypeByExtension(path.Ext(name))}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading static files: %w", err)
	}
	version := hex.EncodeToString(sum.Sum(nil))[:12] // in their URLs, so that they may be cached for ever
	funcs := template.FuncMap{
		"version":   func() string { return version },
		"thousands": thousands, "number": number, "percent": percent, "score": score, "millis": Millis,
		"verdict": verdictName, "outcome": outcomeName,
	}
	for _, name := range []string{"overview", "exchange", "policies", "rule", "groups", "login", "message"} {
		t, err := template.New("layout.html").Funcs(funcs).ParseFS(templates, "templates/layout.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parsing the %s page: %w", name, err)
		}
		p.pages[name] = t
	}
	return p, nil
}

// Static returns a static file by its name.
func (p *Pages) Static(name string) (File, bool) {
	f, ok := p.files[name]
	return f, ok
}

func (p *Pages) render(page string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := p.pages[page].Execute(&b, data); err != nil {
		return nil, fmt.Errorf("rendering the %s page: %w", page, err)
	}
	return b.Bytes(), nil
}

// Overview renders the first page.
func (p *Pages) Overview(v *Overview) ([]byte, error) { return p.render("overview", v) }

// Exchange renders one exchange.
func (p *Pages) Exchange(v *Exchange) ([]byte, error) { return p.render("exchange", v) }

// Policies renders the rules in force.
func (p *Pages) Policies(v *Policies) ([]byte, error) { return p.render("policies", v) }

// Login renders the form that asks for the admin key.
func (p *Pages) Login(v *Login) ([]byte, error) { return p.render("login", v) }

// Message renders a page that only says something, such as "not found".
func (p *Pages) Message(v *Message) ([]byte, error) { return p.render("message", v) }
