package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// upstream is an Upstream ready to be called.
type upstream struct {
	Upstream
	base   *url.URL
	client *http.Transport // no http.Client: a proxy hands redirects on
}

// newTransport is one pool of connections for all upstreams.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       8 << 10,
		ReadBufferSize:        16 << 10,
		DisableCompression:    true, // bytes are passed on as they are

		MaxResponseHeaderBytes: 256 << 10,
	}
}

func newUpstream(u Upstream, transport *http.Transport) (*upstream, error) {
	base, err := parseBase(u.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("upstream %s: %w", u.Name, err)
	}
	if u.Timeout <= 0 {
		u.Timeout = DefaultTimeout
	}
	return &upstream{Upstream: u, base: base, client: transport}, nil
}

// reply is an upstream's answer. Its Read gives the body and fails with the
// cause when the upstream stays silent for longer than its timeout; the time
// between two reads does not count. Close ends the exchange on both sides.
type reply struct {
	*http.Response
	ctx    context.Context
	cancel context.CancelCauseFunc
	silent *time.Timer
	limit  time.Duration
	waited time.Duration // spent waiting for the upstream
}

// do sends a request and waits for the header of the answer. path is what
// follows the base URL, escaped, with its query. The context of the reply ends
// with cancel's cause.
func (u *upstream) do(ctx context.Context, cancel context.CancelCauseFunc, method, path string, header http.Header, body []byte) (*reply, error) {
	target := *u.base
	p, query, _ := strings.Cut(path, "?")
	decoded, err := url.PathUnescape(p)
	if err != nil {
		return nil, badRequest("", "The path is not well escaped.")
	}
	target.RawPath = u.base.EscapedPath() + p
	target.Path = u.base.Path + decoded
	target.RawQuery = query
	for name, value := range u.Headers {
		header.Set(name, value)
	}
	if u.APIKey != "" {
		header.Set("Authorization", "Bearer "+u.APIKey)
	}
	req := &http.Request{
		Method: method, URL: &target, Host: target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(body) > 0 {
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		// Lets the transport send again when a pooled connection turns out to be dead.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	rep := &reply{ctx: ctx, cancel: cancel, limit: u.Timeout}
	start := time.Now()
	rep.silent = time.AfterFunc(u.Timeout, func() { cancel(errUpstreamSilent) })
	rep.Response, err = u.client.RoundTrip(req.WithContext(ctx))
	rep.silent.Stop()
	rep.waited = time.Since(start)
	if err != nil {
		return nil, classify(ctx, u.Name, err)
	}
	return rep, nil
}

func (r *reply) Read(p []byte) (int, error) {
	start := time.Now()
	r.silent.Reset(r.limit)
	n, err := r.Body.Read(p)
	r.silent.Stop()
	r.waited += time.Since(start)
	return n, err
}

// Close lets go of the upstream: a body that was not read to its end is cut off.
func (r *reply) Close() error {
	r.silent.Stop()
	r.cancel(errNothingMoreDue)
	return r.Body.Close()
}

// plain gives the body without compression and says so in the header, so that
// it can be inspected.
func (r *reply) plain() (io.Reader, error) {
	switch enc := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))); enc {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
		r.Header.Del("Content-Encoding")
		r.ContentLength = -1
		return z, nil
	default:
		return nil, fmt.Errorf("the answer is encoded as %q, which cannot be inspected", enc)
	}
}

// readAll reads at most limit bytes.
func readAll(r io.Reader, sizeHint int64, limit int) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(max(sizeHint, 0)+bytes.MinRead, int64(limit)+bytes.MinRead)))
	if _, err := buf.ReadFrom(io.LimitReader(r, int64(limit)+1)); err != nil {
		return buf.Bytes(), err
	}
	if buf.Len() > limit {
		return nil, errAnswerTooLarge
	}
	return buf.Bytes(), nil
}

// hopByHop are headers of one connection; the proxy never hands them on.
var hopByHop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Content-Length": true, "Host": true,
}

// keptFromClient are what a pass-through does not hand to an upstream: the
// client's credentials for us, and words meant for us.
func keptFromClient(name string) bool {
	switch name {
	case "Authorization", "Cookie", "Api-Key", "X-Api-Key", "Expect":
		return true
	}
	return hopByHop[name] || strings.HasPrefix(name, "X-Guard-")
}

// allowedToUpstream are the headers that a checked request hands on.
func allowedToUpstream(name string) bool {
	switch name {
	case "Accept", "Content-Type", "User-Agent", "X-Request-Id", "X-Client-Request-Id", "Idempotency-Key",
		"Traceparent", "Tracestate", "Baggage":
		return true
	}
	return strings.HasPrefix(name, "Openai-") || strings.HasPrefix(name, "X-Stainless-")
}

// keptFromUpstream are the headers of an answer that do not reach the client.
// The x-guard- names are ours: an upstream must not be able to fake a verdict.
func keptFromUpstream(name string) bool {
	switch name {
	case "Set-Cookie", "Alt-Svc", "Strict-Transport-Security", "Server":
		return true
	}
	return hopByHop[name] || strings.HasPrefix(name, "X-Guard-")
}
