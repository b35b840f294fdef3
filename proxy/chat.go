package proxy

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
	"touchstone/policies"
)

// chat is the whole life of a chat completion request: who asks, which route,
// the upstream's answer, its ruling, and what leaves.
func (s *Server) chat(c *fiber.Ctx) error {
	x := s.begin(c, "chat")
	streaming := false
	defer func() { // even when telling of a failure fails
		if !streaming {
			x.finish()
		}
	}()
	err := s.safely(x.entry.Path, func() (err error) {
		streaming, err = s.serveChat(c, x)
		return err
	})
	if err != nil {
		x.failed(err)
		if len(c.Response().Header.Peek("x-guard-verdict")) == 0 {
			x.mark(c, x.entry.Outcome, policies.Allow, nil)
		}
	}
	return err
}

// serveChat reports streaming when the reply is a body that is still to be read
// and will finish the exchange itself.
func (s *Server) serveChat(c *fiber.Ctx, x *exchange) (streaming bool, err error) {
	if err := x.identify(c); err != nil {
		return false, err
	}
	if enc := c.Request().Header.ContentEncoding(); len(enc) > 0 {
		return false, encodedRequest
	}
	body := append([]byte(nil), c.Request().Body()...)
	if x.req, err = parseChat(body); err != nil {
		return false, err
	}
	x.entry.Model, x.entry.Stream = x.req.model, x.req.stream
	if err := x.within("guard.scope", x.req.scope); err != nil {
		return false, err
	}
	route, err := s.routes.find(x.req.model, x.who)
	if err != nil {
		return false, err
	}
	x.take(route)
	x.obey()
	x.entry.Question = question(x.req)
	if err := x.declare("guard.group", x.req.groups); err != nil {
		return false, err
	}
	if route.Judge != nil {
		x.req.given = append(fromMessages(x.req.messages), x.req.given...)
	}
	outgoing, refused, err := x.screen()
	if err != nil {
		return false, err
	}
	if refused {
		return false, x.refuse(c)
	}
	rep, err := route.upstream.do(x.ctx, x.cancel, http.MethodPost, "/chat/completions", chatHeader(c), outgoing)
	if err != nil {
		return false, err
	}
	x.upstream = rep.waited
	switch {
	case rep.StatusCode < 200 || rep.StatusCode/100 == 3:
		// A client that followed would get its answer unchecked.
		rep.Close()
		return false, upstreamError(502, "upstream_redirect", route.upstream.Name, "answered "+metrics.Status(rep.StatusCode)+" instead of with an answer; its base_url may be wrong", nil)
	case rep.StatusCode/100 != 2 || rep.StatusCode == http.StatusNoContent:
		x.failure = metrics.Status(rep.StatusCode)
		x.unchecked("upstream_status", "the upstream answered "+metrics.Status(rep.StatusCode))
		x.relay(c, rep)
		return true, nil
	case route.Judge == nil:
		x.unchecked("pass_through", "the route has no guards")
		x.relay(c, rep)
		return true, nil
	case isEventStream(rep.Header):
		return x.stream(c, rep)
	}
	defer rep.Close()
	return false, x.whole(c, rep)
}

// whole judges an answer that came in one piece and writes what may leave.
func (x *exchange) whole(c *fiber.Ctx, rep *reply) error {
	name := x.route.upstream.Name
	plain, err := rep.plain()
	if err != nil {
		return upstreamError(502, "upstream_bad_answer", name, "sent an answer that cannot be inspected", err)
	}
	body, err := readAll(plain, rep.ContentLength, x.s.opt.AnswerLimit)
	x.upstream = rep.waited
	if err != nil {
		return classify(x.ctx, name, err)
	}
	if err := checkJSON(body); err != nil {
		return upstreamError(502, "upstream_bad_answer", name, "sent an answer that is not JSON", err)
	}
	body = x.restorer().whole(body)
	parts, ok, err := readChoices(body, "message")
	if err != nil {
		return upstreamError(502, "upstream_bad_answer", name, "sent an answer that is not a chat completion", err)
	}
	if !ok || len(parts) == 0 {
		x.unchecked("no_choices", "the answer has no choices")
		x.answer(c, rep, body, policies.Allow, nil)
		return nil
	}
	for _, p := range parts {
		if err := p.beside.repeat(p.text); err != nil {
			return upstreamError(502, "upstream_bad_answer", name, "sent an answer that is not a chat completion", err)
		}
	}
	rulings := x.judge(parts)
	if x.ctx.Err() != nil { // what a cancelled judge says is no ruling
		return classify(x.ctx, name, x.ctx.Err())
	}
	receipts := x.receipts()
	action := x.settle(receipts)
	if x.entry.Outcome == audit.Blocked && x.blockError {
		var guard []byte
		if x.showsDetail(true) {
			guard = guardObject(receipts)
		}
		x.sent(slices.Repeat([]string{x.route.BlockMessage}, len(parts)))
		x.entry.Latency.FirstSentence = ms(time.Since(x.start))
		x.entry.Status = 400
		copyHeader(c, rep.Header)
		x.mark(c, x.entry.Outcome, action, rulesOf(receipts))
		return blockedError(x.route.BlockMessage, guard)
	}
	if !x.entry.Shadow {
		if changes := changesOf(parts, rulings, x.route.BlockMessage); changes != nil {
			if body, err = amendChoices(body, "message", changes); err != nil {
				return upstreamError(502, "upstream_bad_answer", name, "sent an answer that cannot be changed", err)
			}
			left := slices.Clone(x.entry.Answers)
			for i, change := range changes {
				left[i] = change.text
			}
			x.sent(left)
		}
	}
	if x.showsDetail(x.entry.Outcome == audit.Blocked) {
		body = withGuard(body, guardObject(receipts))
	}
	x.answer(c, rep, body, action, rulesOf(receipts))
	return nil
}

// judge rules on every choice, at once where there are several.
func (x *exchange) judge(parts []part) []judge.Ruling {
	rulings := make([]judge.Ruling, len(parts))
	start := time.Now()
	var wg sync.WaitGroup
	for i, p := range parts {
		k := x.open(p.choice)
		for _, s := range p.skipped {
			k.Skip(s)
		}
		x.cases = append(x.cases, k)
		x.entry.Answers = append(x.entry.Answers, p.text)
		if len(parts) == 1 {
			rulings[i], _ = k.Add(x.ctx, p.text, true)
			break
		}
		wg.Go(func() { rulings[i], _ = k.Add(x.ctx, p.text, true) })
	}
	wg.Wait()
	x.judged += time.Since(start)
	return rulings
}

// changesOf is what rulings ask to change of an answer; nil for nothing.
func changesOf(parts []part, rulings []judge.Ruling, message string) map[int]amend {
	changes := map[int]amend{}
	for i, r := range rulings {
		if r.Decision.Action == policies.Block {
			changes[i] = amend{whole: true, text: message}
			continue
		}
		if len(r.Edits) > 0 {
			changes[i] = amend{text: judge.Apply(parts[i].text, r.Edits)}
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return changes
}

// answer writes a whole reply.
func (x *exchange) answer(c *fiber.Ctx, rep *reply, body []byte, action policies.Action, rules []policies.Rule) {
	copyHeader(c, rep.Header)
	x.mark(c, x.entry.Outcome, action, rules)
	x.entry.Status = rep.StatusCode
	c.Response().SetStatusCode(rep.StatusCode)
	c.Response().SetBodyRaw(body)
	x.entry.Latency.FirstSentence = ms(time.Since(x.start))
}

// relay passes an upstream's answer on as it comes, unread. The exchange ends
// with the body.
func (x *exchange) relay(c *fiber.Ctx, rep *reply) {
	copyHeader(c, rep.Header)
	x.mark(c, x.entry.Outcome, policies.Allow, nil)
	x.entry.Status = rep.StatusCode
	c.Response().SetStatusCode(rep.StatusCode)
	size := -1
	if rep.ContentLength >= 0 {
		size = int(rep.ContentLength)
	}
	c.Response().SetBodyStream(&passing{x: x, rep: rep, wait: patience{conn: c.Context().Conn()}}, size)
}

// question is the last user turn.
func question(r *chatRequest) string {
	for i := len(r.messages) - 1; i >= 0; i-- {
		if r.messages[i].Role == "user" {
			return r.messages[i].Text
		}
	}
	return ""
}

// chatHeader are the headers of a checked request for its upstream. It asks for
// no compression: the answer is going to be read.
func chatHeader(c *fiber.Ctx) http.Header {
	h := http.Header{}
	c.Request().Header.VisitAll(func(k, v []byte) {
		if name := http.CanonicalHeaderKey(string(k)); allowedToUpstream(name) {
			h.Add(name, string(v))
		}
	})
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "touchstone")
	}
	return h
}

// copyHeader hands an upstream's headers to the client.
func copyHeader(c *fiber.Ctx, from http.Header) {
	h := &c.Response().Header
	for name, values := range from {
		if keptFromUpstream(name) {
			continue
		}
		for i, v := range values {
			if i == 0 {
				h.Set(name, v)
			} else {
				h.Add(name, v)
			}
		}
	}
}

func isEventStream(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && strings.EqualFold(media, "text/event-stream")
}
