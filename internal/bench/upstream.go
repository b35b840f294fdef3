package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// upstream is a cheap stand-in for an OpenAI-compatible API. The number in a
// request's "Request N" chooses the answer, so that every answer is different
// and can be made again.
type upstream struct {
	corpus *corpus
	gap    time.Duration // between streamed chunks
	marks  sync.Map      // request number → *mark
	url    string
	server *fasthttp.Server
}

// mark is when the chunks that matter of one stream left.
type mark struct {
	first    time.Time // first text
	sentence time.Time // first text after the first sentence: only now is it known to be complete
}

func startUpstream(c *corpus, gap time.Duration) (*upstream, error) {
	u := &upstream{corpus: c, gap: gap}
	u.server = &fasthttp.Server{Handler: u.serve, NoDefaultServerHeader: true, NoDefaultDate: true}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the fake upstream: %w", err)
	}
	u.url = "http://" + ln.Addr().String()
	go u.server.Serve(ln) //nolint:errcheck // ends with the process
	return u, nil
}

func (u *upstream) serve(ctx *fasthttp.RequestCtx) {
	body := ctx.PostBody()
	n, ok := requestNumber(body)
	if !ok {
		ctx.Error(`{"error":{"message":"no request number"}}`, fasthttp.StatusBadRequest)
		return
	}
	answer := u.corpus.answer(n)
	if bytes.Contains(body, []byte(`"stream":true`)) {
		ctx.SetContentType("text/event-stream")
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) { u.stream(w, n, answer) })
		return
	}
	ctx.SetContentType("application/json")
	out := append(ctx.Response.Body(), `{"id":"chatcmpl-`...)
	out = strconv.AppendUint(out, n, 10)
	out = append(out, `","object":"chat.completion","created":1700000000,"model":"bench","system_fingerprint":"fp_bench","choices":[{"index":0,"message":{"role":"assistant","content":`...)
	out = strconv.AppendQuote(out, strings.Join(answer, " ")) // plain ASCII, where Go and JSON quote alike
	out = append(out, `,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":42,"completion_tokens":312,"total_tokens":354}}`...)
	ctx.SetBody(out)
}

// requestNumber finds N in "Request N".
func requestNumber(body []byte) (uint64, bool) {
	_, rest, ok := bytes.Cut(body, []byte("Request "))
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	return n, ok && err == nil
}

// stream sends an answer three words at a time.
func (u *upstream) stream(w *bufio.Writer, n uint64, answer []string) {
	m := &mark{}
	words := strings.SplitAfter(strings.Join(answer, " "), " ")
	first := len(answer[0])
	chunk := func(delta, finish string) error {
		fmt.Fprintf(w, `data: {"id":"chatcmpl-%d","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]}`+"\n\n", n, delta, finish)
		return w.Flush()
	}
	sent := 0
	for len(words) > 0 {
		k := min(3, len(words))
		text := strings.Join(words[:k], "")
		words = words[k:]
		sent += len(text)
		now := time.Now()
		if m.first.IsZero() {
			m.first = now
		}
		if m.sentence.IsZero() && sent > first+1 { // past the space behind it
			m.sentence = now
			u.marks.Store(n, m)
		}
		if chunk(`{"content":`+strconv.Quote(text)+`}`, "null") != nil {
			return
		}
		time.Sleep(u.gap)
	}
	if chunk("{}", `"stop"`) == nil {
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}
