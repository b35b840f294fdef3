package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// odd is an upstream's answer that says WRONG where some client would read it and
// a careless judge would not.
type odd struct {
	name, kind, body string
	status           int
}

func choice(member string) string { return `{"choices":[{"index":0,` + member + `}]}` }

func events(data ...string) string {
	return "data: " + strings.Join(append(data, "[DONE]"), "\n\ndata: ") + "\n\n"
}

var oddities = []odd{
	{name: "two deltas, the first is wrong", body: events(choice(`"delta":{"content":"The WRONG one."},"delta":{"content":"The fee is 5."}`))},
	{name: "two contents, one escaped", body: events(choice(`"delta":{"content":"The fee is 5.","\u0063ontent":"The WRONG one."}`))},
	{name: "a content as Go reads it", body: events(choice(`"delta":{"content":"The fee is 5.","Content":"The WRONG one."}`))},
	{name: "choices as Go reads them", body: events(`{"choiceſ":[{"index":0,"delta":{"content":"The WRONG one."}}]}`, choice(`"delta":{"content":"The fee is 5."}`))},
	{name: "choices twice", body: events(`{"choices":[],"choices":[{"index":0,"delta":{"content":"The WRONG one."}}]}`)},
	{name: "message in a stream", body: events(choice(`"delta":{"content":"The fee is 5."},"message":{"content":"The WRONG one."}`))},
	{name: "text beside the delta", body: events(choice(`"delta":{"content":"The fee is 5."},"text":"The WRONG one."`))},
	{name: "text in the delta", body: events(choice(`"delta":{"content":"The fee is 5.","text":"The WRONG one."}`))},
	{name: "text beside the choices", body: events(`{"output_text":"The WRONG one.","choices":[{"index":0,"delta":{"content":"The fee is 5."}}]}`)},
	{name: "an event of another API", body: events(choice(`"delta":{"content":"The fee is 5. "}`), `{"type":"content_block_delta","delta":{"text":"The WRONG one."}}`)},
	{name: "no error but choices", body: events(`{"error":false,"choices":[{"index":0,"delta":{"content":"The WRONG one."}}]}`)},
	{name: "an error and choices", body: events(`{"error":{"message":"busy"},"choices":[{"index":0,"delta":{"content":"The WRONG one."}}]}`)},
	{name: "logprobs ahead of their text", body: events(choice(`"delta":{"content":"The fee is 5. "}`),
		choice(`"delta":{"content":""},"logprobs":{"content":[{"token":"The WRONG one."}]}`), choice(`"delta":{"content":"The WRONG one."}`))},
	{name: "cut amid an event with more", body: events(`{"x":"WRONG","choices":[{"index":0,"delta":{"content":"The fee is 5. The WRONG one.","x":"WRONG"},"x":"WRONG","logprobs":{"content":[{"token":"The fee is 5. The WRONG one."}]}}]}`)},
	{name: "content as a list of strings", body: events(choice(`"delta":{"content":["The WRONG one."]}`))},
	{name: "content with two texts", body: events(choice(`"delta":{"content":[{"type":"text","text":"The fee is 5.","text":"The WRONG one."}]}`))},
	{name: "content with a text in depth", body: events(choice(`"delta":{"content":[{"type":"text","text":{"value":"The WRONG one."}}]}`))},
	{name: "content as an object", body: events(choice(`"delta":{"content":{"text":"The WRONG one."}}`))},
	{name: "a whole answer called a stream", body: choice(`"message":{"content":"The WRONG one."}`)},
	{name: "JSON lines among events", body: events(choice(`"delta":{"content":"The fee is 5. "}`)) + "\n" + choice(`"delta":{"content":"The WRONG one."}`) + "\n\n"},
	{name: "a line among events", body: choice(`"delta":{"content":"The WRONG one."}`) + "\n\n" + events(choice(`"delta":{"content":"The fee is 5. "}`))},
	{name: "a stream that is created", status: 201, body: events(choice(`"delta":{"content":"The WRONG one."}`))},

	{name: "two messages, the first is wrong", kind: "application/json", body: choice(`"message":{"content":"The WRONG one."},"message":{"content":"The fee is 5."}`)},
	{name: "a message as Go reads it", kind: "application/json", body: choice(`"message":{"content":"The fee is 5."},"Message":{"content":"The WRONG one."}`)},
	{name: "a delta in a whole answer", kind: "application/json", body: choice(`"message":{"content":"The fee is 5."},"delta":{"content":"The WRONG one."}`)},
	{name: "a text in a whole answer", kind: "application/json", body: choice(`"text":"The WRONG one."`)},
	{name: "an answer of another API", kind: "application/json", body: `{"output":[{"content":[{"type":"output_text","text":"The WRONG one."}]}]}`},
	{name: "a blocked answer with copies", kind: "application/json", body: `{"output_text":"","x":"WRONG","choices":[{"index":0,"x":"WRONG","message":{"content":"The WRONG one.","x":"WRONG"},` +
		`"logpr\u006fbs":{"content":[{"token":"The WRONG one."}]}}]}`},
	{name: "created", kind: "application/json", status: 201, body: choice(`"message":{"content":"The WRONG one."}`)},
	{name: "partial", kind: "application/json", status: 206, body: choice(`"message":{"content":"The WRONG one."}`)},
	{name: "elsewhere", kind: "application/json", status: 307, body: `"WRONG"`},
}

// ask sends a chat request to a server and returns all that comes back.
func ask(t *testing.T, s *server) (status int, said string) {
	t.Helper()
	rep, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"Fee?"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer rep.Body.Close()
	body, err := io.ReadAll(rep.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rep.StatusCode, fmt.Sprint(rep.Header) + string(body)
}

// TestNoTextLeavesBesideTheJudged answers in every way known to hide a text from a
// judge that reads JSON otherwise than the client does.
func TestNoTextLeavesBesideTheJudged(t *testing.T) {
	for _, tc := range oddities {
		t.Run(tc.name, func(t *testing.T) {
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				kind := tc.kind
				if kind == "" {
					kind = "text/event-stream"
				}
				w.Header().Set("Content-Type", kind)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(max(tc.status, 200))
				io.WriteString(w, tc.body)
			}))
			defer up.Close()
			status, said := ask(t, startServer(t, scenario{}, up.URL))
			if strings.Contains(said, "WRONG") {
				t.Errorf("it left, with status %d: %s", status, said)
			}
		})
	}
}

// TestHarmlessOdditiesLeaveAsTheyCame keeps the refusals above from refusing what
// real upstreams do.
func TestHarmlessOdditiesLeaveAsTheyCame(t *testing.T) {
	for name, body := range map[string]string{
		"the answer so far beside the delta": events(
			choice(`"message":{"role":"assistant","content":"The fee"},"delta":{"content":"The fee"}`),
			choice(`"message":{"role":"assistant","content":"The fee is 5."},"delta":{"content":" is 5."},"finish_reason":"stop"`)),
		"an empty text":            events(choice(`"delta":{"content":"The fee is 5."},"text":""`)),
		"logprobs of the text":     events(choice(`"delta":{"content":"The fee"},"logprobs":{"content":[{"token":"The"},{"token":" fee"}]}`), choice(`"delta":{"content":" is 5."},"logprobs":null`)),
		"a heartbeat":              events(`{"type":"ping","n":1}`, choice(`"delta":{"content":"The fee is 5."}`)),
		"a thinking part":          events(choice(`"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"The fee is 5."}]}`)),
		"unknown members":          events(`{"citations":["a"],"choices":[{"index":0,"delta":{"content":"The fee is 5.","x":{"y":1}},"stop_reason":null}]}`),
		"a blank behind the end":   strings.Replace(events(choice(`"delta":{"content":"The fee is 5."}`)), "[DONE]", "[DONE] ", 1),
		"an error of another form": events(choice(`"delta":{"content":"The fee is 5. "}`), `{"object":"error","message":"busy","code":400}`),
	} {
		t.Run(name, func(t *testing.T) {
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, body)
			}))
			defer up.Close()
			if status, said := ask(t, startServer(t, scenario{}, up.URL)); status != 200 || !strings.HasSuffix(said, body) {
				t.Errorf("got %d %s, want %s", status, said, body)
			}
		})
	}
}
