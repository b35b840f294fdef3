package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"touchstone/guards"
	"touchstone/policies"
)

// privateGuard finds pins, in prompts and in answers. FAULT makes it fail.
type privateGuard struct{}

var pin = regexp.MustCompile(`pin-[a-z0-9]+`)

func (privateGuard) Name() string { return "private" }
func (privateGuard) Detects()     {}

func (privateGuard) Check(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for _, c := range ex.Claims {
		for _, at := range pin.FindAllStringIndex(c.Text, -1) {
			out = append(out, guards.Finding{Claim: c, Category: "pin", Score: 1, Start: c.Start + at[0], End: c.Start + at[1]})
		}
	}
	return out, nil
}

func (privateGuard) CheckPrompt(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for i, m := range ex.Prompt {
		if strings.Contains(m.Text, "FAULT") {
			return nil, errors.New("no rules")
		}
		for _, at := range pin.FindAllStringIndex(m.Text, -1) {
			out = append(out, guards.Finding{Side: guards.InPrompt, Message: i, Category: "pin", Score: 1, Start: at[0], End: at[1]})
		}
	}
	return out, nil
}

// privatePolicy does with pins what its name says: "block" prompts with them, "mask"
// them everywhere, put "token"s in the prompt and restore them, "flag".
type privatePolicy string

func (privatePolicy) Revision() string { return "private-1" }

func (p privatePolicy) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow}
	prompt := in.Phase == policies.PromptPhase
	if len(in.Findings) == 0 || p == "block" && !prompt || p == "token" && !prompt {
		return d, nil
	}
	d.Action = policies.Action(p)
	rule := policies.Rule{ID: "test.private"}
	if p == "mask" || p == "token" {
		d.Action = policies.Redact
		for _, f := range in.Findings {
			m := policies.Mask{Side: f.Side, Message: f.Message, Start: f.Start, End: f.End, With: "[pin]"}
			if p == "token" {
				m.With, m.Restore = "<PIN_{n}>", true
			}
			rule.Mask = append(rule.Mask, m)
		}
	}
	rule.Action = d.Action
	d.Rules = []policies.Rule{rule}
	return d, nil
}

// What stands for private values is restored in tool calls too, where it is inside
// JSON inside a string, and a stand-in may fall between two events.
func TestToolCallsAreRestored(t *testing.T) {
	sc := scenario{}
	sc.Route.Policy = "private-token"
	sc.Request.Body = `{"model":"m","stream":true,"messages":[{"role":"user","content":"Set pin-a1 and pin-b2."}]}`
	chunk := func(delta, finish string) string {
		return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + "}]}\n\n"
	}
	call := func(args string) string {
		q, _ := json.Marshal(args)
		return chunk(`{"tool_calls":[{"index":1,"function":{"arguments":`+string(q)+`}}]}`, "null")
	}
	body := chunk(`{"role":"assistant","tool_calls":[{"index":1,"id":"t","type":"function","function":{"name":"set","arguments":""}}]}`, "null") +
		call(`{"pins":["<PI`) + call(`N_1>","<PIN_`) + call(`2>","<PIN_9>"]}`) + chunk(`{"content":"<PIN_1"}`, "null") + chunk(`{}`, `"tool_calls"`) + "data: [DONE]\n\n"
	up := newFakeUpstream(t, sc, []byte(body), true, 0)
	srv := startServer(t, sc, up.url)
	reply := post(t, srv.url, sc.Request.Body)
	var args, content strings.Builder
	for event := range strings.SplitSeq(reply, "\n\n") {
		data := strings.TrimPrefix(event, "data: ")
		args.WriteString(gjson.Get(data, "choices.0.delta.tool_calls.0.function.arguments").String())
		content.WriteString(gjson.Get(data, "choices.0.delta.content").String())
	}
	if args.String() != `{"pins":["pin-a1","pin-b2","<PIN_9>"]}` || content.String() != "<PIN_1" {
		t.Errorf("arguments %s, content %q in\n%s", args.String(), content.String(), reply)
	}
	if asked := up.requests(); len(asked) != 1 || !strings.Contains(asked[0], `Set <PIN_1> and <PIN_2>.`) {
		t.Errorf("the upstream got %s", asked)
	}
}

// post sends a chat completion request and gives the reply.
func post(t *testing.T, url, body string) string {
	t.Helper()
	resp, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(reply)
}
