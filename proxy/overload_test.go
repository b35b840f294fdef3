package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/proxy"
)

func sendTo(t *testing.T, url, body string) (status int, header http.Header, text string) {
	t.Helper()
	res, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

const wholeRequest = `{"model":"m","messages":[{"role":"user","content":"Fee?"}]}`

// More exchanges than there is room for are turned away at once and recorded, and
// there is room again when one has ended.
func TestTooManyExchangesAreTurnedAway(t *testing.T) {
	entered, goOn := make(chan struct{}, 8), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-goOn
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"The fee is 5 EUR."}}]}`)
	}))
	t.Cleanup(up.Close)
	srv := serve(t, proxy.Options{
		Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.URL + "/v1", Timeout: 10 * time.Second}},
		Routes:    []proxy.Route{{Name: "main", Models: []string{"*"}, Upstream: "up", Judge: scriptedJudge(t, "", "")}},
		Exchanges: 2,
	})
	type reply struct{ status int }
	replies := make(chan reply, 2)
	for range 2 {
		go func() {
			res, err := http.Post(srv.url+"/v1/chat/completions", "application/json", strings.NewReader(wholeRequest))
			if err != nil {
				replies <- reply{}
				return
			}
			res.Body.Close()
			replies <- reply{res.StatusCode}
		}()
	}
	<-entered
	<-entered
	status, header, text := sendTo(t, srv.url, wholeRequest)
	if status != 503 || header.Get("Retry-After") != "1" || !strings.Contains(text, `"code":"overloaded"`) {
		t.Errorf("got %d, Retry-After %q: %s", status, header.Get("Retry-After"), text)
	}
	close(goOn)
	for range 2 {
		if r := <-replies; r.status != 200 {
			t.Errorf("an exchange there was room for got %d", r.status)
		}
	}
	if status, _, text := sendTo(t, srv.url, wholeRequest); status != 200 {
		t.Errorf("afterwards: %d %s", status, text)
	}
	srv.stop(t)
	refused := 0
	for _, e := range srv.log.entries() {
		if e.Status == 503 && e.Outcome == audit.Unchecked && e.Reason == "overloaded" {
			refused++
		}
	}
	if refused != 1 || len(srv.log.entries()) != 4 {
		t.Errorf("%d of %d entries say overloaded, want 1 of 4", refused, len(srv.log.entries()))
	}
}

// A panic ends its own request, whole or streamed, and the proxy goes on.
func TestAPanicEndsOneRequest(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), `"stream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, chunk("The fee is 5 EUR. ")+chunk("It is due now.")+"data: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"The fee is 5 EUR."}}]}`)
	}))
	t.Cleanup(up.Close)
	broken := scriptedJudge(t, "", "")
	broken.Index = func() string { panic("secret-from-the-answer") }
	route := func(name string, j *judge.Judge) proxy.Route {
		return proxy.Route{Name: name, Models: []string{name}, Upstream: "up", Judge: j}
	}
	srv := serve(t, proxy.Options{
		Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.URL + "/v1", Timeout: 5 * time.Second}},
		Routes:    []proxy.Route{route("broken", broken), route("m", scriptedJudge(t, "", ""))},
	})
	for _, body := range []string{strings.Replace(wholeRequest, `"m"`, `"broken"`, 1), strings.Replace(streamRequest, `"m"`, `"broken"`, 1)} {
		if status, _, text := sendTo(t, srv.url, body); strings.Contains(text, "5 EUR") || !strings.Contains(text, `"code":"internal"`) || strings.Contains(text, "secret-from") {
			t.Errorf("%s: got %d %s", body, status, text)
		}
	}
	if status, _, text := sendTo(t, srv.url, wholeRequest); status != 200 || !strings.Contains(text, "5 EUR") {
		t.Errorf("the next request: %d %s", status, text)
	}
	srv.stop(t)
	if n := len(srv.log.entries()); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}
