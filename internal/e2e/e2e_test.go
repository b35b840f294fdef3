package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"touchstone/internal/audit"
	"touchstone/internal/demo"
	"touchstone/internal/judge"
)

func ask(question string, n int) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{Model: demo.Name, N: n, Messages: []openai.ChatCompletionMessage{{Role: "user", Content: question}}}
}

func (s *stone) client(key string) *openai.Client {
	cfg := openai.DefaultConfig(key)
	cfg.BaseURL = s.url + "/v1"
	return openai.NewClientWithConfig(cfg)
}

// collect reads a stream to its end.
func collect(t *testing.T, stream *openai.ChatCompletionStream) (text string, finish openai.FinishReason) {
	t.Helper()
	defer stream.Close()
	for {
		ev, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return text, finish
		}
		must(t, err)
		for _, c := range ev.Choices {
			text += c.Delta.Content
			if c.FinishReason != "" {
				finish = c.FinishReason
			}
		}
	}
}

// The walk a newcomer takes: ingest, serve, ask; then what the record says of it.
func TestAnswersAreCheckedAgainstTheIngestedDocuments(t *testing.T) {
	s := start(t, 0)
	c := s.client(clientKey)

	good, err := c.CreateChatCompletion(t.Context(), ask("say right", 1))
	must(t, err)
	if got := good.Choices[0]; got.Message.Content != right || got.FinishReason != "stop" {
		t.Errorf("right: %+v", got)
	}
	bad, err := c.CreateChatCompletion(t.Context(), ask("say wrong", 1))
	must(t, err)
	if got := bad.Choices[0]; got.Message.Content != withheld || got.FinishReason != "content_filter" {
		t.Errorf("wrong: %+v", got)
	}
	two, err := c.CreateChatCompletion(t.Context(), ask("say two", 2))
	must(t, err)
	if two.Choices[0].FinishReason == "content_filter" || two.Choices[1].FinishReason != "content_filter" || strings.Contains(two.Choices[1].Message.Content, "€9") {
		t.Errorf("two: %+v", two.Choices)
	}
	stream, err := c.CreateChatCompletionStream(t.Context(), ask("say mixed", 1))
	must(t, err)
	text, finish := collect(t, stream)
	if finish != "content_filter" || strings.Contains(text, "€9") || !strings.HasPrefix(text, "Returns are accepted for 30 days.") {
		t.Errorf("mixed, streamed: %q, %s", text, finish)
	}
	if n := s.calls.Load(); n != 4 {
		t.Errorf("the upstream was called %d times for 4 requests", n)
	}

	if code := s.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit status %d\n%s", code, s.logs)
	}
	entries := s.entries(t)
	if len(entries) != 4 {
		t.Fatalf("%d entries", len(entries))
	}
	for i, want := range []audit.Outcome{audit.Blocked, audit.Blocked, audit.Blocked, audit.Pass} { // newest first
		if entries[i].Outcome != want || entries[i].App != "tests" || entries[i].Route != "default" || entries[i].Upstream != "fake" {
			t.Errorf("entry %d: %+v", i, entries[i])
		}
	}
	sentence := entries[2].Choices[0].Sentences[0]
	if sentence.Verdict != "contradicted" || len(sentence.Evidence) == 0 || !strings.Contains(sentence.Evidence[0].Quote, "costs €4") {
		t.Errorf("wrong: %+v", sentence)
	}
}

// An allowed answer leaves byte for byte as the upstream sent it.
func TestAllowedAnswersAreUntouched(t *testing.T) {
	s := start(t, 0)
	for _, stream := range []bool{false, true} {
		body := fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"user","content":"say right"}]}`, demo.Name, stream)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.upstream+"/v1/chat/completions", strings.NewReader(body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+upstreamKey)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		direct, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		through, got := s.post(t, body)
		if through.Header.Get("X-Guard-Verdict") == "" || through.Header.Get("X-Guard-Request-Id") == "" {
			t.Errorf("headers: %v", through.Header)
		}
		if a, b := varying.ReplaceAllString(string(direct), "#"), varying.ReplaceAllString(string(got), "#"); a != b {
			t.Errorf("stream %t:\nupstream: %s\nclient:   %s", stream, a, b)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := start(t, 0)
	var api *openai.APIError
	if _, err := s.client("sk-nobody").CreateChatCompletion(t.Context(), ask("say right", 1)); !errors.As(err, &api) || api.HTTPStatusCode != 401 {
		t.Errorf("unknown key: %v", err)
	}
	unknown := ask("say right", 1)
	unknown.Model = "gpt-none"
	if _, err := s.client(clientKey).CreateChatCompletion(t.Context(), unknown); !errors.As(err, &api) || api.HTTPStatusCode != 404 || api.Code != "model_not_found" {
		t.Errorf("unknown model: %v", err)
	}
	strict := ask("say wrong", 1)
	strict.Model = "strict"
	if _, err := s.client(clientKey).CreateChatCompletion(t.Context(), strict); !errors.As(err, &api) || api.HTTPStatusCode != 400 || api.Code != "content_filter" {
		t.Errorf("blocked by error: %v", err)
	}
	if n := s.calls.Load(); n != 1 {
		t.Errorf("the upstream was called %d times", n)
	}
}

// A crash loses at most what was not flushed: 100 ms by default.
func TestKilledProcessKeepsItsRecord(t *testing.T) {
	s := start(t, 0)
	const asked = 20
	var wg sync.WaitGroup
	for range asked {
		wg.Go(func() { s.client(clientKey).CreateChatCompletion(t.Context(), ask("say right", 1)) })
	}
	wg.Wait()
	time.Sleep(time.Second) // ten times the flush interval
	s.stop(t, syscall.SIGKILL)
	if n := len(s.entries(t)); n != asked {
		t.Errorf("%d of %d entries survived", n, asked)
	}
	s.serve(t) // and the files are still good
	if _, err := s.client(clientKey).CreateChatCompletion(t.Context(), ask("say right", 1)); err != nil {
		t.Error("after the crash:", err)
	}
	s.stop(t, syscall.SIGTERM)
	if n := len(s.entries(t)); n != asked+1 {
		t.Errorf("%d entries after a restart", n)
	}
}

func TestStreamsEndBeforeTheProcessDoes(t *testing.T) {
	s := start(t, 50*time.Millisecond)
	stream, err := s.client(clientKey).CreateChatCompletionStream(t.Context(), ask("say right", 1))
	must(t, err)
	first, err := stream.Recv()
	must(t, err)
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	rest, finish := collect(t, stream)
	if text := first.Choices[0].Delta.Content + rest; text != right || finish != "stop" {
		t.Errorf("cut off: %q, %s", text, finish)
	}
	<-s.exited
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d\n%s", code, s.logs)
	}
	if n := len(s.entries(t)); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestSecretsAndContentStayOutOfLogs(t *testing.T) {
	s := start(t, 0)
	for _, q := range []string{"say right", "say wrong", "say mixed"} {
		resp, body := s.post(t, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, demo.Name, q))
		if out := fmt.Sprint(resp.Header) + string(body); strings.Contains(out, upstreamKey) || strings.Contains(out, clientKey) {
			t.Errorf("a key reached the client: %s", out)
		}
	}
	s.post(t, `{"model":`)
	s.stop(t, syscall.SIGTERM)
	logs := s.logs.String()
	for _, secret := range []string{upstreamKey, clientKey, "wrapping", "say wrong", withheld} {
		if strings.Contains(logs, secret) {
			t.Errorf("the logs hold %q:\n%s", secret, logs)
		}
	}
	for line := range strings.Lines(logs) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a log line is not JSON: %s", line)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	s := start(t, 0)
	out, code := s.run(t, "", "serve", "-config", s.config)
	if address := strings.TrimPrefix(s.url, "http://"); code != 1 || !strings.Contains(out, address+" is in use by another program") {
		t.Errorf("exit status %d: %s", code, out)
	}
}

// Stores opened and policies prepared, it is ready within a second on an idle
// core; the bound leaves room for busy ones.
func TestColdStart(t *testing.T) {
	s := start(t, 0)
	s.stop(t, syscall.SIGTERM)
	begin := time.Now()
	s.serve(t)
	took := time.Since(begin)
	t.Logf("ready after %s", took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("ready only after %s", took)
	}
}

func TestCheckTellsItsOutcomeByExitStatus(t *testing.T) {
	s := start(t, 0)
	store := []string{"check", "-store", s.path("groundtruth.db")}
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		shows       string
	}{
		{"supported", "", []string{"-answer", right}, 0, "ALLOWED"},
		{"contradicted", "", []string{"-answer", wrong}, 3, "BLOCKED"},
		{"not covered", "", []string{"-answer", "The office dog is called Bruno."}, 2, "FLAGGED"},
		{"from a file", "", []string{"-answer", "@" + s.path("handbook.md")}, 0, "supported"},
		{"from standard input", wrong, []string{"-answer", "-"}, 3, "costs €4"},
		{"as JSON", `{"question":"How long?","context":["The trial lasts 14 days."],"answer":"The trial lasts 90 days."}`, nil, 3, "14 days"},
		{"own context", "", []string{"-context", "The trial lasts 14 days.", "-answer", "The trial lasts 14 days."}, 0, "caller:context"},
		{"no answer", `{"question":"How long?"}`, nil, 64, "no answer"},
		{"unknown field", `{"anwser":"x"}`, nil, 64, "anwser"},
		{"unknown option", "", []string{"-anwser", "x"}, 64, "anwser"},
		{"no such file", "", []string{"-answer", "@nothing.txt"}, 64, "nothing.txt"},
		{"no such route", "", []string{"-route", "fast", "-answer", "x"}, 1, `"fast"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := s.run(t, c.stdin, append(store, c.args...)...)
			if code != c.code || !strings.Contains(out, c.shows) {
				t.Errorf("exit status %d, want %d; output, want %q in it:\n%s", code, c.code, c.shows, out)
			}
			if strings.Contains(out, "\x1b[") {
				t.Error("colours although this is no terminal")
			}
		})
	}
	out, code := s.run(t, "", append(store, "-o", "json", "-answer", wrong)...)
	var r judge.Receipt
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 3 || r.Action != "block" || r.Sentences[0].Verdict != "contradicted" || r.Sentences[0].Evidence[0].Quote == "" {
		t.Errorf("exit status %d, %v: %s", code, err, out)
	}
}
