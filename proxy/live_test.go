package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sashabaranov/go-openai"
	"github.com/tidwall/gjson"

	"touchstone/internal/audit"
	"touchstone/proxy"
)

// upstreamFunc starts an upstream and a proxy in front of it.
func upstreamFunc(t *testing.T, sc scenario, h http.HandlerFunc) *server {
	t.Helper()
	up := httptest.NewServer(h)
	t.Cleanup(func() { up.CloseClientConnections(); up.Close() })
	return startServer(t, sc, up.URL+"/v1")
}

func chunk(text string) string {
	b, _ := json.Marshal(text)
	return fmt.Sprintf(`data: {"choices":[{"index":0,"delta":{"content":%s}}]}`+"\n\n", b)
}

func within(t *testing.T, d time.Duration, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("%s: not within %s", what, d)
	}
}

const streamRequest = `{"model":"m","stream":true,"messages":[{"role":"user","content":"Fee?"}]}`

func TestFirstSentenceDoesNotWaitForTheNext(t *testing.T) {
	goOn := make(chan struct{})
	srv := upstreamFunc(t, scenario{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, chunk("The fee is 5 EUR. ")+chunk("It is due now and"))
		w.(http.Flusher).Flush()
		select {
		case <-goOn:
		case <-r.Context().Done():
			return
		}
		io.WriteString(w, chunk(" not later.")+"data: [DONE]\n\n")
	})
	resp, err := http.Post(srv.url+"/v1/chat/completions", "application/json", strings.NewReader(streamRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	line, err := r.ReadString('\n')
	if err != nil || !strings.Contains(line, "The fee is 5 EUR.") {
		t.Fatalf("first line %q, %v", line, err)
	}
	close(goOn)
	rest, err := io.ReadAll(r)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
		t.Fatalf("rest %q, %v", rest, err)
	}
}

func TestPassThroughStreamsWithoutDelay(t *testing.T) {
	goOn := make(chan struct{})
	srv := upstreamFunc(t, scenario{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-goOn:
		case <-r.Context().Done():
			return
		}
		io.WriteString(w, "data: 2\n\n")
	})
	resp, err := http.Post(srv.url+"/v1/completions", "application/json", strings.NewReader(`{"model":"m"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Values("X-Two"); len(got) != 2 {
		t.Errorf("X-Two is %q", got)
	}
	b := make([]byte, 100)
	n, err := resp.Body.Read(b)
	if string(b[:n]) != "data: 1\n\n" {
		t.Fatalf("first read %q, %v", b[:n], err)
	}
	close(goOn)
	if rest, err := io.ReadAll(resp.Body); string(rest) != "data: 2\n\n" {
		t.Fatalf("rest %q, %v", rest, err)
	}
}

// TestClientGoneCancelsUpstream covers the three places where the proxy may be
// waiting: for the header of an answer, for its body, and for the next event.
func TestClientGoneCancelsUpstream(t *testing.T) {
	for name, start := range map[string]string{"before the header": "", "whole body": "{", "between sentences": chunk("The fee is 5 EUR. ") + chunk("It is due now. And")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, cancelled := make(chan struct{}), make(chan struct{})
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if strings.HasPrefix(start, "data") {
					w.Header().Set("Content-Type", "text/event-stream")
				}
				if start != "" {
					io.WriteString(w, start)
					w.(http.Flusher).Flush()
				}
				close(asked)
				<-r.Context().Done()
				close(cancelled)
			}))
			defer up.Close()
			srv := serve(t, proxy.Options{
				Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.URL, Timeout: time.Minute}},
				Routes:    []proxy.Route{{Name: "main", Models: []string{"*"}, Upstream: "up", Judge: scriptedJudge(t, "", "")}},
			})
			ctx, cancel := context.WithCancel(context.Background())
			req, _ := http.NewRequestWithContext(ctx, "POST", srv.url+"/v1/chat/completions", strings.NewReader(streamRequest))
			go func() {
				if resp, err := http.DefaultClient.Do(req); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}()
			within(t, 5*time.Second, "asking the upstream", asked)
			cancel()
			within(t, 5*time.Second, "cancelling the upstream", cancelled)
			srv.stop(t)
			if e := srv.log.entries(); len(e) != 1 || e[0].Status != 499 || e[0].Reason != "client_gone" || e[0].Outcome == audit.Blocked {
				t.Errorf("entries %+v, want one of status 499", e)
			}
		})
	}
}

func TestShutdownWaitsForRunningStreams(t *testing.T) {
	goOn, asked := make(chan struct{}), make(chan struct{})
	srv := upstreamFunc(t, scenario{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, chunk("The fee is 5 EUR. ")+chunk("It is due now. And"))
		w.(http.Flusher).Flush()
		close(asked)
		select {
		case <-goOn:
		case <-r.Context().Done():
			return
		}
		io.WriteString(w, chunk(" that is all.")+"data: [DONE]\n\n")
	})
	resp, err := http.Post(srv.url+"/v1/chat/completions", "application/json", strings.NewReader(streamRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-asked
	stopped := make(chan struct{})
	go func() { srv.stop(t); close(stopped) }()
	time.Sleep(50 * time.Millisecond)
	select {
	case <-stopped:
		t.Fatal("shutdown did not wait")
	default:
	}
	close(goOn)
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.HasSuffix(string(body), "[DONE]\n\n") {
		t.Fatalf("the stream ended with %q, %v", body, err)
	}
	within(t, 5*time.Second, "shutdown", stopped)
}

func TestShutdownCancelsWhatOutlivesItsDeadline(t *testing.T) {
	srv := upstreamFunc(t, scenario{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil { // never silent, never done
			io.WriteString(w, chunk("The fee is 5 EUR. "))
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	const streams = 8
	var clients sync.WaitGroup
	for range streams {
		resp, err := http.Post(srv.url+"/v1/chat/completions", "application/json", strings.NewReader(streamRequest))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		clients.Go(func() {
			body, err := io.ReadAll(resp.Body)
			if err != nil || !strings.Contains(string(body), "\ndata: {\"error\":{\"message\":\"The proxy is shutting down.\"") {
				t.Errorf("the stream ended with %q, %v", body[max(0, len(body)-300):], err)
			}
		})
	}
	srv.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		err := srv.s.Shutdown(ctx)
		if n := len(srv.log.entries()); n != streams || err == nil {
			t.Errorf("after Shutdown, %d of %d entries are in; error %v", n, streams, err)
		}
		<-srv.done
	})
	clients.Wait()
}

func TestModelsMergesRoutesAndUpstreams(t *testing.T) {
	asked := 0
	srv := upstreamFunc(t, scenario{}, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "Bearer upstream-secret" {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
		io.WriteString(w, `{"object":"list","data":[{"id":"big","object":"model","created":7,"owned_by":"them"},{"id":"m"}]}`)
	})
	for range 2 {
		resp, err := http.Get(srv.url + "/v1/models")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		var ids []string
		for _, m := range gjson.GetBytes(body, "data.#.id").Array() {
			ids = append(ids, m.String())
		}
		if got := strings.Join(ids, " "); got != "m big secret-model" {
			t.Errorf("models %q", got)
		}
	}
	if asked != 1 {
		t.Errorf("the upstream was asked %d times, want once a minute", asked)
	}
}

func TestCheckEndpoint(t *testing.T) {
	sc := scenario{}
	sc.Key.Secret = "shop-secret"
	srv := startServer(t, sc, "http://127.0.0.1:1")
	ask := func(key, body string) (int, gjson.Result) {
		req, _ := http.NewRequest("POST", srv.url+"/api/check", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, gjson.ParseBytes(b)
	}
	status, got := ask("shop-secret", `{"question":"Fee?","answer":"The WRONG fee is 4 EUR.","context":["Fees are 5 EUR."]}`)
	if status != 200 || got.Get("action").String() != "block" || got.Get("sentences.0.verdict").String() != "contradicted" {
		t.Errorf("got %d %s", status, got)
	}
	if got.Get("sentences.0.evidence").Exists() || got.Get("rules").Exists() {
		t.Errorf("a key without detail sees evidence or rules: %s", got)
	}
	if status, got := ask("shop-secret", `{"answer":"x","route":"private"}`); status != 404 || got.Get("error.code").String() != "route_not_found" {
		t.Errorf("route without guards: %d %s", status, got)
	}
	if status, got := ask("shop-secret", `{"question":"x"}`); status != 400 || got.Get("error.param").String() != "answer" {
		t.Errorf("no answer: %d %s", status, got)
	}
	if status, _ := ask("guess", `{"answer":"x"}`); status != 401 {
		t.Errorf("unknown key: %d", status)
	}
	srv.stop(t)
	if e := srv.log.entries(); len(e) != 3 || e[0].Kind != "check" || e[0].Outcome != audit.Blocked || e[0].Question != "Fee?" {
		t.Errorf("entries %+v", e)
	}
}

// TestGoOpenAI has the real client talk to the real server.
func TestGoOpenAI(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := gjson.GetBytes(body, "messages.0.content").String()
		if gjson.GetBytes(body, "stream").Bool() {
			w.Header().Set("Content-Type", "text/event-stream")
			// go-openai takes comments for parts of an error that follows.
			w.Write(bytes.ReplaceAll(stream([]string{text}, chunkings["tokens"]), []byte(": keep-alive\n\n"), nil))
			return
		}
		w.Write(completion([]string{text}))
	}
	client := func(sc scenario) *openai.Client {
		sc.Key.Secret = "shop-secret"
		cfg := openai.DefaultConfig("shop-secret")
		cfg.BaseURL = upstreamFunc(t, sc, answer).url + "/v1"
		return openai.NewClientWithConfig(cfg)
	}
	request := func(text string) openai.ChatCompletionRequest {
		return openai.ChatCompletionRequest{Model: "m", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: text}}}
	}
	ctx := context.Background()
	const good, bad, half = "The fee is 5 EUR.", "The WRONG fee is 4 EUR.", "The fee is 5 EUR. The WRONG fee is 4 EUR. And more."
	var byError, byMessage scenario
	byError.Route.OnBlock, byError.Route.BlockMessage = "error", "Withheld."
	byMessage.Route.BlockMessage = "Withheld."
	message, failing := client(byMessage), client(byError)

	for text, want := range map[string][2]string{good: {good, "stop"}, bad: {"Withheld.", "content_filter"}} {
		resp, err := message.CreateChatCompletion(ctx, request(text))
		if err != nil || resp.Choices[0].Message.Content != want[0] || string(resp.Choices[0].FinishReason) != want[1] || resp.Usage.TotalTokens != 21 {
			t.Errorf("%q: %+v, %v", text, resp, err)
		}
	}
	receive := func(c *openai.Client, text string) (content, finish string, err error) {
		s, err := c.CreateChatCompletionStream(ctx, request(text))
		if err != nil {
			return "", "", err
		}
		defer s.Close()
		for {
			part, err := s.Recv()
			if errors.Is(err, io.EOF) {
				return content, finish, nil
			}
			if err != nil {
				return content, finish, err
			}
			for _, c := range part.Choices {
				content += c.Delta.Content
				finish += string(c.FinishReason)
			}
		}
	}
	for text, want := range map[string][2]string{good: {good, "stop"}, bad: {"Withheld.", "content_filter"},
		half: {"The fee is 5 EUR. \n\nWithheld.", "content_filter"}} {
		if content, finish, err := receive(message, text); err != nil || content != want[0] || finish != want[1] {
			t.Errorf("stream of %q: %q %s %v", text, content, finish, err)
		}
	}
	var api *openai.APIError
	if _, err := failing.CreateChatCompletion(ctx, request(bad)); !errors.As(err, &api) || api.HTTPStatusCode != 400 || api.Code != "content_filter" {
		t.Errorf("block as error: %v", err)
	}
	if _, _, err := receive(failing, bad); !errors.As(err, &api) || api.HTTPStatusCode != 400 || api.Code != "content_filter" {
		t.Errorf("block as error at the start of a stream: %v", err)
	}
	api = nil
	if content, _, err := receive(failing, half); !strings.HasPrefix(content, "The fee is 5 EUR.") || strings.Contains(content, "WRONG fee is") || !errors.As(err, &api) || api.Message != "Withheld." {
		t.Errorf("block as error in mid-stream: %q, %v", content, err)
	}
	req := request(good)
	req.Model = "secret-model"
	cfg := openai.DefaultConfig("guess")
	cfg.BaseURL = upstreamFunc(t, byMessageWithKey(byMessage), answer).url + "/v1"
	if _, err := openai.NewClientWithConfig(cfg).CreateChatCompletion(ctx, req); !errors.As(err, &api) || api.HTTPStatusCode != 401 {
		t.Errorf("unknown key: %v", err)
	}
}

func byMessageWithKey(sc scenario) scenario {
	sc.Key.Secret = "shop-secret"
	return sc
}
