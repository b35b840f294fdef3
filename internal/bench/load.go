package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

var errShort = errors.New("the answer is empty")

// load is what a closed loop of clients measured.
type load struct {
	requests int
	rps      float64
	p50, p99 time.Duration
	verdicts map[string]int // by the x-guard-verdict header
}

func requestBody(model string, n uint64, stream bool) []byte {
	return fmt.Appendf(nil, `{"model":%q,"messages":[{"role":"system","content":"Answer only from the handbook."},{"role":"user","content":"Request %d: what do I need to know about these products?"}],"temperature":0.2,"stream":%t}`, model, n, stream)
}

// drive sends requests from c clients for d, each waiting for its answer. It
// fails on the first answer that is not 200: a figure with errors in it is none.
func drive(base, model string, c int, d time.Duration, numbers *atomic.Uint64) (load, error) {
	client := &fasthttp.HostClient{
		Addr: strings.TrimPrefix(base, "http://"), MaxConns: c,
		ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, NoDefaultUserAgentHeader: true,
	}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	total := load{verdicts: map[string]int{}}
	start := time.Now()
	var group sync.WaitGroup
	for range c {
		group.Go(func() {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			req.SetRequestURI(base + "/v1/chat/completions")
			req.Header.SetMethod(fasthttp.MethodPost)
			req.Header.SetContentType("application/json")
			var took []time.Duration
			verdicts := map[string]int{}
			var err error
			for time.Since(start) < d && err == nil {
				req.SetBody(requestBody(model, numbers.Add(1), false))
				begin := time.Now()
				err = client.Do(req, resp)
				took = append(took, time.Since(begin))
				switch {
				case err != nil:
				case resp.StatusCode() != fasthttp.StatusOK:
					err = fmt.Errorf("status %d: %.300s", resp.StatusCode(), resp.Body())
				case len(resp.Body()) == 0:
					err = errShort
				}
				verdicts[string(resp.Header.Peek("x-guard-verdict"))]++
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			for k, n := range verdicts {
				total.verdicts[k] += n
			}
			if failed == nil {
				failed = err
			}
		})
	}
	group.Wait()
	total.requests = len(all)
	total.rps = float64(len(all)) / time.Since(start).Seconds()
	slices.Sort(all)
	total.p50, total.p99 = all[len(all)/2], all[len(all)*99/100]
	return total, failed
}

// lag is how long after the upstream had sent a sentence (or its first text) a
// stream's first text reached the client.
type lag struct {
	afterFirst, afterSentence []time.Duration
}

// streams reads n streams, one after another.
func streams(base, model string, n int, u *upstream, numbers *atomic.Uint64) (l lag, err error) {
	for range n {
		id := numbers.Add(1)
		at, err := firstText(base, model, id)
		if err != nil {
			return l, err
		}
		v, ok := u.marks.LoadAndDelete(id)
		if !ok {
			return l, errors.New("the stream had no second sentence")
		}
		m := v.(*mark)
		l.afterFirst = append(l.afterFirst, at.Sub(m.first))
		l.afterSentence = append(l.afterSentence, at.Sub(m.sentence))
	}
	slices.Sort(l.afterFirst)
	slices.Sort(l.afterSentence)
	return l, nil
}

// firstText reads one stream to its end and tells when its first text came.
func firstText(base, model string, id uint64) (at time.Time, err error) {
	resp, err := http.Post(base+"/v1/chat/completions", "application/json", bytes.NewReader(requestBody(model, id, true)))
	if err != nil {
		return at, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return at, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		if at.IsZero() && strings.Contains(line, `"content":"`) && !strings.Contains(line, `"content":""`) {
			at = time.Now()
		}
	}
	if at.IsZero() && lines.Err() == nil {
		return at, errShort
	}
	return at, lines.Err()
}
