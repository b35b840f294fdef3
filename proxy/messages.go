package proxy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"touchstone/guards"
	"touchstone/internal/judge"
)

// textAt is a string of the body that a message's text is made of.
type textAt struct {
	span           // of the string, with its quotes
	start, end int // in the message's text
}

// parseMessages reads the prompt as plain text: what a message says, and for an
// assistant's what it called tools with.
func parseMessages(v gjson.Result) ([]guards.Message, [][]textAt, error) {
	if !v.IsArray() {
		if !v.Exists() {
			return nil, nil, badRequest("messages", "The field \"messages\" is missing.")
		}
		return nil, nil, wrongType("messages", "an array", v)
	}
	var out []guards.Message
	var texts [][]textAt
	var bad error
	v.ForEach(func(_, m gjson.Result) bool {
		at := fmt.Sprintf("messages[%d]", len(out))
		if !m.IsObject() {
			bad = wrongType(at, "an object", m)
			return false
		}
		var r messageReader
		if bad = r.read(at, m); bad != nil {
			return false
		}
		if r.role.Type != gjson.String {
			bad = wrongType(at+".role", "a string", r.role)
			return false
		}
		out = append(out, guards.Message{Role: strings.Clone(r.role.Str), Name: strings.Clone(r.name.String()), Text: r.text.String()})
		texts = append(texts, r.at)
		return true
	})
	if bad == nil && len(out) == 0 {
		bad = badRequest("messages", "The field \"messages\" must not be empty.")
	}
	return out, texts, bad
}

// messageReader collects the text of one message.
type messageReader struct {
	role, name gjson.Result
	text       strings.Builder
	at         []textAt
}

// members calls f for each member of an object. One of the names that decide what a
// model reads may not come twice or in other letter case: readers differ on which
// counts, and the upstream must not see another prompt than the guards do.
func members(at string, object gjson.Result, f func(name string, v gjson.Result) error) (err error) {
	var seen []string
	object.ForEach(func(key, value gjson.Result) bool {
		name := key.Str
		switch name {
		case "role", "content", "text", "tool_calls", "function_call", "function", "arguments":
			if slices.Contains(seen, name) {
				err = badRequest(at+"."+name, "The field %q is given twice.", at+"."+name)
				return false
			}
			seen = append(seen, name)
		default:
			for _, known := range []string{"role", "content", "text", "arguments"} {
				if folded(name) == known {
					err = badRequest(at+"."+name, "The field %q must be written %q.", at+"."+name, known)
					return false
				}
			}
		}
		err = f(name, value)
		return err == nil
	})
	return err
}

func (r *messageReader) read(at string, m gjson.Result) error {
	return members(at, m, func(name string, v gjson.Result) error {
		switch name {
		case "role":
			r.role = v
		case "name":
			r.name = v
		case "content":
			return r.content(at+".content", v)
		case "function_call":
			return r.call(at+"."+name, v)
		case "tool_calls":
			var bad error
			v.ForEach(func(_, call gjson.Result) bool {
				if call.IsObject() {
					bad = members(at+"."+name, call, func(inner string, f gjson.Result) error {
						if inner != "function" {
							return nil
						}
						return r.call(at+"."+name, f)
					})
				}
				return bad == nil
			})
			return bad
		}
		return nil
	})
}

// content takes a string, or the text parts of an array.
func (r *messageReader) content(at string, v gjson.Result) error {
	switch {
	case v.Type == gjson.String:
		r.add(v)
		return nil
	case !v.Exists() || v.Type == gjson.Null:
		return nil
	case !v.IsArray():
		return wrongType(at, "a string or an array of parts", v)
	}
	var bad error
	i := 0
	v.ForEach(func(_, part gjson.Result) bool {
		where := fmt.Sprintf("%s[%d]", at, i)
		i++
		if !part.IsObject() {
			bad = wrongType(where, "an object", part)
			return false
		}
		bad = members(where, part, func(name string, t gjson.Result) error {
			if name == "text" && t.Type == gjson.String {
				r.add(t)
			}
			return nil
		})
		return bad == nil
	})
	return bad
}

// call takes what a function was called with.
func (r *messageReader) call(at string, v gjson.Result) error {
	if !v.IsObject() {
		return nil
	}
	return members(at, v, func(name string, args gjson.Result) error {
		if name == "arguments" && args.Type == gjson.String {
			r.add(args)
		}
		return nil
	})
}

// add puts one more string at the end of the text.
func (r *messageReader) add(v gjson.Result) {
	if r.text.Len() > 0 || len(r.at) > 0 {
		r.text.WriteByte('\n')
	}
	start := r.text.Len()
	r.text.WriteString(v.Str)
	r.at = append(r.at, textAt{span{v.Index, v.Index + len(v.Raw)}, start, r.text.Len()})
}

// change replaces a range of the body.
type change struct {
	span
	text string
}

// forward is the body for the upstream: the client's bytes, less the guard member,
// with the model renamed where the route says so and the prompt masked as edits say,
// by message.
func (r *chatRequest) forward(rename string, edits map[int][]judge.Edit) []byte {
	var changes []change
	for _, s := range r.guardAt {
		changes = append(changes, change{span: s})
	}
	if rename != "" && rename != r.model {
		quoted, _ := json.Marshal(rename) // a string always marshals
		changes = append(changes, change{span{r.modelAt.Index, r.modelAt.Index + len(r.modelAt.Raw)}, string(quoted)})
	}
	for i, list := range edits {
		for _, t := range r.texts[i] {
			text := r.messages[i].Text[t.start:t.end]
			if masked := maskPart(text, t.start, list); masked != text {
				quoted, _ := quoted(masked) // as above
				changes = append(changes, change{t.span, quoted})
			}
		}
	}
	return spliced(r.body, changes)
}

// maskPart makes those edits that touch a part of a message, which begins at from
// in its text. An edit that reaches over several parts leaves its text in the first.
func maskPart(text string, from int, edits []judge.Edit) string {
	var own []judge.Edit
	for _, e := range edits {
		e.Start, e.End = e.Start-from, e.End-from
		if e.End <= 0 || e.Start >= len(text) {
			continue
		}
		if e.Start < 0 {
			e.Start, e.Text = 0, ""
		}
		e.End = min(e.End, len(text))
		own = append(own, e)
	}
	return judge.Apply(text, own)
}

// spliced is body with the changes made, which must be apart; body itself when
// there are none.
func spliced(body []byte, changes []change) []byte {
	if len(changes) == 0 {
		return body
	}
	slices.SortFunc(changes, func(a, b change) int { return a.start - b.start })
	out := make([]byte, 0, len(body)+64)
	at := 0
	for _, c := range changes {
		out = append(append(out, body[at:c.start]...), c.text...)
		at = c.end
	}
	return append(out, body[at:]...)
}
