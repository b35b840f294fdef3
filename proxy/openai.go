package proxy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// part is what a message or delta says of one choice.
type part struct {
	at      int // position in the choices array
	choice  int // its "index"
	text    string
	finish  bool
	skipped []string // members that no guard looks at
}

// readChoices reads the choices of an answer (inner = "message") or of an event
// (inner = "delta"). ok is false when there is no choices array at all.
func readChoices(data []byte, inner string) (parts []part, ok bool, err error) {
	root := gjson.ParseBytes(data)
	if !root.IsObject() {
		return nil, false, fmt.Errorf("expected a JSON object, got %s", typeName(root))
	}
	var choices gjson.Result
	root.ForEach(func(key, value gjson.Result) bool {
		if key.Str == "choices" {
			if choices.Exists() {
				err = fmt.Errorf("choices is given twice")
			}
			choices = value
		}
		return err == nil
	})
	if err != nil || !choices.Exists() || choices.Type == gjson.Null {
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
		c.ForEach(func(key, value gjson.Result) bool {
			switch key.Str {
			case "index":
				if value.Type == gjson.Number {
					p.choice = int(value.Num)
				}
			case "finish_reason":
				p.finish = value.Type == gjson.String && value.Str != ""
			case inner:
				err = p.read(value)
			}
			return err == nil
		})
		if err == nil && (p.choice < 0 || p.choice >= maxChoices) {
			err = fmt.Errorf("choices[%d].index is %d", p.at, p.choice)
		}
		parts = append(parts, p)
		return err == nil
	})
	return parts, true, err
}

// maxChoices bounds what an upstream can make the proxy keep track of.
const maxChoices = 128

// read takes in a message or delta: its text, and the names of the rest.
func (p *part) read(message gjson.Result) error {
	if message.Type == gjson.Null {
		return nil
	}
	if !message.IsObject() {
		return fmt.Errorf("choices[%d] holds %s instead of an object", p.at, typeName(message))
	}
	seen := false
	var err error
	message.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "role", "name":
			return true
		case "content":
			if seen {
				err = fmt.Errorf("choices[%d] has two contents", p.at)
			}
			seen = true
			p.readContent(value)
			return err == nil
		}
		if value.Type == gjson.Null || value.Raw == `""` || value.Raw == "[]" || value.Raw == "{}" {
			return true
		}
		switch key.Str {
		case "tool_calls", "function_call":
			p.skip("tool_calls")
		case "reasoning", "reasoning_content", "reasoning_details", "thinking":
			p.skip("reasoning")
		case "refusal", "audio", "annotations":
			p.skip(key.Str)
		default:
			p.skip("other") // not its name: that is a text from outside
		}
		return true
	})
	return err
}

// readContent takes a string, or an array of parts as some upstreams send.
func (p *part) readContent(v gjson.Result) {
	switch {
	case v.Type == gjson.String:
		p.text = v.Str
	case v.IsArray():
		var b strings.Builder
		v.ForEach(func(_, item gjson.Result) bool {
			if t := item.Get("text"); t.Type == gjson.String {
				b.WriteString(t.Str)
			} else {
				p.skip("other")
			}
			return true
		})
		p.text = b.String()
	case v.Type != gjson.Null:
		p.skip("other")
	}
}

func (p *part) skip(name string) {
	for _, s := range p.skipped {
		if s == name {
			return
		}
	}
	p.skipped = append(p.skipped, name)
}

// amend is a change to one entry of a choices array.
type amend struct {
	drop     bool   // the entry goes
	text     string // its new content
	unfinish bool   // its finish_reason becomes null, for a later chunk to say
	whole    bool   // the message is replaced, not only its content, and finishes by content_filter
}

// amendChoices changes entries of a choices array, by position, and nothing
// else of data. It returns nil when no entry is left.
func amendChoices(data []byte, inner string, changes map[int]amend) ([]byte, error) {
	choices := gjson.GetBytes(data, "choices")
	var kept []string
	var err error
	i := -1
	choices.ForEach(func(_, c gjson.Result) bool {
		i++
		change, ok := changes[i]
		if !ok {
			kept = append(kept, c.Raw)
			return true
		}
		if change.drop {
			return true
		}
		raw := c.Raw
		set := func(path string, value any) {
			if err == nil {
				raw, err = sjson.Set(raw, path, value)
			}
		}
		if change.whole {
			var message []byte
			if message, err = json.Marshal(refusal(change.text)); err == nil {
				raw, err = sjson.SetRaw(raw, inner, string(message))
			}
			set("finish_reason", "content_filter")
		} else {
			set(inner+".content", change.text)
		}
		if change.unfinish {
			set("finish_reason", nil)
		}
		if c.Get("logprobs").Exists() { // they spell out the text that goes
			set("logprobs", nil)
		}
		kept = append(kept, raw)
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("changing a choice: %w", err)
	}
	if len(kept) == 0 {
		return nil, nil
	}
	out := make([]byte, 0, len(data))
	out = append(out, data[:choices.Index]...)
	out = append(out, '[')
	out = append(out, strings.Join(kept, ",")...)
	out = append(out, ']')
	return append(out, data[choices.Index+len(choices.Raw):]...), nil
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
