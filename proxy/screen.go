package proxy

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// screen has what came in read before anything is sent. It reports refused when
// nothing may be sent, and otherwise gives the body for the upstream: the client's
// own bytes, unless the policy masks parts of the prompt.
func (x *exchange) screen() (body []byte, refused bool, err error) {
	r := x.route
	if x.off != nil {
		return nil, true, nil
	}
	if r.Judge == nil {
		return x.req.forward(r.Model, nil), false, nil
	}
	x.screening = r.Judge.Screen(x.ctx, x.subject(0))
	if x.screening == nil {
		return x.req.forward(r.Model, nil), false, nil
	}
	if x.ctx.Err() != nil { // what a cancelled judge says is no ruling
		return nil, false, classify(x.ctx, r.upstream.Name, x.ctx.Err())
	}
	if x.entry.Shadow {
		return x.req.forward(r.Model, nil), false, nil
	}
	if x.screening.Decision.Action == policies.Block {
		return nil, true, nil
	}
	return x.req.forward(r.Model, x.screening.Edits), false, nil
}

// refuse answers a request that is not sent on, in the form of a blocked answer.
func (x *exchange) refuse(c *fiber.Ctx) error {
	receipts := x.receipts()
	action := x.settle(receipts)
	x.entry.Latency.FirstSentence = ms(time.Since(x.start))
	message := x.route.BlockMessage
	if x.off == nil {
		x.judged, message = x.screening.Took, x.route.PromptMessage
	}
	x.sent(slices.Repeat([]string{message}, x.req.n))
	x.mark(c, x.entry.Outcome, action, rulesOf(receipts))
	var guard json.RawMessage
	if x.showsDetail(true) {
		guard = guardObject(receipts)
	}
	if x.blockError {
		x.entry.Status = 400
		return blockedError(message, guard)
	}
	if x.req.stream {
		c.Response().Header.SetContentType("text/event-stream")
		c.Response().SetBodyRaw(x.refusalEvents(message, guard))
		return nil
	}
	body, err := x.refusalBody(message)
	if err != nil {
		return fmt.Errorf("writing a refusal: %w", err)
	}
	if guard != nil {
		body = withGuard(body, guard)
	}
	c.Response().Header.SetContentType("application/json")
	c.Response().SetBodyRaw(body)
	return nil
}

// switchedOff is the record of a request to a route that is switched to block.
func switchedOff(id string, sw *policies.Switch) judge.Receipt {
	return judge.Receipt{
		ID: id, Verdict: guards.NotMeasured, Action: policies.Block, Sentences: []judge.SentenceRecord{},
		Rules: []policies.Rule{{
			ID: "switch.block", Action: policies.Block, Title: "Route switched off", Severity: "critical", Principle: "safety", Owner: sw.By,
			Message:     "An operator has switched this route to block: nothing is sent, and every request is refused.",
			Remediation: "Put the switch of this route to off, on the Policies page or by touchstone policy switch.",
		}},
	}
}

// noUsage is what an upstream that was never asked has counted.
const noUsage = `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`

// refusalBody is a refusal as a chat completion.
func (x *exchange) refusalBody(message string) ([]byte, error) {
	type choice struct {
		Index    int            `json:"index"`
		Message  refusalMessage `json:"message"`
		Logprobs any            `json:"logprobs"`
		Finish   string         `json:"finish_reason"`
	}
	choices := make([]choice, x.req.n)
	for i := range choices {
		choices[i] = choice{Index: i, Message: refusal(message), Finish: "content_filter"}
	}
	return json.Marshal(struct {
		ID      string          `json:"id"`
		Object  string          `json:"object"`
		Created int64           `json:"created"`
		Model   string          `json:"model"`
		Choices []choice        `json:"choices"`
		Usage   json.RawMessage `json:"usage"`
	}{"chatcmpl-" + x.entry.ID, "chat.completion", x.start.Unix(), x.req.model, choices, json.RawMessage(noUsage)})
}

// refusalEvents is a refusal as a stream.
func (x *exchange) refusalEvents(message string, guard []byte) []byte {
	x.entry.Stream = true
	model, err := quoted(x.req.model)
	if err != nil { // a string always marshals
		model = `""`
	}
	t := chunkTemplate{head: fmt.Sprintf(`"id":"chatcmpl-%s","object":"chat.completion.chunk","created":%d,"model":%s,`, x.entry.ID, x.start.Unix(), model)}
	var out []byte
	for i := range x.req.n {
		out = append(out, t.chunk(i, refusal(message), "")...)
		out = append(out, t.chunk(i, struct{}{}, "content_filter")...)
	}
	if guard != nil {
		out = fmt.Appendf(out, ": guard %s\n\n", guard)
	}
	if x.req.includeUsage {
		out = fmt.Appendf(out, "data: {%s\"choices\":[],\"usage\":%s}\n\n", t.head, noUsage)
	}
	return append(out, "data: [DONE]\n\n"...)
}
