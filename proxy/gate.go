package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"touchstone/internal/judge"
	"touchstone/policies"
)

// gate holds the events of a stream back until every byte of answer in them has
// been ruled on, and lets them go in the order they came. Where all is allowed
// the bytes that leave are those that came. It does no I/O and belongs to one
// goroutine.
type gate struct {
	ctx     context.Context
	open    func(choice int) *judge.Case
	shadow  bool                    // rulings are recorded and not applied
	message string                  // instead of what is blocked
	asError bool                    // a block ends the stream with an error event instead
	limit   int                     // bytes of answer, and of events held
	n       int                     // choices asked for
	note    func(g *gate) []byte    // the receipt for the end of the stream, or nil
	deny    func(g *gate) *apiError // with asError: what a block is told as

	choices  []*gateChoice // in the order they appeared
	queue    []heldEvent
	heldSize int
	textSize int
	template chunkTemplate
	out      []byte // free to leave

	ruled   bool // a ruling is in
	opened  bool // something may leave: the first ruling is in, or there is nothing to rule on
	blocked bool
	over    bool // the limit was reached
	failed  bool // the upstream reported an error in mid-stream
	ended   bool // nothing more will leave but out
}

// gateChoice is one choice on its way through.
type gateChoice struct {
	index    int
	c        *judge.Case
	answer   strings.Builder // as the upstream sent it
	judged   int             // bytes ruled on
	edits    []judge.Edit    // ascending, within what has been judged
	cut      int             // where a block begins; -1 for none
	finished bool            // the last ruling is in
	ended    bool            // the upstream has said finish_reason
	sent     bool            // some of its text has left
}

type heldEvent struct {
	raw    []byte
	data   []byte
	name   string
	pieces []piece
}

// piece is the text that an event adds to a choice.
type piece struct {
	at         int // position in the event's choices
	choice     *gateChoice
	start, end int // in the choice's answer
	text       string
	finish     bool
	bare       bool // only its text may leave
}

// push takes the next event of the upstream and rules on what it completes. It
// fails on an event that cannot be understood: then nothing of it leaves.
func (g *gate) push(ev *sseEvent) error {
	if g.ended {
		return nil
	}
	held := heldEvent{raw: ev.raw, data: ev.data, name: ev.name}
	switch {
	case ev.odd: // a client that reads no events would read it all the same
		return errors.New("a line is not of an event stream")
	case ev.data == nil: // a comment
	case string(bytes.TrimSpace(ev.data)) == "[DONE]":
		if err := g.finish(); err != nil || g.ended {
			return err
		}
		g.finale()
		g.enqueue(held)
		g.drain()
		g.ended = true
		return nil
	default:
		if err := checkJSON(ev.data); err != nil {
			return fmt.Errorf("an event is not JSON: %w", err)
		}
		parts, ok, err := readChoices(ev.data, "delta")
		if e := gjson.GetBytes(ev.data, "error"); reported(e) {
			g.drain()
			if ok || err != nil { // what else it says was not judged
				ev.raw = frame("", fmt.Appendf(nil, `{"error":%s}`, e.Raw))
			}
			g.out = append(g.out, ev.raw...)
			g.queue, g.opened, g.failed, g.ended = nil, true, true, true
			return nil
		}
		if err != nil {
			return fmt.Errorf("an event is not a chunk: %w", err)
		}
		if ok {
			g.template.learn(ev.data)
			return g.pushParts(held, parts)
		}
	}
	g.enqueue(held)
	g.drain()
	if g.heldSize > g.limit {
		return errAnswerTooLarge
	}
	return nil
}

// pushParts takes an event that adds to choices.
func (g *gate) pushParts(held heldEvent, parts []part) error {
	for _, p := range parts {
		c := g.choice(p.choice)
		if c.ended && p.text != "" {
			return errTextAfterFinish
		}
		at := c.answer.Len()
		held.pieces = append(held.pieces, piece{at: p.at, choice: c, start: at, end: at + len(p.text), text: p.text, finish: p.finish, bare: p.ahead})
		c.ended = c.ended || p.finish
		if c.cut < 0 {
			c.answer.WriteString(p.text)
			g.textSize += len(p.text)
			for _, s := range p.skipped {
				c.c.Skip(s)
			}
			if err := p.beside.repeat(p.text, c.answer.String()); err != nil {
				return fmt.Errorf("choices[%d]: %w", p.at, err)
			}
		}
		if len(p.skipped) > 0 {
			g.opened = true // there may never be a sentence to wait for
		}
	}
	g.enqueue(held)
	if g.textSize > g.limit || g.heldSize > g.limit {
		g.over = true
		for _, c := range g.choices {
			if !c.finished {
				g.block(c, c.judged)
			}
		}
	} else {
		for i, p := range parts {
			c := held.pieces[i].choice
			if !g.ended && !c.finished && (p.text != "" || p.finish) {
				g.add(c, p.text, p.finish)
			}
		}
	}
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	g.drain()
	g.settle()
	return nil
}

func (g *gate) choice(index int) *gateChoice {
	for _, c := range g.choices {
		if c.index == index {
			return c
		}
	}
	c := &gateChoice{index: index, c: g.open(index), cut: -1}
	g.choices = append(g.choices, c)
	return c
}

func (g *gate) enqueue(h heldEvent) {
	g.heldSize += len(h.raw)
	g.queue = append(g.queue, h)
}

// add puts text to the judge and applies its ruling.
func (g *gate) add(c *gateChoice, text string, final bool) {
	ruling, ruled := c.c.Add(g.ctx, text, final)
	if !ruled || g.ctx.Err() != nil { // what a cancelled judge says is no ruling
		return
	}
	g.opened, g.ruled = true, true
	before := c.judged
	c.judged, c.finished = ruling.Judged, final
	if g.shadow {
		return
	}
	if ruling.Decision.Action == policies.Block {
		g.block(c, blockedFrom(ruling, before))
		return
	}
	c.edits = append(c.edits, ruling.Edits...)
}

// blockedFrom says up to where an answer with a block is fit to leave: the end
// of the last sentence before the first that a blocking rule names, or what had
// been ruled on before when a rule names none.
func blockedFrom(r judge.Ruling, before int) int {
	named := map[int]bool{}
	for _, rule := range r.Decision.Rules {
		if rule.Action != policies.Block || rule.Phase == policies.PromptPhase {
			continue
		}
		if len(rule.Sentences) == 0 {
			return before
		}
		for _, i := range rule.Sentences {
			named[i] = true
		}
	}
	at := before
	for _, s := range r.Sentences {
		if named[s.Claim.Index] {
			return at
		}
		at = s.Claim.End
	}
	return before
}

// block ends a choice: what was fit to leave stays queued, the rest is dropped,
// and the notice takes its place.
func (g *gate) block(c *gateChoice, from int) {
	if from > 0 { // blanks behind a sentence that leaves go with it, whatever the chunking
		rest := c.answer.String()[from:]
		from += len(rest) - len(strings.TrimLeft(rest, blanks))
	}
	c.cut, c.finished, g.blocked = from, true, true
	c.judged = max(c.judged, from)
	g.opened = true
	if g.asError {
		g.drain()
		g.queue = nil
		g.fail(g.deny(g))
		return
	}
	text := g.message
	if from > 0 || c.sent {
		text = "\n\n" + text
	}
	delta := struct {
		Role    string `json:"role,omitempty"`
		Content string `json:"content"`
	}{Content: text}
	if from == 0 && !c.sent {
		delta.Role = "assistant"
	}
	g.enqueue(heldEvent{raw: g.template.chunk(c.index, delta, "")})
	g.enqueue(heldEvent{raw: g.template.chunk(c.index, struct{}{}, "content_filter")})
}

// settle ends the stream once every choice is over and at least one was blocked
// with the upstream still at it: what it would go on to say is of no use. When
// the upstream has finished too, its usage and [DONE] are worth waiting for.
func (g *gate) settle() {
	if g.ended || !g.blocked || len(g.choices) < g.n {
		return
	}
	waiting := false
	for _, c := range g.choices {
		if !c.finished {
			return
		}
		waiting = waiting || !c.ended
	}
	if !waiting {
		return
	}
	g.finale()
	g.enqueue(heldEvent{raw: []byte("data: [DONE]\n\n")})
	g.drain()
	g.ended = true
}

// finale puts the receipt, where it is wanted, before the end of the stream.
func (g *gate) finale() {
	if b := g.note(g); b != nil {
		g.enqueue(heldEvent{raw: b})
	}
}

// finish rules on what is still open: the upstream has no more to say.
func (g *gate) finish() error {
	for _, c := range g.choices {
		if !c.finished && !g.ended {
			g.add(c, "", true)
		}
	}
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	g.opened = true
	g.drain()
	return nil
}

// close ends a stream that came to its end without [DONE].
func (g *gate) close() error {
	if g.ended {
		return nil
	}
	if err := g.finish(); err != nil || g.ended {
		return err
	}
	g.finale()
	if g.blocked {
		g.enqueue(heldEvent{raw: []byte("data: [DONE]\n\n")})
	}
	g.drain()
	g.ended = true
	return nil
}

// fail ends the stream with an error event, after what was fit to leave. The
// line starts exactly as go-openai expects it.
func (g *gate) fail(e *apiError) {
	if g.ended {
		return
	}
	g.queue, g.opened, g.ended = nil, true, true
	g.out = append(append(append(g.out, "data: "...), e.body()...), "\n\ndata: [DONE]\n\n"...)
}

// unruled is how many bytes of answer wait for a verdict.
func (g *gate) unruled() int {
	n := 0
	for _, c := range g.choices {
		if c.cut < 0 {
			n += c.answer.Len() - c.judged
		}
	}
	return n
}

// drain moves events that may leave to out.
func (g *gate) drain() {
	if !g.opened {
		return
	}
	for len(g.queue) > 0 {
		h := g.queue[0]
		for _, p := range h.pieces {
			if !p.choice.frees(p.end) {
				return
			}
		}
		g.out = append(g.out, h.shape()...)
		g.heldSize -= len(h.raw)
		g.queue[0] = heldEvent{}
		g.queue = g.queue[1:]
	}
}

// frees says whether the answer may leave up to end: as far as it was ruled on,
// and blanks behind that, which would otherwise hold a sentence back until the
// next is complete.
func (c *gateChoice) frees(end int) bool {
	return c.cut >= 0 || end <= c.judged || strings.TrimLeft(c.answer.String()[c.judged:end], blanks) == ""
}

const blanks = " \t\r\n"

// shape gives the bytes of an event as they may leave: its own, unless something
// in it was blocked or replaced.
func (h *heldEvent) shape() []byte {
	var changes map[int]amend
	for _, p := range h.pieces {
		c := p.choice
		change, changed := amend{}, p.bare
		if c.cut >= 0 {
			change.drop, change.unfinish = p.start >= c.cut, p.finish
			changed = change.drop || p.end > c.cut || p.finish
		}
		for _, e := range c.edits {
			changed = changed || (e.Start < p.end && e.End > p.start)
		}
		if !change.drop && p.end > p.start {
			c.sent = true
		}
		if changed {
			if changes == nil {
				changes = map[int]amend{}
			}
			change.text = c.shaped(p)
			changes[p.at] = change
		}
	}
	if changes == nil {
		return h.raw
	}
	data, err := amendChoices(h.data, "delta", changes)
	if err != nil || data == nil { // what cannot be changed safely does not leave
		return nil
	}
	return frame(h.name, data)
}

// shaped is the text of a piece after the edits and the cut of its choice.
func (c *gateChoice) shaped(p piece) string {
	var b strings.Builder
	at, end := p.start, p.end
	if c.cut >= 0 {
		end = min(end, c.cut)
	}
	for _, e := range c.edits {
		if e.End <= at || e.Start >= end {
			continue
		}
		if e.Start >= at {
			b.WriteString(p.text[at-p.start : e.Start-p.start])
			b.WriteString(e.Text)
		}
		at = min(e.End, end)
	}
	if at < end {
		b.WriteString(p.text[at-p.start : end-p.start])
	}
	return b.String()
}

// left is the choice's text as the client has it: what was ruled on, with its
// edits, and the notice where a block cut it.
func (c *gateChoice) left(message string) string {
	text := c.answer.String()
	if !c.finished {
		text = text[:min(c.judged, len(text))]
	}
	out := c.shaped(piece{end: len(text), text: text})
	switch {
	case c.cut < 0:
		return out
	case out == "":
		return message
	}
	return out + "\n\n" + message
}

// frame writes an event.
func frame(name string, data []byte) []byte {
	var b []byte
	if name != "" {
		b = fmt.Appendf(b, "event: %s\n", name)
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		b = fmt.Appendf(b, "data: %s\n", line)
	}
	return append(b, '\n')
}
