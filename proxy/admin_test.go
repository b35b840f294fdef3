package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
	"touchstone/policies"
)

// notedLog remembers the events that went to the log.
type notedLog struct {
	*audit.Log
	noted []string
}

func (l *notedLog) Note(ctx context.Context, event, by, why string, with map[string]string) error {
	l.noted = append(l.noted, fmt.Sprint(event, " ", by, ": ", why, " ", with))
	return l.Log.Note(ctx, event, by, why, with)
}

// adminServer serves a log with these entries on a loopback port.
func adminServer(t *testing.T, key string, entries ...audit.Entry) (base string, log *notedLog) {
	t.Helper()
	return adminServerWith(t, key, nil, entries...)
}

// adminServerWith is adminServer with changed options.
func adminServerWith(t *testing.T, key string, change func(*Options), entries ...audit.Entry) (base string, log *notedLog) {
	t.Helper()
	file, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), audit.Options{Groups: audit.Mentioned, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	log = &notedLog{Log: file}
	for _, e := range entries {
		log.Append(t.Context(), e, true)
	}
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	switches, err := policies.OpenSwitches("")
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{
		Policies: engine, Switches: switches,
		Upstreams: []Upstream{{Name: "none", BaseURL: "http://127.0.0.1:9/v1"}}, Routes: []Route{{Name: "default", Models: []string{"demo"}, Upstream: "none"}},
		Audit: log, Metrics: metrics.New(), AdminKey: key,
	}
	if change != nil {
		change(&opt)
	}
	s, err := New(opt)
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
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := log.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String(), log
}

// adminEntry is an exchange of a minute ago whose answer has two sentences.
func adminEntry(id, question string) audit.Entry {
	answer := "It lasts 24 months. Returns take 60 days."
	return audit.Entry{
		Version: audit.EntryVersion, ID: id, At: time.Now().Add(-time.Minute).UTC(), Kind: "chat", App: "shop", Route: "default", Model: "demo",
		Status: 200, Outcome: audit.Blocked, Keep: audit.KeepAll, Question: question, Answers: []string{answer}, Sent: []string{"Withheld, sorry."},
		Choices: []judge.Receipt{{
			ID: id, Verdict: guards.Contradicted, Action: policies.Block, Score: 0.97, Policy: "p-rev", Index: "i-rev",
			Rules: []policies.Rule{{ID: "hallucination.contradicted", Action: policies.Block, Title: "Contradicted", Message: "A source says otherwise.", Sentences: []int{1}}},
			Sentences: []judge.SentenceRecord{
				{Start: 0, End: 19, Text: answer[:19], Verdict: guards.Supported, Score: 0.03, Reason: "The same.", Evidence: []judge.EvidenceRecord{{Source: "warranty.md", Revision: "ab12", Quote: "24 months"}}},
				{Start: 20, End: 41, Text: answer[20:], Verdict: guards.Contradicted, Score: 0.97, Reason: "It says 30 days.", Evidence: []judge.EvidenceRecord{{Source: "returns.md", Revision: "cd34", Quote: "within 30 days"}}},
			},
			Guards: []judge.GuardRecord{{Guard: "groundedness", Status: guards.OK, Ms: 1.5}, {Guard: "bias", Status: guards.Timeout, Error: "no result within 2s"}},
		}},
		Latency: audit.Latency{Total: 310, Upstream: 305, Judge: 2},
	}
}

type answered struct {
	status int
	header http.Header
	body   string
}

// ask makes a request without following redirects; change may alter it.
func ask(t *testing.T, method, target string, change func(*http.Request)) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{res.StatusCode, res.Header, string(b)}
}

var adminPaths = []string{"/", "/exchanges/x", "/policies", "/api/policies", "/metrics", "/api/rates", "/api/exchanges", "/api/exchanges/x"}

func TestWithoutTheAdminKeyNothingIsShown(t *testing.T) {
	base, _ := adminServer(t, "the-admin-key", adminEntry("x", "What is secret?"))
	for _, path := range adminPaths {
		for name, change := range map[string]func(*http.Request){
			"nothing":   nil,
			"wrong key": func(r *http.Request) { r.Header.Set("Authorization", "Bearer nope") },
			"empty key": func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
			"forged":    func(r *http.Request) { r.AddCookie(&http.Cookie{Name: sessionCookie, Value: "99999999999.00"}) },
			"expired": func(r *http.Request) {
				r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session("the-admin-key", 1000)})
			},
			"another's": func(r *http.Request) {
				r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session("other", time.Now().Unix()+60)})
			},
			"no signature": func(r *http.Request) {
				r.AddCookie(&http.Cookie{Name: sessionCookie, Value: fmt.Sprint(time.Now().Unix() + 60)})
			},
		} {
			got := ask(t, "GET", base+path, change)
			if got.status != 401 && got.status != 303 || strings.Contains(got.body, "secret") {
				t.Errorf("%s with %s: status %d", path, name, got.status)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := ask(t, "GET", base+path, nil); got.status != 200 {
			t.Errorf("%s: status %d, want 200 without a key", path, got.status)
		}
	}
	for _, path := range []string{"/metrics", "/api/rates", "/api/exchanges", "/api/exchanges/x", "/", "/exchanges/x"} {
		got := ask(t, "GET", base+path, func(r *http.Request) { r.Header.Set("Authorization", "Bearer the-admin-key") })
		if got.status != 200 {
			t.Errorf("%s with the key: status %d", path, got.status)
		}
	}
}

func TestSignIn(t *testing.T) {
	base, _ := adminServer(t, "the-admin-key")
	form := func(key, next string) answered {
		return ask(t, "POST", base+"/login", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = io.NopCloser(strings.NewReader(url.Values{"key": {key}, "next": {next}}.Encode()))
		})
	}
	first := ask(t, "GET", base+"/?window=7d", nil)
	if first.status != 303 || first.header.Get("Location") != "/login?next=%2F%3Fwindow%3D7d" {
		t.Errorf("status %d to %q, want the login form", first.status, first.header.Get("Location"))
	}
	if got := form("wrong", "/"); got.status != 401 || got.header.Get("Set-Cookie") != "" || !strings.Contains(got.body, "not the admin key") {
		t.Errorf("wrong key: status %d, cookie %q", got.status, got.header.Get("Set-Cookie"))
	}
	good := form("the-admin-key", "/?window=7d")
	cookie := good.header.Get("Set-Cookie")
	if good.status != 303 || good.header.Get("Location") != "/?window=7d" {
		t.Errorf("status %d to %q", good.status, good.header.Get("Location"))
	}
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q has no %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "the-admin-key") {
		t.Error("the cookie holds the key itself")
	}
	value, _, _ := strings.Cut(cookie, ";")
	if got := ask(t, "GET", base+"/", func(r *http.Request) { r.Header.Set("Cookie", value) }); got.status != 200 {
		t.Errorf("signed in: status %d", got.status)
	}
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", ""} {
		if got := form("the-admin-key", next); got.header.Get("Location") != "/" {
			t.Errorf("next %q leads to %q", next, got.header.Get("Location"))
		}
	}
}

// TestOnlyThisMachineWithoutAKey: a page elsewhere whose name resolves to 127.0.0.1
// reaches the port, but sends its own name.
func TestOnlyThisMachineWithoutAKey(t *testing.T) {
	base, _ := adminServer(t, "", adminEntry("x", "What is secret?"))
	for host, want := range map[string]int{"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:1": 200, "[::1]:80": 200, "evil.example": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example:80": 403} {
		for _, path := range adminPaths {
			got := ask(t, "GET", base+path, func(r *http.Request) { r.Host = host })
			if got.status != want || want == 403 && strings.Contains(got.body, "secret") {
				t.Errorf("%s as %s: status %d, want %d", path, host, got.status, want)
			}
		}
	}
}

func TestOverviewShowsWhatTheLogHolds(t *testing.T) {
	base, log := adminServer(t, "")
	if got := ask(t, "GET", base+"/", nil); !strings.Contains(got.body, "Nothing has come through yet") || !strings.Contains(got.body, "&#34;model&#34;: &#34;demo&#34;") && !strings.Contains(got.body, `"model": "demo"`) {
		t.Error("an empty log offers no example")
	}
	log.Append(t.Context(), adminEntry("01A", "How long is the warranty?"), true)
	unchecked := audit.Entry{Version: 1, ID: "01B", At: time.Now().UTC(), Kind: "pass", App: "shop", Path: "/v1/embeddings", Status: 200, Outcome: audit.Unchecked, Keep: audit.KeepAll, Reason: "passed on unchecked"}
	log.Append(t.Context(), unchecked, true)
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := ask(t, "GET", base+"/", nil)
	for _, want := range []string{"<strong>500</strong>", "<strong>100%</strong>", "How long is the warranty?", "passed on unchecked", `href="/exchanges/01A"`, "of 2 checked sentences"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", got.header)
	}
	if !strings.Contains(got.body, `aria-current="true">1h</a>`) {
		t.Error("a log of the last hour is not opened on that hour")
	}
	old := adminEntry("019", "An old one?")
	old.At = time.Now().Add(-5 * time.Hour)
	log.Append(t.Context(), old, true)
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, "GET", base+"/", nil); !strings.Contains(got.body, `aria-current="true">24h</a>`) {
		t.Error("a log of five hours is not opened on the day")
	}
	if got := ask(t, "GET", base+"/?route=other", nil); !strings.Contains(got.body, "No exchange matches") {
		t.Error("a filter that matches nothing does not say so")
	}
	for _, q := range []string{"?window=2y", "?outcome=odd"} {
		if got := ask(t, "GET", base+"/"+q, nil); got.status != 400 {
			t.Errorf("%s: status %d, want 400", q, got.status)
		}
	}
	for _, name := range []string{"style.css", "app.js", "icon.svg"} {
		if got := ask(t, "GET", base+"/static/"+name, nil); got.status != 200 || got.body == "" {
			t.Errorf("%s: status %d", name, got.status)
		}
	}
	if got := ask(t, "GET", base+"/static/..%2fweb.go", nil); got.status != 404 {
		t.Errorf("a path out of static: status %d", got.status)
	}
}

func TestOneExchangeOpened(t *testing.T) {
	base, _ := adminServer(t, "", adminEntry("01A", "How long is the warranty?"))
	got := ask(t, "GET", base+"/exchanges/01A", nil)
	for _, want := range []string{
		`class="s supported"`, `class="s contradicted"`, "It lasts 24 months.", "Withheld, sorry.", "the reader did not see this",
		"<mark>within 30 days</mark>", "It says 30 days.", "returns.md", "cd34", "hallucination.contradicted", "A source says otherwise.",
		"not measured: timeout", "no result within 2s", "p-rev", "i-rev", `href="#c0-s2"`, `id="c0-s2"`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if got := ask(t, "GET", base+"/exchanges/none", nil); got.status != 404 || !strings.Contains(got.body, "No such exchange") {
		t.Errorf("an unknown exchange: status %d", got.status)
	}
}

// TestOffsetsOfAForeignEntryDoNoHarm opens an entry whose offsets lie outside the text.
func TestOffsetsOfAForeignEntryDoNoHarm(t *testing.T) {
	e := adminEntry("01A", "?")
	e.Choices[0].Sentences[1].End = 4000
	e.Choices[0].Sentences[0].Start = -1
	base, _ := adminServer(t, "", e)
	if got := ask(t, "GET", base+"/exchanges/01A", nil); got.status != 200 || !strings.Contains(got.body, "Returns take 60 days.") {
		t.Errorf("status %d", got.status)
	}
}

func TestAPI(t *testing.T) {
	base, _ := adminServer(t, "", adminEntry("01A", "first"), adminEntry("01B", "second"))
	var rates struct {
		Step  int `json:"step_seconds"`
		Total struct {
			Exchanges int
			Block     int
			Sentences map[string]int
			Rate      *audit.Estimate `json:"hallucination_per_1000"`
			Coverage  *audit.Estimate
		}
		Points []struct {
			At   time.Time
			Rate *audit.Estimate `json:"hallucination_per_1000"`
		}
	}
	get := func(path string, into any) {
		t.Helper()
		got := ask(t, "GET", base+path, nil)
		if got.status != 200 {
			t.Fatalf("%s: status %d: %s", path, got.status, got.body)
		}
		if err := json.Unmarshal([]byte(got.body), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	get("/api/rates?window=1h", &rates)
	if rates.Step != 120 || len(rates.Points) != 30 || rates.Total.Exchanges != 2 || rates.Total.Block != 2 || rates.Total.Rate.Value != 500 || rates.Total.Coverage.Value != 1 || rates.Total.Sentences["contradicted"] != 2 {
		t.Errorf("rates %+v", rates)
	}
	if rates.Points[0].Rate != nil {
		t.Error("a step without exchanges has a rate; want null")
	}
	from := time.Now().Add(-10 * time.Minute).UTC().Format(time.RFC3339)
	get("/api/rates?step=1m&from="+from+"&to="+time.Now().Add(time.Minute).UTC().Format(time.RFC3339), &rates)
	if rates.Step != 60 || rates.Total.Exchanges != 2 {
		t.Errorf("rates by the minute %+v", rates)
	}
	var list struct {
		Exchanges []audit.Summary
		Next      string
	}
	get("/api/exchanges?limit=1", &list)
	if len(list.Exchanges) != 1 || list.Exchanges[0].ID != "01B" || list.Next != "01B" {
		t.Errorf("list %+v", list)
	}
	list.Next = ""
	get("/api/exchanges?before=01B&app=shop&outcome=block", &list)
	if len(list.Exchanges) != 1 || list.Exchanges[0].Question != "first" || list.Next != "" {
		t.Errorf("list %+v", list)
	}
	var e audit.Entry
	get("/api/exchanges/01A", &e)
	if e.Question != "first" || len(e.Choices) != 1 {
		t.Errorf("entry %+v", e)
	}
	for path, want := range map[string]int{"/api/exchanges/none": 404, "/api/exchanges?limit=0": 400, "/api/exchanges?limit=x": 400, "/api/rates?window=x": 400,
		"/api/rates?step=1s": 400, "/api/rates?from=yesterday": 400, "/api/rates?step=1m&from=2020-01-01T00:00:00Z": 400, "/api/rates?from=2030-01-01T00:00:00Z": 400} {
		if got := ask(t, "GET", base+path, nil); got.status != want || !strings.HasPrefix(got.body, `{"error":`) {
			t.Errorf("%s: status %d, want %d: %s", path, got.status, want, got.body)
		}
	}
	if got := ask(t, "GET", base+"/metrics", nil); !strings.Contains(got.body, "guard_audit_written_total 2") {
		t.Error("the metrics do not count the audit entries")
	}
}
