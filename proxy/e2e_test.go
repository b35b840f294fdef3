package proxy_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/tidwall/gjson"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
)

// scenario is one file of testdata/e2e: a configuration, a request, what the
// upstream does, and what must come of it.
type scenario struct {
	About string `yaml:"about"`
	Route struct {
		Unguarded     bool   `yaml:"unguarded"`
		Shadow        bool   `yaml:"shadow"`
		OnBlock       string `yaml:"on_block"`
		OnFailure     string `yaml:"on_failure"`
		Model         string `yaml:"model"`
		BlockMessage  string `yaml:"block_message"`
		PromptMessage string `yaml:"prompt_block_message"`
		Policy        string `yaml:"policy"` // "": the default bundle; redact, rewrite: on contradictions; broken; whole: block at the end; private-…: see screen_test.go
		AnswerLimit   int    `yaml:"answer_limit"`
		BodyLimit     int    `yaml:"body_limit"`
	} `yaml:"route"`
	Key struct {
		Secret string   `yaml:"secret"`
		Routes []string `yaml:"routes"`
		Detail bool     `yaml:"detail"`
	} `yaml:"key"`
	Request struct {
		Method  string            `yaml:"method"`
		Path    string            `yaml:"path"`
		Headers map[string]string `yaml:"headers"`
		Body    string            `yaml:"body"`
	} `yaml:"request"`
	// Upstream answers with choices (whole and streamed, in every chunking) or
	// with a body as it stands (once).
	Upstream struct {
		Status  int               `yaml:"status"`
		Headers map[string]string `yaml:"headers"`
		Choices []string          `yaml:"choices"`
		Body    string            `yaml:"body"`
		Gzip    bool              `yaml:"gzip"`
		Cut     bool              `yaml:"cut"`    // the connection, after the body
		Silent  bool              `yaml:"silent"` // after the body
		Down    bool              `yaml:"down"`
	} `yaml:"upstream"`
	Want struct {
		Status  int               `yaml:"status"`
		Headers map[string]string `yaml:"headers"` // "-": must be absent
		Same    bool              `yaml:"same"`    // the client gets the upstream's very bytes
		Body    string            `yaml:"body"`    // exactly
		Error   map[string]string `yaml:"error"`   // code, param, message (a part of it)
		Whole   answerWant        `yaml:"whole"`
		Stream  answerWant        `yaml:"stream"`
		Holds   []string          `yaml:"holds"`   // parts of the reply
		Never   []string          `yaml:"never"`   // must not be in the reply
		Forward string            `yaml:"forward"` // the body that the upstream gets
		Path    string            `yaml:"path"`    // that the upstream is asked for
		Unasked bool              `yaml:"unasked"` // the upstream gets no request
		Audit   auditWant         `yaml:"audit"`
	} `yaml:"want"`
}

type answerWant struct {
	Status  int      `yaml:"status"` // where it differs
	Content []string `yaml:"content"`
	Finish  []string `yaml:"finish"`
	Skip    bool     `yaml:"skip"` // the case says nothing of this form
}

type auditWant struct {
	None     bool             `yaml:"none"`
	Kind     string           `yaml:"kind"`
	Status   int              `yaml:"status"`
	Outcome  string           `yaml:"outcome"`
	Reason   string           `yaml:"reason"` // a part of it
	Actions  []string         `yaml:"actions"`
	Verdicts []string         `yaml:"verdicts"` // of the first choice's sentences
	Answers  []string         `yaml:"answers"`
	Skipped  []string         `yaml:"skipped"` // of the first choice
	Declared []fairness.Group `yaml:"declared"`
}

// chunkings are the ways an answer is cut into deltas and the bytes into writes.
var chunkings = map[string]func(text string) []string{
	"bytes": func(t string) []string { // a delta holds characters: JSON cannot cut one
		return strings.Split(t, "")
	},
	"tokens": func(t string) []string { return strings.SplitAfter(t, " ") },
	"whole":  func(t string) []string { return []string{t} },
}

func TestEndToEnd(t *testing.T) {
	files, err := filepath.Glob("testdata/e2e/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var sc scenario
			if err := yaml.UnmarshalWithOptions(data, &sc, yaml.Strict()); err != nil {
				t.Fatalf("reading the case: %v", err)
			}
			if len(sc.Upstream.Choices) == 0 {
				sc.run(t, []byte(sc.Upstream.Body), strings.Contains(sc.Upstream.Headers["Content-Type"], "event-stream"), 0)
				return
			}
			if !sc.Want.Whole.Skip {
				t.Run("whole", func(t *testing.T) { sc.run(t, completion(sc.Upstream.Choices), false, 0) })
			}
			if sc.Want.Stream.Skip {
				return
			}
			for name, cut := range chunkings {
				t.Run("stream "+name, func(t *testing.T) {
					size := 0
					if name == "bytes" {
						size = 1
					}
					sc.run(t, stream(sc.Upstream.Choices, cut), true, size)
				})
			}
		})
	}
}

// run plays one case with the upstream answering body, cut into writes of size
// bytes (0: one write), and compares everything.
func (sc scenario) run(t *testing.T, body []byte, streamed bool, size int) {
	up := newFakeUpstream(t, sc, body, streamed, size)
	srv := startServer(t, sc, up.url)
	request := strings.ReplaceAll(sc.Request.Body, "$STREAM", fmt.Sprint(streamed))
	method, path := sc.Request.Method, sc.Request.Path
	if method == "" {
		method = "POST"
	}
	if path == "" {
		path = "/v1/chat/completions"
	}
	req, err := http.NewRequest(method, srv.url+path, strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range sc.Request.Headers {
		req.Header.Set(k, v)
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the reply: %v after %q", err, got)
	}
	w := sc.Want
	form := w.Whole
	if streamed {
		form = w.Stream
	}
	status := w.Status
	if form.Status != 0 {
		status = form.Status
	}
	if status == 0 {
		status = 200
	}
	if resp.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", resp.StatusCode, status, got)
	}
	if resp.Header.Get("X-Guard-Request-Id") == "" && !w.Audit.None {
		t.Error("no x-guard-request-id")
	}
	for k, v := range w.Headers {
		have, ok := resp.Header[http.CanonicalHeaderKey(k)]
		switch {
		case v == "-" && ok:
			t.Errorf("header %s is %q, want none", k, have)
		case v != "-" && strings.Join(have, ",") != v:
			t.Errorf("header %s is %q, want %q", k, have, v)
		}
	}
	if w.Same && !bytes.Equal(got, body) {
		t.Errorf("the reply is not the upstream's bytes:\n got %q\nwant %q", got, body)
	}
	if w.Body != "" && string(got) != w.Body {
		t.Errorf("reply:\n got %s\nwant %s", got, w.Body)
	}
	for k, v := range w.Error {
		e := gjson.GetBytes(got, "error."+k)
		if have := e.String(); have != v && !(k == "message" && strings.Contains(have, v)) {
			t.Errorf("error.%s is %q, want %q in %s", k, have, v, got)
		}
	}
	if form.Content != nil || form.Finish != nil {
		content, finish := read(t, got, resp.Header.Get("Content-Type"))
		if form.Content != nil && !slices.Equal(content, form.Content) {
			t.Errorf("content %q, want %q", content, form.Content)
		}
		if form.Finish != nil && !slices.Equal(finish, form.Finish) {
			t.Errorf("finish reasons %q, want %q", finish, form.Finish)
		}
	}
	for _, s := range w.Holds {
		if !bytes.Contains(got, []byte(s)) {
			t.Errorf("the reply does not hold %q: %s", s, got)
		}
	}
	for _, s := range w.Never {
		if bytes.Contains(got, []byte(s)) {
			t.Errorf("the reply holds %q: %s", s, got)
		}
	}
	if asked := up.requests(); w.Unasked && len(asked) > 0 {
		t.Errorf("the upstream was asked: %s", asked)
	} else if w.Forward != "" && (len(asked) != 1 || asked[0] != strings.ReplaceAll(w.Forward, "$STREAM", fmt.Sprint(streamed))) {
		t.Errorf("the upstream got %q, want %q", asked, w.Forward)
	}
	srv.stop(t)
	w.Audit.check(t, srv.log.entries(), resp.Header.Get("X-Guard-Request-Id"), status)
	if form.Content != nil && !w.Audit.None {
		e := srv.log.entries()[0]
		left := e.Sent
		if left == nil {
			left = e.Answers
		}
		if !slices.Equal(left, form.Content) {
			t.Errorf("the entry says the client got %q, and it got %q", left, form.Content)
		}
	}
}

func (w auditWant) check(t *testing.T, entries []audit.Entry, id string, status int) {
	t.Helper()
	if w.None {
		if len(entries) > 0 {
			t.Errorf("audit has %+v, want nothing", entries)
		}
		return
	}
	if len(entries) != 1 {
		t.Fatalf("%d audit entries, want 1: %+v", len(entries), entries)
	}
	e := entries[0]
	if w.Status == 0 {
		w.Status = status
	}
	if w.Kind == "" {
		w.Kind = "chat"
	}
	if e.ID != id || e.Status != w.Status || string(e.Outcome) != w.Outcome || e.Kind != w.Kind || !strings.Contains(e.Reason, w.Reason) || (w.Reason == "" && e.Reason != "") {
		t.Errorf("entry has id %s kind %s status %d outcome %s reason %q, want %s %s %d %s %q", e.ID, e.Kind, e.Status, e.Outcome, e.Reason, id, w.Kind, w.Status, w.Outcome, w.Reason)
	}
	if e.Latency.Total <= 0 {
		t.Errorf("entry has no latency: %+v", e.Latency)
	}
	if w.Answers != nil && !slices.Equal(e.Answers, w.Answers) {
		t.Errorf("entry has answers %q, want %q", e.Answers, w.Answers)
	}
	var actions, verdicts []string
	for _, c := range e.Choices {
		actions = append(actions, string(c.Action))
	}
	if w.Actions != nil && !slices.Equal(actions, w.Actions) {
		t.Errorf("entry has actions %q, want %q", actions, w.Actions)
	}
	if len(e.Choices) > 0 {
		for _, s := range e.Choices[0].Sentences {
			verdicts = append(verdicts, string(s.Verdict))
		}
		if w.Declared != nil && (e.Groups == nil || !slices.Equal(e.Groups.Declared, w.Declared)) {
			t.Errorf("entry has groups %v, want %v", e.Groups, w.Declared)
		}
		if w.Skipped != nil && !slices.Equal(e.Choices[0].Skipped, w.Skipped) {
			t.Errorf("entry has skipped %q, want %q", e.Choices[0].Skipped, w.Skipped)
		}
	}
	if w.Verdicts != nil && !slices.Equal(verdicts, w.Verdicts) {
		t.Errorf("entry has verdicts %q, want %q", verdicts, w.Verdicts)
	}
}

// read assembles what a client makes of a reply: the text and finish reason of
// each choice.
func read(t *testing.T, body []byte, media string) (content, finish []string) {
	t.Helper()
	put := func(list []string, i int, s string) []string {
		for len(list) <= i {
			list = append(list, "")
		}
		list[i] += s
		return list
	}
	if !strings.HasPrefix(media, "text/event-stream") {
		for _, c := range gjson.GetBytes(body, "choices").Array() {
			i := int(c.Get("index").Int())
			content = put(content, i, c.Get("message.content").String())
			finish = put(finish, i, c.Get("finish_reason").String())
		}
		return content, finish
	}
	done := false
	for event := range strings.SplitSeq(string(body), "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			done = true
			continue
		}
		if done || !json.Valid([]byte(data)) {
			t.Errorf("bad event %q", data)
		}
		for _, c := range gjson.Get(data, "choices").Array() {
			i := int(c.Get("index").Int())
			content = put(content, i, c.Get("delta.content").String())
			finish = put(finish, i, c.Get("finish_reason").String())
		}
	}
	if !done {
		t.Errorf("the stream has no [DONE]: %s", body)
	}
	return content, finish
}

// completion is a whole answer as an upstream sends it, odd spacing and unknown
// fields included.
func completion(choices []string) []byte {
	var list []string
	for i, text := range choices {
		content, _ := json.Marshal(text)
		list = append(list, fmt.Sprintf(`{"index":%d, "message":{"role":"assistant","content":%s,"refusal":null},"logprobs":null,"finish_reason":"stop","x_more":[1.50]}`, i, content))
	}
	return fmt.Appendf(nil, `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m-2024","choices":[%s],  "usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21},"x_unknown":{"b":1,"a":2.50}}`+"\n", strings.Join(list, ","))
}

// stream is the same answer as events, the choices taking turns.
func stream(choices []string, cut func(string) []string) []byte {
	var b bytes.Buffer
	event := func(choice int, delta, finish string) {
		fmt.Fprintf(&b, `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-2024","choices":[{"index":%d,"delta":%s, "logprobs":null,"finish_reason":%s}],"x_unknown":1.50}`+"\n\n", choice, delta, finish)
	}
	pieces := make([][]string, len(choices))
	longest := 0
	for i, text := range choices {
		event(i, `{"role":"assistant","content":"","refusal":null}`, "null")
		pieces[i] = cut(text)
		longest = max(longest, len(pieces[i]))
	}
	b.WriteString(": keep-alive\n\n")
	for k := range longest {
		for i := range choices {
			if k < len(pieces[i]) {
				content, _ := json.Marshal(pieces[i][k])
				event(i, fmt.Sprintf(`{"content":%s}`, content), "null")
			}
		}
	}
	for i := range choices {
		event(i, `{}`, `"stop"`)
	}
	b.WriteString(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-2024","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}` + "\n\n")
	b.WriteString("data: [DONE]\n\n")
	return b.Bytes()
}

// fakeUpstream plays the upstream of a case over real HTTP.
type fakeUpstream struct {
	url string
	mu  sync.Mutex
	got []string
}

func (f *fakeUpstream) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func newFakeUpstream(t *testing.T, sc scenario, body []byte, streamed bool, size int) *fakeUpstream {
	f := &fakeUpstream{}
	if sc.Upstream.Down {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f.url = "http://" + ln.Addr().String() + "/v1"
		ln.Close()
		return f
	}
	if sc.Upstream.Gzip {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write(body)
		w.Close()
		body = z.Bytes()
	}
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.got = append(f.got, string(asked))
		f.mu.Unlock()
		if auth := r.Header.Get("Authorization"); auth != "Bearer upstream-secret" {
			t.Errorf("the upstream got Authorization %q", auth)
		}
		if got := r.URL.RequestURI(); sc.Want.Path != "" && got != sc.Want.Path {
			t.Errorf("the upstream got path %q", got)
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		if streamed {
			h.Set("Content-Type", "text/event-stream")
		}
		h.Set("X-Ratelimit-Remaining-Requests", "41")
		h.Set("X-Guard-Verdict", "forged")
		if sc.Upstream.Gzip {
			h.Set("Content-Encoding", "gzip")
		}
		for k, v := range sc.Upstream.Headers {
			h.Set(k, v)
		}
		if sc.Upstream.Cut && !streamed {
			h.Set("Content-Length", fmt.Sprint(len(body)+100))
		}
		w.WriteHeader(max(sc.Upstream.Status, 200))
		if size == 0 {
			size = max(len(body), 1)
		}
		for part := range slices.Chunk(body, size) {
			w.Write(part)
			w.(http.Flusher).Flush()
		}
		if sc.Upstream.Silent {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}
		if sc.Upstream.Cut {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(func() { close(stop); srv.Close() })
	f.url = srv.URL + "/v1"
	return f
}
