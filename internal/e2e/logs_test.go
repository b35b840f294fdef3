package e2e

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// An upstream that breaks HTTP must not get its words into the log through
// net/http, which quotes what it could not read.
func TestLogsQuoteNothingOfABrokenUpstream(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	replies := []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{} and SECRET words",
		"HTTP/1.1 200 OK\r\nset-cookie SECRET\r\n\r\n",
		"SECRET words\r\n\r\n",
	}
	go func() {
		for _, reply := range replies {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				io.Copy(io.Discard, req.Body)
			}
			io.WriteString(conn, reply)
			io.Copy(io.Discard, conn) // until the proxy hangs up
			conn.Close()
		}
	}()
	s := start(t, 0)
	s.stop(t, syscall.SIGTERM)
	config, err := os.ReadFile(s.config)
	must(t, err)
	must(t, os.WriteFile(s.config, []byte(strings.Replace(string(config), s.upstream, "http://"+ln.Addr().String(), 1)), 0o600))
	s.serve(t)
	for range replies {
		s.post(t, `{"model":"strict","messages":[{"role":"user","content":"x"}]}`)
	}
	s.stop(t, syscall.SIGTERM)
	if logs := s.logs.String(); strings.Contains(logs, "SECRET") || strings.Count(logs, "upstream_cut") != 2 {
		t.Errorf("the log has: %s", logs)
	}
}
