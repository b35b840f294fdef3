package proxy

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"touchstone/groundtruth"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Upstream is one OpenAI-compatible API.
type Upstream struct {
	Name    string
	BaseURL string            // with the version path, such as https://api.openai.com/v1
	APIKey  string            // sent as a bearer token instead of the client's; "" sends none
	Headers map[string]string // sent with every request
	Timeout time.Duration     // longest silence: before the first byte and between two; 0 means DefaultTimeout
}

// DefaultTimeout is how long an upstream may be silent.
const DefaultTimeout = 2 * time.Minute

// Route says where requests for some models go and how their answers are checked.
type Route struct {
	Name          string
	Models        []string // names the client may use; "*" is every name no other route has
	Upstream      string
	Model         string // sent upstream instead of the client's; "" keeps it
	Collections   []string
	Judge         *judge.Judge // nil: answers are passed on unchecked
	Mode          policies.Mode
	OnBlock       string // OnBlockMessage or OnBlockError
	BlockMessage  string
	PromptMessage string // instead of BlockMessage when the prompt was blocked and nothing was sent
	Keep          audit.Keep
	Wait          bool // for room in a full audit queue, instead of dropping the entry

	upstream *upstream
}

// What a client gets for a blocked answer.
const (
	OnBlockMessage = "message" // 200 with the route's text and finish_reason content_filter
	OnBlockError   = "error"   // 400 with code content_filter
)

// DefaultBlockMessage is what a client reads instead of a blocked answer.
const DefaultBlockMessage = "This answer was withheld: it could not be verified against our sources."

// DefaultPromptMessage is what a client reads when its prompt was not sent on.
const DefaultPromptMessage = "This request was not sent on: it is against the rules of this service."

// Key is the key of one application.
type Key struct {
	App    string
	Secret string
	Routes []string          // it may use; empty: all
	Detail bool              // may see the guard object: sentences, evidence, rules
	Tenant string            // whose ground truth its answers are checked against
	Scope  groundtruth.Scope // for whom its answers are; requests cannot leave it
}

// routes finds the route of a model. Names come before "*", earlier routes before later.
type routes struct {
	list []*Route
}

// newRoutes checks the routes and ties each to its upstream.
func newRoutes(list []Route, ups map[string]*upstream) (*routes, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("no routes")
	}
	rs := &routes{}
	seen := map[string]bool{}
	for _, r := range list {
		if r.Name == "" || seen[r.Name] {
			return nil, fmt.Errorf("route %q: the name must be given and differ from others", r.Name)
		}
		seen[r.Name] = true
		if len(r.Models) == 0 {
			return nil, fmt.Errorf("route %s: no models", r.Name)
		}
		if r.upstream = ups[r.Upstream]; r.upstream == nil {
			return nil, fmt.Errorf("route %s: no upstream %q", r.Name, r.Upstream)
		}
		switch r.OnBlock {
		case "":
			r.OnBlock = OnBlockMessage
		case OnBlockMessage, OnBlockError:
		default:
			return nil, fmt.Errorf("route %s: on_block is %q, must be message or error", r.Name, r.OnBlock)
		}
		if r.BlockMessage == "" {
			r.BlockMessage = DefaultBlockMessage
		}
		if r.PromptMessage == "" {
			r.PromptMessage = DefaultPromptMessage
		}
		if r.Keep == "" {
			r.Keep = audit.KeepAll
		}
		if r.Judge != nil && len(r.Judge.Chain.Guards) == 0 {
			r.Judge = nil
		}
		rs.list = append(rs.list, &r)
	}
	return rs, nil
}

// find returns the route that serves model for this caller.
func (rs *routes) find(model string, who *caller) (*Route, error) {
	denied := false
	for _, want := range []string{model, "*"} {
		for _, r := range rs.list {
			for _, m := range r.Models {
				if m != want {
					continue
				}
				if who.may(r.Name) {
					return r, nil
				}
				denied = true
			}
		}
		if denied { // a name that a route has is none of "*"
			break
		}
	}
	if denied {
		return nil, &apiError{status: 403, kind: "permission_error", param: "model", code: "route_not_allowed",
			message: fmt.Sprintf("This key may not use the model %q.%s", model, rs.offer(who))}
	}
	return nil, &apiError{status: 404, kind: "invalid_request_error", param: "model", code: "model_not_found",
		message: fmt.Sprintf("There is no route for the model %q.%s", model, rs.offer(who))}
}

// offer tells the caller what it may ask for.
func (rs *routes) offer(who *caller) string {
	var names []string
	for _, r := range rs.list {
		if who.may(r.Name) {
			names = append(names, fmt.Sprintf("%s (%s)", r.Name, strings.Join(r.Models, ", ")))
		}
	}
	if len(names) == 0 {
		return " It may use no route."
	}
	return " Routes of this key: " + strings.Join(names, "; ") + "."
}

// parseBase checks an upstream's base URL.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("parsing base_url: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("base_url %q must be http:// or https:// with a host", raw)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}
