package policies

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// pack makes an OPA bundle of the default one with files added or, when empty, left
// out.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(Default(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var text []byte
			text, err = fs.ReadFile(Default(), name)
			all[name] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if all[name] = text; text == "" {
			delete(all, name)
		}
	}
	return archive(t, all)
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: "/" + name, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keyPair makes PEM keys for ES256.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	priv, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: priv})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}))
}

// sign adds the signature of OPA's own code to an archive.
func sign(t *testing.T, packed []byte, private, keyID string) []byte {
	t.Helper()
	b, err := bundle.NewReader(bytes.NewReader(packed)).WithSkipBundleVerification(true).Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.GenerateSignature(bundle.NewSigningConfig(private, "ES256", ""), keyID, false); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bundle.NewWriter(&out).DisableFormat(true).Write(b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func reload(t *testing.T, e *Engine) (changed bool) {
	t.Helper()
	changed, err := e.Reload(context.Background())
	if err != nil {
		t.Error(err)
	}
	return changed
}

// A bundle that changes takes over at once, under traffic; one that does not load
// leaves the one in force.
func TestReload(t *testing.T) {
	dir := folder(t, true, nil)
	e := load(t, dir)
	first := e.Revision()
	if reload(t, e) {
		t.Error("nothing changed, and it is taken for a change")
	}
	extra := write(t, filepath.Join(dir, "extra.rego"), []byte("package"))
	if changed, err := e.Reload(context.Background()); err == nil || changed || e.Revision() != first {
		t.Fatalf("a broken bundle took over: %v, %v", changed, err)
	}
	if changed, err := e.Reload(context.Background()); err != nil || changed || !strings.Contains(e.Status().Failure, "extra.rego:1: ") {
		t.Errorf("the same broken bundle again: %v, %v, status %+v", changed, err, e.Status())
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if d, err := e.Decide(context.Background(), answer(12)); err != nil || d.Action != Block || d.Revision == "" {
					t.Errorf("got %+v, %v", d, err)
				}
			}
		})
	}
	write(t, extra, []byte("package extra\n"))
	if !reload(t, e) || e.Revision() == first || e.Status().Failure != "" || e.Status().Revision != e.Revision() {
		t.Errorf("the new bundle is not in force: %+v", e.Status())
	}
	wg.Wait()
	if err := os.Remove(extra); err != nil {
		t.Fatal(err)
	}
	if !reload(t, e) || e.Revision() != first {
		t.Error("the old bundle came back and is not in force")
	}
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Reload(context.Background()); err == nil || e.Revision() != first || e.Status().Failure == "" {
		t.Errorf("the folder is gone: %v, %+v", err, e.Status())
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if reload(t, e) || e.Status().Failure != "" {
		t.Errorf("the folder is back: %+v", e.Status())
	}
}

// Every way in which a bundle can be bad leaves the one in force, with its reason in
// the status.
func TestBadBundleLeavesTheLastGoodOne(t *testing.T) {
	private, public := keyPair(t)
	other, _ := keyPair(t)
	const rule = "rules/coverage/skipped.rego"
	text, err := fs.ReadFile(Default(), rule)
	if err != nil {
		t.Fatal(err)
	}
	whole := sign(t, pack(t, nil), private, "")
	main := func(decision string) []byte {
		return pack(t, map[string]string{"main_test.rego": "", "lib/states_test.rego": "", "main.rego": "package touchstone\n\n" + decision})
	}
	tampered := func() []byte {
		f, err := readArchive(bytes.NewReader(whole))
		if err != nil {
			t.Fatal(err)
		}
		again := map[string]string{}
		for name, b := range f {
			again[name] = strings.ReplaceAll(string(b), "The answer contradicts the ground truth.", "All is well.")
		}
		return archive(t, again)
	}
	signed := Signing{Required: true, Key: public, Algorithm: "ES256"}
	for name, c := range map[string]struct {
		archive []byte
		want    string
		signing Signing
	}{
		"syntax":             {main("decision := {\n"), "main.rego:4: ", Signing{}},
		"conflict":           {main("decision := {\"action\": a, \"rules\": []} if some a in [\"allow\", \"flag\"]\n"), "conflicting values", Signing{}},
		"infinite work":      {main("decision := {\"action\": \"allow\", \"rules\": []} if count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b == 0]) == 0\n"), "took longer than", Signing{}},
		"undefined decision": {main("decision := {\"action\": \"allow\", \"rules\": []} if input.final == false\n"), "data.touchstone.decision is undefined", Signing{}},
		"wrong type":         {main("decision := {\"action\": 7, \"rules\": []}\n"), "the action 7 is unknown", Signing{}},
		"type error":         {main("decision := {\"action\": count(7), \"rules\": []}\n"), "main.rego:3: count: invalid argument", Signing{}},
		"huge output":        {main("decision := {\"action\": \"flag\", \"rules\": [{\"id\": \"coverage.skipped\", \"action\": \"flag\", \"message\": sprintf(\"%d\", [i])} | some i in numbers.range(1, 5000)]}\n"), "more than 200 rules fired", Signing{}},
		"missing METADATA":   {pack(t, map[string]string{rule: strings.Replace(string(text), "owner: platform", "", 1)}), "lacks custom.owner", Signing{}},
		"failing test":       {pack(t, map[string]string{"more_test.rego": "package more_test\n\ntest_it if 1 == 2\n"}), "more_test.rego:3: the test test_it fails", Signing{}},
		"half-written file":  {whole[:len(whole)-9], "unexpected EOF", signed},
		"no archive":         {[]byte("package touchstone\n"), "a bundle is a .tar.gz file", Signing{}},
		"delta":              {pack(t, map[string]string{"patch.json": `{"data": []}`}), "delta bundle", Signing{}},
		"foreign roots":      {pack(t, map[string]string{".manifest": `{"roots": ["elsewhere"]}`}), "do not permit", Signing{}},
		"unsigned":           {pack(t, nil), "bundle missing .signatures.json", signed},
		"wrong signature":    {sign(t, pack(t, nil), other, ""), "failed to verify JWT signature", signed},
		"changed since":      {tampered(), "digest mismatch", signed},
	} {
		t.Run(name, func(t *testing.T) {
			first := whole
			if !c.signing.Required {
				first = pack(t, nil)
			}
			file := write(t, filepath.Join(t.TempDir(), "bundle.tar.gz"), first)
			s := Source{File: file, Signing: c.signing}
			e, err := Open(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			if st := e.Status(); st.Signed != c.signing.Required || st.Rules < 5 || st.Source != file {
				t.Errorf("status %+v", st)
			}
			before := e.Revision()
			write(t, file, c.archive)
			changed, err := e.Reload(context.Background())
			if err == nil || changed || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "loading policies from "+file) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if st := e.Status(); e.Revision() != before || st.Revision != before || st.Failure != err.Error() || st.FailedAt.IsZero() {
				t.Errorf("status %+v", st)
			}
			if d, err := e.Decide(context.Background(), answer(12)); err != nil || d.Revision != before {
				t.Errorf("decides %+v, %v", d, err)
			}
			if _, err := Open(context.Background(), s); err == nil {
				t.Error("an engine starts with it")
			}
		})
	}
}

func TestSignedFolder(t *testing.T) {
	private, public := keyPair(t)
	f, err := readArchive(bytes.NewReader(sign(t, pack(t, nil), private, "global")))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, text := range f {
		files[name] = string(text)
	}
	dir := folder(t, false, files)
	signing := Signing{Required: true, Key: public, Algorithm: "ES256"}
	e, err := Open(context.Background(), Source{Dir: dir, Signing: signing})
	if err != nil || !e.Status().Signed {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := Open(context.Background(), Source{Dir: dir}); err == nil || !strings.Contains(err.Error(), "no key to verify") {
		t.Errorf("signed, without a key: %v", err)
	}
	if e, err := Load(context.Background(), dir); err != nil || e.Status().Signed {
		t.Errorf("a tool that skips signatures: %v", err)
	}
	write(t, filepath.Join(dir, "extra.rego"), []byte("package extra\n"))
	if _, err := Open(context.Background(), Source{Dir: dir, Signing: signing}); err == nil || !strings.Contains(err.Error(), "extra.rego not included in bundle signature") {
		t.Errorf("a file that is not signed: %v", err)
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		s    Source
		want string
	}{
		{Source{Dir: "a", File: "b"}, "name one of them"},
		{Source{URL: "ftp://policies"}, "not an http"},
		{Source{Dir: "a", Signing: Signing{Required: true}}, "no key to verify it with"},
		{Source{Dir: "a", Signing: Signing{Key: "k", Algorithm: "none"}}, `"none" is no signature algorithm`},
	} {
		if _, err := Open(context.Background(), c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
}

// server is a bundle server as OPA knows it.
type server struct {
	mu      sync.Mutex
	archive []byte
	etag    string
	status  int
	asked   []http.Header
}

func (s *server) set(archive []byte, etag string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.archive, s.etag, s.status = archive, etag, status
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Header.Clone())
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer secret":
		w.WriteHeader(http.StatusUnauthorized)
	case s.status != 0:
		w.WriteHeader(s.status)
	case s.etag != "" && r.Header.Get("If-None-Match") == s.etag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Write(s.archive)
	}
}

func TestBundleServer(t *testing.T) {
	first, second := pack(t, nil), pack(t, map[string]string{"extra.rego": "package extra\n"})
	srv := &server{}
	srv.set(first, `"1"`, 0)
	web := httptest.NewServer(srv)
	defer web.Close()
	cache := filepath.Join(t.TempDir(), "last.tar.gz")
	s := Source{URL: web.URL + "/bundles/touchstone.tar.gz?signature=hidden", Token: "secret", Cache: cache}
	e, err := Open(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	before := e.Revision()
	if st := e.Status(); st.Source != web.URL+"/bundles/touchstone.tar.gz" {
		t.Errorf("the source is called %s", st.Source)
	}
	if reload(t, e) || len(srv.asked) != 2 || srv.asked[1].Get("If-None-Match") != `"1"` {
		t.Errorf("asked with %v", srv.asked)
	}
	srv.set(second, `"2"`, 0)
	if !reload(t, e) || e.Revision() == before {
		t.Error("the new bundle is not in force")
	}
	after := e.Revision()

	srv.set(nil, "", http.StatusServiceUnavailable)
	if changed, err := e.Reload(context.Background()); err == nil || changed || !strings.Contains(err.Error(), "answered 503") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("the server is down: %v, %v", changed, err)
	}
	if st := e.Status(); st.Failure == "" || st.Revision != after {
		t.Errorf("status %+v", st)
	}
	again, err := Open(context.Background(), s)
	if err != nil || again.Revision() != after || !strings.Contains(again.Status().Failure, "answered 503") {
		t.Errorf("a start while the server is down: %v", err)
	}
	srv.set(second, `"2"`, 0)
	if reload(t, e) || e.Status().Failure != "" {
		t.Errorf("the server is back with what was: %+v", e.Status())
	}
	if reload(t, again); again.Status().Failure != "" {
		t.Errorf("the server is back: %+v", again.Status())
	}

	wrong := s
	wrong.Token, wrong.Cache = "guess", ""
	if _, err := Open(context.Background(), wrong); err == nil || !strings.Contains(err.Error(), "answered 401") {
		t.Errorf("a wrong token: %v", err)
	}
	web.Close()
	s.Cache = ""
	if _, err := Open(context.Background(), s); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("without the server: %v", err)
	}
}

// A server without ETags is asked for the whole bundle, which is not taken for a
// change.
func TestBundleServerWithoutETag(t *testing.T) {
	srv := &server{}
	srv.set(pack(t, nil), "", 0)
	web := httptest.NewServer(srv)
	defer web.Close()
	e, err := Open(context.Background(), Source{URL: web.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if reload(t, e) {
		t.Error("the same bundle is a change")
	}
}

func TestWatch(t *testing.T) {
	dir := folder(t, true, nil)
	e, err := Open(context.Background(), Source{Dir: dir, Poll: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	type event struct {
		status Status
		err    error
	}
	events, done := make(chan event, 10), make(chan struct{})
	go func() {
		defer close(done)
		e.Watch(ctx, func(s Status, err error) { events <- event{s, err} })
	}()
	next := func() event {
		select {
		case ev := <-events:
			return ev
		case <-time.After(time.Minute):
			t.Fatal("nothing was noticed")
		}
		panic("unreachable")
	}
	before := e.Revision()
	write(t, filepath.Join(dir, "extra.rego"), []byte("package extra"))
	if ev := next(); ev.err != nil || ev.status.Revision == before || ev.status.Revision != e.Revision() {
		t.Errorf("got %+v", ev)
	}
	write(t, filepath.Join(dir, "extra.rego"), []byte("package extra\n\nx := y\n"))
	if ev := next(); ev.err == nil || ev.status.Failure != ev.err.Error() {
		t.Errorf("got %+v", ev)
	}
	if err := os.Remove(filepath.Join(dir, "extra.rego")); err != nil {
		t.Fatal(err)
	}
	if ev := next(); ev.err != nil || ev.status.Revision != before || ev.status.Failure != "" {
		t.Errorf("got %+v", ev)
	}
	cancel()
	<-done
	if len(events) > 0 {
		t.Errorf("told more often than there was something to tell: %+v", <-events)
	}
}

func TestArchivesAreBounded(t *testing.T) {
	half := "package big\n#" + strings.Repeat("x", maxBundle/2)
	many := map[string]string{}
	for i := range maxEntries + 1 {
		many[fmt.Sprintf("notes/%d.txt", i)] = ""
	}
	for want, packed := range map[string][]byte{
		"larger than 16 MiB together": archive(t, map[string]string{"a.rego": half, "z.rego": half}),
		"more than 10000 files":       archive(t, many),
	} {
		if _, err := readArchive(bytes.NewReader(packed)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
