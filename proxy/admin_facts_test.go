package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
	"touchstone/internal/audit"
)

// factsServer serves the API of facts over a store, without an admin key.
func factsServer(t *testing.T, entries ...audit.Entry) (base string, store groundtruth.Recorder) {
	t.Helper()
	file, err := audit.Open(t.TempDir()+"/audit.db", audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		file.Append(t.Context(), e, true)
	}
	if err := file.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	truth, err := groundtruth.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{
		Upstreams: []Upstream{{Name: "none", BaseURL: "http://127.0.0.1:9/v1"}}, Routes: []Route{{Name: "default", Models: []string{"demo"}, Upstream: "none"}},
		Audit: file, Store: truth,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
		file.Close(ctx)
		truth.Close()
	})
	return "http://" + ln.Addr().String(), truth
}

func request(t *testing.T, method, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// A reviewer's ruling becomes a fact, is found with where it came from, and can be
// taken back.
func TestRulingBecomesAFact(t *testing.T) {
	base, store := factsServer(t, adminEntry("01ENTRY", "How long?"))
	status, answer := request(t, "POST", base+"/api/facts", `{"exchange": "01ENTRY", "sentence": 1, "fact":
		{"subject": "Kestrel 500", "attribute": "price", "value": "349", "unit": "EUR", "scope": {"region": "EU"}, "valid": {"from": "2026-04-01"}, "author": "ana"}}`)
	if status != 201 {
		t.Fatal(status, answer)
	}
	var made struct{ ID, In, Revision string }
	if err := json.Unmarshal([]byte(answer), &made); err != nil || made.Revision != store.Revision() {
		t.Fatal(made, err)
	}
	status, answer = request(t, "GET", base+"/api/facts?q=kestrel+349&collection=default", "")
	var list struct {
		Facts []groundtruth.FactIn
	}
	if err := json.Unmarshal([]byte(answer), &list); status != 200 || err != nil || len(list.Facts) != 1 {
		t.Fatal(status, answer, err)
	}
	if f := list.Facts[0]; f.ID != made.ID || f.Source != "ruling on exchange 01ENTRY" || f.Author != "ana" || f.Scope.Region != "EU" || f.Valid.From != "2026-04-01" || f.In != made.In {
		t.Errorf("stored %+v", f)
	}
	if status, answer = request(t, "GET", base+"/api/facts?tenant=other", ""); status != 200 || !strings.Contains(answer, `"facts":[]`) {
		t.Errorf("another tenant's: %d %s", status, answer)
	}
	if status, answer = request(t, "DELETE", base+"/api/facts/"+made.ID, ""); status != 400 || !strings.Contains(answer, "say who deletes it") {
		t.Errorf("deleting without an author: %d %s", status, answer)
	}
	if status, answer = request(t, "DELETE", base+"/api/facts/"+made.ID+"?author=ben", ""); status != 200 {
		t.Errorf("deleting: %d %s", status, answer)
	}
	if status, _ = request(t, "DELETE", base+"/api/facts/"+made.ID+"?author=ben", ""); status != 404 {
		t.Errorf("deleting twice: %d", status)
	}
	status, answer = request(t, "POST", base+"/api/approved", `{"approved": {"questions": ["return window"], "answer": "Within 28 days.", "author": "ana"}}`)
	if status != 201 {
		t.Errorf("approving: %d %s", status, answer)
	}
	if status, answer = request(t, "GET", base+"/api/approved", ""); status != 200 || !strings.Contains(answer, "Within 28 days.") {
		t.Errorf("approved: %d %s", status, answer)
	}
}

func TestRulingsThatCannotBeTaken(t *testing.T) {
	base, store := factsServer(t, adminEntry("01ENTRY", "How long?"))
	const fact = `{"subject": "A", "attribute": "b", "value": "c", "author": "ana"}`
	for _, c := range []struct {
		body, want string
		status     int
		header     []string
	}{
		{`{"fact": {"subject": "A", "attribute": "b", "value": "c"}}`, "say who rules so", 400, nil},
		{`{"fact": {"subject": "A", "attribute": "b", "author": "ana"}}`, "it has no value", 400, nil},
		{`{"fact": ` + fact + `, "exchange": "none"}`, "holds no exchange", 400, nil},
		{`{"fact": ` + fact + `, "exchange": "01ENTRY", "sentence": 2}`, "has no sentence 2", 400, nil},
		{`{"fact": {"subject": "A", "price": 3}}`, "unknown field", 400, nil},
		{`{"approved": {}}`, "is missing", 400, nil},
		{`{`, "not valid JSON", 400, nil},
		{`{"fact": ` + fact + `}`, "Content-Type: application/json", 400, []string{"Content-Type", "text/plain"}},
		{`{"fact": ` + fact + `}`, "Pages of other sites", 403, []string{"Origin", "https://elsewhere.example"}},
	} {
		if status, answer := request(t, "POST", base+"/api/facts", c.body, c.header...); status != c.status || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d %s, want %d %s", c.body, status, answer, c.status, c.want)
		}
	}
	if store.Revision() != "0" {
		t.Errorf("something was stored: %s", store.Revision())
	}
}

// The key's scope binds; a request may only fill in what the key leaves open.
func TestScopeOfARequest(t *testing.T) {
	for _, c := range []struct {
		key           groundtruth.Scope
		header, field string // part=value
		want          groundtruth.Scope
		refused       string
	}{
		{groundtruth.Scope{}, "region=EU", "audience=staff", groundtruth.Scope{Region: "EU", Audience: "staff"}, ""},
		{groundtruth.Scope{Region: "EU"}, "region=eu", "product=Kestrel", groundtruth.Scope{Region: "eu", Product: "Kestrel"}, ""},
		{groundtruth.Scope{Region: "EU"}, "region=UK", "", groundtruth.Scope{}, "x-guard-region"},
		{groundtruth.Scope{Audience: "customers"}, "", "audience=staff", groundtruth.Scope{}, "guard.scope.audience"},
		{groundtruth.Scope{}, "region=EU", "region=UK", groundtruth.Scope{}, "guard.scope.region"},
	} {
		x := &exchange{who: &caller{scope: c.key}, scope: c.key}
		err := func() error {
			if name, value, ok := strings.Cut(c.header, "="); ok {
				if err := x.narrow("x-guard-"+name, name, value); err != nil {
					return err
				}
			}
			var scope groundtruth.Scope
			if name, value, ok := strings.Cut(c.field, "="); ok {
				scope.Set(name, value)
			}
			return x.within("guard.scope", scope)
		}()
		if c.refused == "" && (err != nil || x.scope != c.want || x.entry.Scope != c.want) {
			t.Errorf("%+v: scope %+v, %v", c, x.scope, err)
		}
		if c.refused != "" && (err == nil || !strings.Contains(fmt.Sprint(err.(*apiError).param), c.refused)) {
			t.Errorf("%+v: %v, want it refused", c, err)
		}
	}
}
