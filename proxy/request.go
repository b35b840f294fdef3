package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/fairness"
)

// maxDepth is how deep JSON from outside may be nested. Readers below recurse,
// and a stack is not a thing a client may fill.
const maxDepth = 512

// checkJSON reports why b is not one JSON value, with the position.
func checkJSON(b []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString:
			if c == '\\' {
				i++
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("nested deeper than %d at byte %d", maxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	if gjson.ValidBytes(b) {
		return nil
	}
	var v any
	err := json.Unmarshal(b, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s at byte %d", syntax.Error(), syntax.Offset)
	}
	if err != nil {
		return err
	}
	return errors.New("not one JSON value")
}

// chatRequest is what the proxy understands of a chat completion request.
type chatRequest struct {
	body         []byte // as the client sent it
	model        string
	stream       bool
	includeUsage bool
	n            int
	messages     []guards.Message
	texts        [][]textAt // of each message: where in body its text stands
	given        []groundtruth.Evidence
	wantDetail   *bool            // guard.detail
	groups       []fairness.Group // guard.group
	scope        groundtruth.Scope
	modelAt      gjson.Result
	guardAt      []span // members to remove
	user         string // the end user as the application names them: user or safety_identifier
}

// span is a range of bytes.
type span struct{ start, end int }

// parseChat reads a request. body must not change afterwards.
func parseChat(body []byte) (*chatRequest, error) {
	if err := checkJSON(body); err != nil {
		return nil, badRequest("", "The request body is not valid JSON: %v.", err)
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() {
		return nil, badRequest("", "The request body must be a JSON object, not %s.", typeName(root))
	}
	req := &chatRequest{body: body, n: 1}
	var messages, guard, options gjson.Result
	var bad error
	seen := map[string]bool{}
	last := root.Index + 1 // where the member before ended
	root.ForEach(func(key, value gjson.Result) bool {
		name := key.Str
		switch name {
		case "model", "messages", "stream", "n", "guard", "stream_options":
			// Readers differ on which of two equal names counts: the upstream must not see another request than we do.
			if seen[name] {
				bad = badRequest(name, "The field %q is given twice.", name)
				return false
			}
			seen[name] = true
		default:
			for _, known := range []string{"model", "messages", "stream", "n"} {
				if strings.EqualFold(name, known) {
					bad = badRequest(name, "The field %q must be written %q.", name, known)
					return false
				}
			}
		}
		end := value.Index + len(value.Raw)
		switch name {
		case "model":
			if value.Type != gjson.String {
				bad = wrongType(name, "a string", value)
			}
			req.model, req.modelAt = strings.Clone(value.Str), value
		case "stream":
			if value.Type != gjson.True && value.Type != gjson.False && value.Type != gjson.Null {
				bad = wrongType(name, "a boolean", value)
			}
			req.stream = value.Bool()
		case "n":
			switch {
			case value.Type == gjson.Null:
			case value.Type != gjson.Number || value.Num != float64(int(value.Num)) || value.Num < 1 || value.Num > 128:
				bad = wrongType(name, "a whole number from 1 to 128", value)
			default:
				req.n = int(value.Num)
			}
		case "user", "safety_identifier":
			if value.Type == gjson.String && req.user == "" {
				req.user = strings.Clone(value.Str)
			}
		case "messages":
			messages = value
		case "stream_options":
			options = value
		case "guard":
			guard = value
			req.guardAt = append(req.guardAt, memberSpan(body, key.Index, end, last))
		}
		last = end
		return bad == nil
	})
	if bad != nil {
		return nil, bad
	}
	if req.model == "" {
		return nil, badRequest("model", "The field \"model\" is missing.")
	}
	req.includeUsage = options.Get("include_usage").Bool()
	var err error
	if req.messages, req.texts, err = parseMessages(messages); err != nil {
		return nil, err
	}
	if err = req.parseGuard(guard); err != nil {
		return nil, err
	}
	return req, nil
}

// memberSpan is what to cut to remove a member: with the comma before it, or for
// the first one the comma after it.
func memberSpan(body []byte, start, end, last int) span {
	if i := strings.IndexByte(string(body[last:start]), ','); i >= 0 {
		return span{last + i, end}
	}
	for i := end; i < len(body); i++ {
		switch body[i] {
		case ' ', '\t', '\r', '\n':
		case ',':
			return span{start, i + 1}
		default:
			return span{start, end}
		}
	}
	return span{start, end}
}

func wrongType(field, want string, got gjson.Result) *apiError {
	if !got.Exists() {
		return badRequest(field, "The field %q is missing; it must be %s.", field, want)
	}
	return badRequest(field, "The field %q must be %s, not %s.", field, want, typeName(got))
}

func typeName(v gjson.Result) string {
	switch {
	case v.IsObject():
		return "an object"
	case v.IsArray():
		return "an array"
	case v.Type == gjson.String:
		return "a string"
	case v.Type == gjson.Number:
		return "the number " + v.Raw[:min(len(v.Raw), 32)]
	case v.Type == gjson.Null:
		return "null"
	default:
		return v.Raw
	}
}
