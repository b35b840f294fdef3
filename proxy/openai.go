package proxy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// part is what a message or delta says of one choice.
type part struct {
	at      int // position in the choices array
	choice  int // its "index"
	text    string
	finish  bool
	skipped []string // members that no guard looks at
	beside  asides   // texts that stand elsewhere in its entry
	ahead   bool     // its logprobs spell out another text than its own
}

// readChoices reads the choices of an answer (inner = "message") or of an event
// (inner = "delta"). ok is false when there is no choices array at all.
func readChoices(data []byte, inner string) (parts []part, ok bool, err error) {
	root := gjson.ParseBytes(data)
	if !root.IsObject() {
		return nil, false, fmt.Errorf("expected a JSON object, got %s", typeName(root))
	}
	var choices gjson.Result
	var loose asides
	failure := false
	err = eachMember(root, func(name string, value gjson.Result) error {
		switch {
		case name == "choices":
			choices = value
		case name == "error":
			failure = reported(value)
		case name == "object" && value.Str == "error": // as vLLM tells one
			failure = true
		case textual(name):
			return loose.add(name, value)
		}
		return nil
	})
	ok = choices.Exists() && choices.Type != gjson.Null
	if failure && !ok {
		return nil, false, nil
	}
	if err == nil {
		err = loose.repeat()
	}
	if err != nil || !ok {
		return nil, false, err
	}
	if !choices.IsArray() {
		return nil, false, fmt.Errorf("choices is %s, not an array", typeName(choices))
	}
	choices.ForEach(func(_, c gjson.Result) bool {
		p := part{at: len(parts), choice: len(parts)}
		if !c.IsObject() {
			err = fmt.Errorf("choices[%d] is %s, not an object", p.at, typeName(c))
			return false
		}
		var logprobs gjson.Result
		err = eachMember(c, func(name string, value gjson.Result) error {
			switch {
			case name == "index":
				if value.Type == gjson.Number {
					p.choice = int(value.Num)
				}
			case name == "finish_reason":
				p.finish = value.Type == gjson.String && value.Str != ""
			case name == "logprobs":
				logprobs = value
			case name == inner:
				return p.read(value)
			case textual(name):
				return p.beside.add(name, value)
			}
			return nil
		})
		if err == nil && (p.choice < 0 || p.choice >= maxChoices) {
			err = fmt.Errorf("its index is %d", p.choice)
		}
		if err != nil {
			err = fmt.Errorf("choices[%d]: %w", p.at, err)
		}
		told := spelt(logprobs)
		p.ahead = told != "" && told != p.text
		parts = append(parts, p)
		return err == nil
	})
	return parts, true, err
}

// spelt is the text that logprobs are of.
func spelt(logprobs gjson.Result) string {
	var b strings.Builder
	logprobs.Get("content").ForEach(func(_, token gjson.Result) bool {
		b.WriteString(token.Get("token").Str)
		return true
	})
	return b.String()
}

// maxChoices bounds what an upstream can make the proxy keep track of.
const maxChoices = 128

// read takes in a message or delta: its text, and the names of the rest.
func (p *part) read(message gjson.Result) error {
	if message.Type == gjson.Null {
		return nil
	}
	if !message.IsObject() {
		return fmt.Errorf("%s stands in place of an object", typeName(message))
	}
	return eachMember(message, func(name string, value gjson.Result) error {
		switch {
		case name == "role" || name == "name":
			return nil
		case name == "content":
			return p.readContent(value)
		case value.Type == gjson.Null || value.Raw == `""` || value.Raw == "[]" || value.Raw == "{}":
			return nil
		case textual(name):
			return p.beside.add(name, value)
		}
		switch name {
		case "tool_calls", "function_call":
			p.skip("tool_calls")
		case "reasoning", "reasoning_content", "reasoning_details", "thinking":
			p.skip("reasoning")
		case "refusal", "audio", "annotations":
			p.skip(name)
		default:
			p.skip("other") // not its name: that is a text from outside
		}
		return nil
	})
}

// readContent takes a string, or an array of parts as some upstreams send. What
// else a client might show as text is an error.
func (p *part) readContent(v gjson.Result) (err error) {
	switch {
	case v.Type == gjson.String:
		p.text = v.Str
	case v.IsArray():
		var b strings.Builder
		v.ForEach(func(_, item gjson.Result) bool {
			switch {
			case item.Type == gjson.String:
				b.WriteString(item.Str)
			case item.IsObject():
				err = p.readItem(item, &b)
			default:
				err = fmt.Errorf("%s stands among the parts of its content", typeName(item))
			}
			return err == nil
		})
		p.text = b.String()
	case v.Type != gjson.Null:
		err = fmt.Errorf("its content is %s", typeName(v))
	}
	return err
}

// readItem takes one part of a content.
func (p *part) readItem(item gjson.Result, text *strings.Builder) error {
	return eachMember(item, func(name string, value gjson.Result) error {
		switch {
		case name == "type" || blank(value):
		case name == "text" && value.Type == gjson.String:
			text.WriteString(value.Str)
		case textual(name):
			return fmt.Errorf("a part of its content has a %s that cannot be read", name)
		case name == "thinking":
			p.skip("reasoning")
		case name == "refusal" || name == "annotations":
			p.skip(name)
		default:
			p.skip("other")
		}
		return nil
	})
}

func (p *part) skip(name string) {
	for _, s := range p.skipped {
		if s == name {
			return
		}
	}
	p.skipped = append(p.skipped, name)
}

type refusalMessage struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

func refusal(text string) refusalMessage { return refusalMessage{Role: "assistant", Content: text} }

// withGuard adds the guard member at the end of a JSON object.
func withGuard(body []byte, guard json.RawMessage) []byte {
	i := len(body) - 1
	for i >= 0 && body[i] != '}' {
		i--
	}
	if i < 0 {
		return body
	}
	out := make([]byte, 0, len(body)+len(guard)+12)
	out = append(out, body[:i]...)
	out = append(out, `,"guard":`...)
	out = append(out, guard...)
	return append(out, body[i:]...)
}

// chunkTemplate makes chunks that look like an upstream's own.
type chunkTemplate struct{ head string } // members before choices, with their commas

// learn takes the members that name the answer from one of its chunks.
func (t *chunkTemplate) learn(data []byte) {
	if t.head != "" {
		return
	}
	root := gjson.ParseBytes(data)
	for _, name := range []string{"id", "object", "created", "model", "system_fingerprint", "service_tier"} {
		if v := root.Get(name); v.Type == gjson.String || v.Type == gjson.Number {
			t.head += fmt.Sprintf("%q:%s,", name, v.Raw)
		}
	}
}

// chunk is the event of one delta; finish "" is null.
func (t *chunkTemplate) chunk(choice int, delta any, finish string) []byte {
	d, err := json.Marshal(delta)
	if err != nil { // deltas are our own structs
		d = []byte("{}")
	}
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return fmt.Appendf(nil, "data: {%s\"choices\":[{\"index\":%d,\"delta\":%s,\"logprobs\":null,\"finish_reason\":%s}]}\n\n",
		t.head, choice, d, reason)
}
