package proxy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// weighty are the members of an answer that decide what a client shows. Readers
// differ on which of two equal names counts, and some (Go's) take a name in other
// letter case for it: what is judged must be what every one of them reads.
var weighty = map[string]uint32{
	"choices": 1 << 0, "error": 1 << 1, "index": 1 << 2, "finish_reason": 1 << 3, "logprobs": 1 << 4,
	"message": 1 << 5, "delta": 1 << 6, "content": 1 << 7, "text": 1 << 8, "output_text": 1 << 9, "output": 1 << 10,
	"response": 1 << 11, "completion": 1 << 12, "generated_text": 1 << 13, "candidates": 1 << 14, "refusal": 1 << 15,
	"tool_calls": 1 << 16, "function_call": 1 << 17,
}

// texts are names under which some API or other puts the text of an answer.
const texts = 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9 | 1<<10 | 1<<11 | 1<<12 | 1<<13 | 1<<14

func textual(name string) bool { return weighty[name]&texts != 0 }

// eachMember calls f for each member of an object and stops at the first error.
// A weighty name given twice or spelt otherwise is one.
func eachMember(object gjson.Result, f func(name string, value gjson.Result) error) (err error) {
	var seen uint32
	object.ForEach(func(key, value gjson.Result) bool {
		name := key.Str
		bit := weighty[name]
		switch {
		case bit&seen != 0:
			err = fmt.Errorf("%s is given twice", name)
		case bit == 0 && misspelt(name):
			err = fmt.Errorf("a member is written otherwise than %s", folded(name))
		default:
			seen |= bit
			err = f(name, value)
		}
		return err == nil
	})
	return err
}

// misspelt tells a weighty name in other letter case.
func misspelt(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && c != '_' {
			return weighty[folded(name)] != 0
		}
	}
	return false
}

// folded is a name in lower case as encoding/json folds it: ſ is an s, K a k.
func folded(name string) string {
	if len(name) > 32 {
		return ""
	}
	return strings.ToLower(strings.ToUpper(name))
}

// blank tells a value that holds nothing.
func blank(v gjson.Result) bool {
	switch v.Type {
	case gjson.Null, gjson.False:
		return true
	case gjson.String:
		return v.Str == ""
	}
	return v.IsArray() && len(v.Array()) == 0 || v.IsObject() && len(v.Map()) == 0
}

// asides are texts that an answer gives beside the one that is judged.
type asides []string

// add takes a text or an object with one, such as a message beside a delta.
func (a *asides) add(name string, v gjson.Result) error {
	switch {
	case blank(v):
		return nil
	case v.Type == gjson.String:
		*a = append(*a, v.Str)
		return nil
	case !v.IsObject():
		return fmt.Errorf("%s holds text where none is judged", name)
	}
	return eachMember(v, func(inner string, value gjson.Result) error {
		switch {
		case inner == "content":
			if value.Type == gjson.String || blank(value) {
				return a.add(inner, value)
			}
			return fmt.Errorf("%s holds text where none is judged", name)
		case textual(inner) && !blank(value):
			return fmt.Errorf("%s.%s holds text where none is judged", name, inner)
		}
		return nil
	})
}

// repeat reports an aside that is none of the judged texts: some upstreams repeat
// the answer so far in every chunk, which does no harm.
func (a asides) repeat(judged ...string) error {
next:
	for _, text := range a {
		for _, j := range judged {
			if text == j {
				continue next
			}
		}
		return fmt.Errorf("it holds text beside the one that is judged")
	}
	return nil
}

// reported tells whether an "error" member says that something went wrong. A
// falsy one is no error to clients, and they read on.
func reported(e gjson.Result) bool {
	switch e.Type {
	case gjson.Null, gjson.False:
		return false
	case gjson.String:
		return e.Str != ""
	case gjson.Number:
		return e.Num != 0
	}
	return true
}

// amend is a change to one entry of a choices array.
type amend struct {
	drop     bool   // the entry goes
	text     string // its new content
	unfinish bool   // its finish_reason becomes null, for a later chunk to say
	whole    bool   // the message is replaced, not only its content, and finishes by content_filter
}

// amendChoices changes entries of a choices array, by position. A changed entry and
// what is around the array keep only the members whose meaning is known: any other
// could spell out what was to go. It returns nil when no entry is left.
func amendChoices(data []byte, inner string, changes map[int]amend) ([]byte, error) {
	left := 0
	out, err := rewrite(gjson.ParseBytes(data), func(name string, v gjson.Result) (string, error) {
		switch name {
		case "id", "object", "created", "model", "usage", "system_fingerprint", "service_tier":
			return v.Raw, nil
		case "choices":
			var kept []string
			var err error
			i := -1
			v.ForEach(func(_, c gjson.Result) bool {
				i++
				raw := c.Raw
				change, changed := changes[i]
				if change.drop {
					return true
				}
				if changed {
					raw, err = amendChoice(c, inner, change)
				}
				kept = append(kept, raw)
				return err == nil
			})
			left = len(kept)
			return "[" + strings.Join(kept, ",") + "]", err
		}
		return "", nil
	})
	if err != nil {
		return nil, fmt.Errorf("changing a choice: %w", err)
	}
	if left == 0 {
		return nil, nil
	}
	return []byte(out), nil
}

func amendChoice(c gjson.Result, inner string, change amend) (string, error) {
	finish := ""
	if change.whole {
		finish = `"content_filter"`
	} else if change.unfinish {
		finish = "null"
	}
	finished := false
	out, err := rewrite(c, func(name string, v gjson.Result) (string, error) {
		switch name {
		case "index":
			return v.Raw, nil
		case "logprobs": // they spell out the text
			return "null", nil
		case "finish_reason":
			finished = true
			if finish != "" {
				return finish, nil
			}
			return v.Raw, nil
		case inner:
			if change.whole {
				b, err := json.Marshal(refusal(change.text))
				return string(b), err
			}
			return rewrite(v, func(name string, v gjson.Result) (string, error) {
				switch name {
				case "role", "name", "tool_calls", "function_call":
					return v.Raw, nil
				case "refusal":
					return "null", nil
				case "content":
					return quoted(change.text)
				}
				return "", nil
			})
		}
		return "", nil
	})
	if change.whole && !finished && err == nil {
		out = strings.TrimSuffix(out, "}") + `,"finish_reason":` + finish + "}"
	}
	return out, err
}

// rewrite is an object with the members for which value gives something.
func rewrite(object gjson.Result, value func(name string, v gjson.Result) (string, error)) (string, error) {
	var b strings.Builder
	err := eachMember(object, func(name string, v gjson.Result) error {
		raw, err := value(name, v)
		if err != nil || raw == "" {
			return err
		}
		sep := byte(',')
		if b.Len() == 0 {
			sep = '{'
		}
		b.WriteByte(sep)
		fmt.Fprintf(&b, "%q:%s", name, raw)
		return nil
	})
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	return b.String() + "}", err
}

// quoted is text as JSON, without escapes that only a web page needs.
func quoted(text string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
