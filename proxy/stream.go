package proxy

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// checked is the body of a stream that is judged on its way: each Read gives
// what has become free to leave, on the connection's own goroutine, so that a
// slow client holds the upstream back and nothing piles up in between.
type checked struct {
	x       *exchange
	rep     *reply
	wait    patience
	events  *sseReader
	restore *restorer // nil when nothing is to be restored
	gate    *gate
	err     *apiError // how the upstream failed
	denied  *apiError // a block told as an error
}

// stream answers with the checked form of an upstream's stream. The header waits
// for the first ruling, so that a block at the first sentence, or an upstream
// that fails before it, looks as in an answer that is not streamed.
func (x *exchange) stream(c *fiber.Ctx, rep *reply) (streaming bool, err error) {
	x.entry.Stream = true
	limit := x.s.opt.AnswerLimit
	plain, err := rep.plain()
	if err != nil {
		rep.Close()
		return false, upstreamError(502, "upstream_bad_answer", x.route.upstream.Name, "sent an answer that cannot be inspected", err)
	}
	b := &checked{x: x, rep: rep, wait: patience{conn: c.Context().Conn()}, events: newSSEReader(plain, limit), restore: x.restorer()}
	b.gate = &gate{
		ctx: x.ctx, shadow: x.entry.Shadow, message: x.route.BlockMessage, asError: x.blockError,
		limit: limit, n: x.req.n, deny: b.deny, note: b.note,
		open: func(choice int) *judge.Case {
			k := x.open(choice)
			x.cases = append(x.cases, k)
			return k
		},
	}
	for len(b.gate.out) == 0 && !b.gate.ended {
		b.step()
	}
	if b.err != nil {
		b.end()
		rep.Close()
		return false, b.err
	}
	receipts := x.receipts()
	action, outcome, _, _ := ruling(receipts, x.entry.Shadow)
	copyHeader(c, rep.Header)
	if b.denied != nil {
		b.end()
		rep.Close()
		x.mark(c, outcome, action, rulesOf(receipts))
		return false, b.denied
	}
	if !b.gate.ruled {
		outcome = audit.Unchecked // what is known now; the entry will know better
	}
	if b.gate.over {
		outcome = audit.Blocked
	}
	x.mark(c, outcome, action, rulesOf(receipts))
	x.entry.Latency.FirstSentence = ms(time.Since(x.start))
	for _, r := range receipts {
		x.judged += time.Duration(r.Ms * float64(time.Millisecond))
	}
	c.Response().SetStatusCode(rep.StatusCode)
	c.Response().SetBodyStream(b, -1)
	return true, nil
}

// step reads one event and has it ruled on.
func (b *checked) step() {
	ev, err := b.events.next()
	if b.x.first == 0 {
		b.x.first = time.Since(b.x.start)
	}
	name := b.x.route.upstream.Name
	switch {
	case err == nil:
		for _, ev := range b.restore.event(ev) {
			if err == nil {
				err = b.gate.push(ev)
			}
		}
		b.x.withheld = max(b.x.withheld, b.gate.unruled())
		if err != nil && b.x.ctx.Err() == nil && !errors.Is(err, errAnswerTooLarge) {
			err = upstreamError(502, "upstream_bad_stream", name, "sent a stream that cannot be read", err)
		}
	case err == io.EOF:
		err = nil
		for _, ev := range b.restore.flush(-1) {
			err = errors.Join(err, b.gate.push(ev))
		}
		if err == nil {
			err = b.gate.close()
		}
	}
	if err != nil {
		b.err = classify(b.x.ctx, name, err)
		b.gate.fail(b.err)
	}
}

// Read gives what may leave.
func (b *checked) Read(p []byte) (int, error) {
	for len(b.gate.out) == 0 {
		if b.gate.ended {
			return 0, io.EOF
		}
		if err := b.x.s.safely(b.x.entry.Path, func() error { b.step(); return nil }); err != nil {
			b.err = classify(b.x.ctx, b.x.route.upstream.Name, err)
			b.gate.fail(b.err)
		}
	}
	n := copy(p, b.gate.out)
	b.gate.out = b.gate.out[n:]
	if len(b.gate.out) == 0 {
		b.gate.out = nil
	}
	b.wait.extend()
	return n, nil
}

// CloseWithError ends the exchange; fasthttp calls it when the reply is out, or
// with the reason why it could not be written.
func (b *checked) CloseWithError(wErr error) error {
	if wErr != nil || !b.gate.ended {
		b.x.cancel(errClientGone)
	}
	b.end()
	if b.err != nil {
		b.x.failed(b.err)
		b.x.entry.Status = b.rep.StatusCode // the header had gone
	}
	b.rep.Close()
	b.x.finish()
	return nil
}

// end writes what became of the stream into the record.
func (b *checked) end() {
	x := b.x
	x.upstream = b.rep.waited
	x.entry.Answers = nil
	var left []string
	for _, c := range b.gate.choices {
		x.entry.Answers = append(x.entry.Answers, c.answer.String())
		left = append(left, c.left(b.gate.message))
	}
	x.sent(left)
	receipts := x.receipts()
	x.settle(receipts)
	switch {
	case b.gate.over:
		x.entry.Outcome, x.entry.Reason, x.word = audit.Blocked, "the answer is over limits.answer", "answer_too_large"
	case b.gate.failed:
		x.failure = "in_stream"
		x.unchecked("upstream_error", "the upstream reported an error in the stream")
	case len(b.gate.choices) == 0:
		x.unchecked("no_choices", "the answer has no choices")
	}
}

// deny is the error that a block is told as.
func (b *checked) deny(*gate) *apiError {
	var guard []byte
	if b.x.showsDetail(true) {
		guard = guardObject(b.x.receipts())
	}
	b.denied = blockedError(b.x.route.BlockMessage, guard)
	return b.denied
}

// note is the comment line with the receipt at the end of a stream, where it is
// wanted: asked for, or by default when the answer was not plainly passed.
func (b *checked) note(g *gate) []byte {
	receipts := b.x.receipts()
	action := actionOf(receipts)
	if !b.x.showsDetail(action != policies.Allow || g.over) {
		return nil
	}
	return fmt.Appendf(nil, ": guard %s\n\n", guardObject(receipts))
}

func actionOf(receipts []judge.Receipt) policies.Action {
	action, _, _, _ := ruling(receipts, false)
	return action
}
