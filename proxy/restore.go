package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// restorer puts back, in an answer, what the prompt that was sent upstream had in
// the place of private values. It comes before judging: what is judged is what the
// client reads. Its zero of nil changes nothing. It belongs to one exchange.
type restorer struct {
	of    map[string]string // what stands for what
	first [256]bool         // bytes that keys of it begin with
	sizes []int             // lengths of keys of it, longest first

	held     map[string]*heldText // of a stream: by choice and place
	template chunkTemplate
}

// maxHeld bounds the places of a stream in which a stand-in may be under way.
const maxHeld = 1024

// heldText is the end of a streamed text that may be the beginning of a stand-in.
type heldText struct {
	choice int
	place  []string // names and indexes from the delta to the string
	text   string
}

// restorer is nil when nothing was replaced in the prompt.
func (x *exchange) restorer() *restorer {
	if x.screening == nil || len(x.screening.Restore) == 0 || x.entry.Shadow {
		return nil
	}
	r := &restorer{of: x.screening.Restore, held: map[string]*heldText{}}
	for with := range r.of {
		r.first[with[0]] = true
		if !slices.Contains(r.sizes, len(with)) {
			r.sizes = append(r.sizes, len(with))
		}
	}
	slices.SortFunc(r.sizes, func(a, b int) int { return b - a }) // {n} may be 1 and 12
	return r
}

// text is s with stand-ins replaced. Unless last, an end that may be the beginning
// of one is not in it but in rest. inner values go into JSON that is in a string.
func (r *restorer) text(s string, last, inner bool) (out, rest string) {
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); {
		if !r.first[s[i]] {
			i++
			continue
		}
		if !last && r.begins(s[i:]) {
			b.WriteString(s[from:i])
			return b.String(), s[i:]
		}
		found := r.at(s[i:])
		if found == "" {
			i++
			continue
		}
		b.WriteString(s[from:i])
		value := r.of[found]
		if inner {
			q, _ := quoted(value) // a string always marshals
			value = q[1 : len(q)-1]
		}
		b.WriteString(value)
		i += len(found)
		from = i
	}
	if from == 0 {
		return s, ""
	}
	b.WriteString(s[from:])
	return b.String(), ""
}

// at is the stand-in that s begins with, or "".
func (r *restorer) at(s string) string {
	for _, n := range r.sizes {
		if n <= len(s) {
			if _, ok := r.of[s[:n]]; ok {
				return s[:n]
			}
		}
	}
	return ""
}

// begins tells whether more text could make s begin with a stand-in, or with a longer
// one than it does.
func (r *restorer) begins(s string) bool {
	if len(s) >= r.sizes[0] {
		return false
	}
	for with := range r.of {
		if len(with) > len(s) && strings.HasPrefix(with, s) {
			return true
		}
	}
	return false
}

// whole is an answer with its texts restored, all other bytes as they came.
func (r *restorer) whole(body []byte) []byte {
	if r == nil {
		return body
	}
	var changes []change
	for _, c := range gjson.GetBytes(body, "choices").Array() {
		r.each(c.Get("message"), nil, func(place []string, v gjson.Result) {
			if fixed(place) {
				return
			}
			text, _ := r.text(v.Str, true, isArguments(place))
			changes = replaced(changes, v, text)
		})
	}
	return spliced(body, changes)
}

// replaced adds the change of a JSON string to text, if it is one.
func replaced(changes []change, v gjson.Result, text string) []change {
	if text == v.Str {
		return changes
	}
	q, _ := quoted(text) // a string always marshals
	return append(changes, change{span{v.Index, v.Index + len(v.Raw)}, q})
}

// isArguments tells the JSON that a tool is called with, which is itself in a string.
func isArguments(place []string) bool { return len(place) > 0 && place[len(place)-1] == "arguments" }

// each visits the strings of a message or delta.
func (r *restorer) each(v gjson.Result, place []string, f func(place []string, v gjson.Result)) {
	switch {
	case v.Type == gjson.String:
		f(place, v)
	case v.IsObject() || v.IsArray():
		i := 0
		v.ForEach(func(key, inner gjson.Result) bool {
			name := key.Str
			if v.IsArray() {
				name = fmt.Sprint(i)
				if n := inner.Get("index"); n.Type == gjson.Number { // a delta's tool calls count by it
					name = n.Raw
				}
				i++
			}
			r.each(inner, append(slices.Clip(place), name), f)
			return true
		})
	}
}

// event is an event of a stream as it is judged and may leave: its texts restored,
// less what may yet become a stand-in. What was held back goes before the end of its
// choice.
func (r *restorer) event(ev *sseEvent) []*sseEvent {
	if r == nil || ev.odd || ev.data == nil {
		return []*sseEvent{ev}
	}
	if !gjson.ValidBytes(ev.data) { // [DONE], or nothing that can be read
		return append(r.flush(-1), ev)
	}
	r.template.learn(ev.data)
	var changes []change
	var before []*sseEvent
	for at, c := range gjson.GetBytes(ev.data, "choices").Array() {
		choice := at
		if n := c.Get("index"); n.Type == gjson.Number {
			choice = int(n.Num)
		}
		r.each(c.Get("delta"), nil, func(place []string, v gjson.Result) {
			if fixed(place) {
				return
			}
			key := fmt.Sprint(choice, place)
			h := r.held[key]
			if h == nil {
				h = &heldText{choice: choice, place: place}
			}
			var text string
			text, h.text = r.text(h.text+v.Str, len(r.held) >= maxHeld, isArguments(place))
			if h.text == "" {
				delete(r.held, key)
			} else {
				r.held[key] = h
			}
			changes = replaced(changes, v, text)
		})
		if c.Get("finish_reason").Type == gjson.String {
			before = append(before, r.flush(choice)...)
		}
	}
	if len(changes) > 0 {
		data := spliced(ev.data, changes)
		ev = &sseEvent{raw: frame(ev.name, data), name: ev.name, data: data}
	}
	if len(before) == 0 {
		return []*sseEvent{ev}
	}
	return r.parted(ev, before)
}

// fixed are members that are whole in each delta.
func fixed(place []string) bool {
	switch place[len(place)-1] {
	case "role", "id", "type", "name":
		return true
	}
	return false
}

// parted puts held texts between what the finishing event adds and its end: the
// event may itself add text, which comes before them.
func (r *restorer) parted(ev *sseEvent, held []*sseEvent) []*sseEvent {
	var changes []change
	adds := false
	for _, c := range gjson.GetBytes(ev.data, "choices").Array() {
		if d := c.Get("delta"); d.IsObject() && len(d.Map()) > 0 {
			adds = true
		}
		if f := c.Get("finish_reason"); f.Type == gjson.String {
			changes = append(changes, change{span{f.Index, f.Index + len(f.Raw)}, "null"})
		}
	}
	if !adds {
		return append(held, ev)
	}
	first := spliced(ev.data, changes)
	changes = nil
	for _, c := range gjson.GetBytes(ev.data, "choices").Array() {
		if d := c.Get("delta"); d.Exists() {
			changes = append(changes, change{span{d.Index, d.Index + len(d.Raw)}, "{}"})
		}
	}
	last := spliced(ev.data, changes)
	out := append([]*sseEvent{{raw: frame(ev.name, first), name: ev.name, data: first}}, held...)
	return append(out, &sseEvent{raw: frame(ev.name, last), name: ev.name, data: last})
}

// flush gives what is held of a choice, or of all with -1, as events of its own.
func (r *restorer) flush(choice int) []*sseEvent {
	if r == nil {
		return nil
	}
	var keys []string
	for k, h := range r.held {
		if choice < 0 || h.choice == choice {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []*sseEvent
	for _, k := range keys {
		h := r.held[k]
		delete(r.held, k)
		text, _ := r.text(h.text, true, isArguments(h.place))
		raw := r.template.chunk(h.choice, nested(h.place, text), "")
		out = append(out, &sseEvent{raw: raw, data: bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte("data: ")), []byte("\n\n"))})
	}
	return out
}

// nested is the delta that has text in a place.
func nested(place []string, text string) any {
	if len(place) == 0 {
		return text
	}
	inner := nested(place[1:], text)
	if len(place) > 1 && (place[0] == "tool_calls" || place[0] == "content") {
		item, ok := nested(place[2:], text).(map[string]any)
		if !ok {
			return map[string]any{}
		}
		if place[0] == "tool_calls" {
			item["index"] = json.Number(place[1])
		}
		return map[string]any{place[0]: []any{item}}
	}
	return map[string]any{place[0]: inner}
}
