package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"touchstone/proxy"
)

// exchangeRaw sends bytes to a server and returns the reply with its body.
func exchangeRaw(t *testing.T, s *server, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	rep, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rep.Body.Close()
	b, err := io.ReadAll(rep.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rep.StatusCode, string(b)
}

func requestOf(method, path, header, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer shop-secret\r\nContent-Length: %d\r\n%s\r\n%s", method, path, len(body), header, body)
}

// TestPassThroughKeepsKeysToTheirRoutes hides the model of another route from the
// proxy in every way that an upstream might see through.
func TestPassThroughKeepsKeysToTheirRoutes(t *testing.T) {
	got := ""
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
	}))
	defer up.Close()
	s := serve(t, proxy.Options{
		Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.URL}},
		Routes:    []proxy.Route{{Name: "small", Models: []string{"small", "*"}, Upstream: "up"}, {Name: "big", Models: []string{"big"}, Upstream: "up"}},
		Keys:      []proxy.Key{{App: "shop", Secret: "shop-secret", Routes: []string{"small"}}},
	})
	for _, tc := range []struct{ header, body string }{
		{"", `{"model":"big"}`},
		{"Content-Type: application/JSON\r\n", `{"model":"big"}`},
		{"Content-Type: text/plain\r\n", ` {"model":"big"}`},
		{"Content-Type: application/json\r\n", `{"model":"small","model":"big"}`},
		{"Content-Type: application/json\r\n", `{"model":"small","mod\u0065l":"big"}`},
		{"Content-Type: application/json\r\n", `{"model":"small","Model":"big"}`},
		{"Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "\x1f\x8b"},
		{"Content-Type: Multipart/form-data; boundary=b\r\n", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nbig\r\n--b--\r\n"},
		{"Content-Type: multipart/form-data; boundary=b\r\n", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsmall\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nbig\r\n--b--\r\n"},
	} {
		if status, said := exchangeRaw(t, s, requestOf("POST", "/v1/responses", tc.header, tc.body)); status < 400 || got != "" {
			t.Errorf("%q %q: got %d %s, the upstream %q", tc.header, tc.body, status, said, got)
			got = ""
		}
	}
	form := "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsmall\r\n--b--\r\n"
	if status, said := exchangeRaw(t, s, requestOf("POST", "/v1/audio/transcriptions", "Content-Type: multipart/form-data; boundary=b\r\n", form)); status != 200 || got != form {
		t.Errorf("a form: got %d %s, the upstream %q", status, said, got)
	}
}

// TestPassThroughIsNoWayAround asks for an answer, and for what is outside the API,
// in spellings that an upstream may take for it.
func TestPassThroughIsNoWayAround(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"The WRONG one."}}],"seen":"`+r.Header.Get("Authorization")+`"}`)
	}))
	defer up.Close()
	s := startServer(t, scenario{}, up.URL)
	const body = `{"model":"m","messages":[{"role":"user","content":"Fee?"}]}`
	for _, path := range []string{
		`/v1/chat\completions`, "/v1/chat/completions;a=b", "/v1/chat;a/completions", "/v1/chat/completions%20", "/v1/chat/%2563ompletions", "/v1/chat%252fcompletions",
		"/v1/..;/chat", "/v1/%252e%252e/admin", "/v1/x%5c..%5c..%5cadmin", "/v1/%2e%2e%3b/admin",
	} {
		if status, said := exchangeRaw(t, s, requestOf("POST", path, "", body)); strings.Contains(said, "WRONG") {
			t.Errorf("POST %s: %d %s", path, status, said)
		}
	}
	for _, method := range []string{"PUT", "PATCH", "TRACE", "CONNECT"} {
		if status, said := exchangeRaw(t, s, requestOf(method, "/v1/chat/completions", "", body)); strings.Contains(said, "WRONG") {
			t.Errorf("%s: %d %s", method, status, said)
		}
	}
}

// TestBrokenRequestIsNotRepeated keeps a client's key out of a reply that whatever
// stands between may log.
func TestBrokenRequestIsNotRepeated(t *testing.T) {
	s := startServer(t, scenario{}, "http://127.0.0.1:1")
	for _, header := range []string{"Content-Length: -5\r\n", "No colon\r\n"} {
		status, said := exchangeRaw(t, s, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer shop-secret\r\n"+header+"\r\n{}")
		if status != 400 || strings.Contains(said, "shop-secret") {
			t.Errorf("%q: got %d %s", header, status, said)
		}
	}
}
