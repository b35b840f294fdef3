package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Why an exchange ended early; they are the causes of its cancelled context.
var (
	errClientGone      = errors.New("the client closed the connection")
	errUpstreamSilent  = errors.New("the upstream was silent for too long")
	errShuttingDown    = errors.New("the proxy is shutting down")
	errNothingMoreDue  = errors.New("the exchange is over")
	errAnswerTooLarge  = errors.New("the answer is over the limit")
	errEventTooLarge   = errors.New("an event of the stream is over the limit")
	errTextAfterFinish = errors.New("a choice went on after its finish_reason")
)

// statusClientGone is what an entry says of a client that did not wait.
const statusClientGone = 499

// apiError is an error as clients of the OpenAI API expect it.
type apiError struct {
	status               int
	message              string
	kind                 string // "type" on the wire
	param, code          string // "" is null on the wire
	guard                json.RawMessage
	noRetry              bool  // SDKs must not send the request again
	retryAfter           int   // seconds; 0: not said
	cause                error // for the log and the entry, not for the client
	upstream, closesConn bool  // who is at fault; whether the connection must end
}

func (e *apiError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.code, e.cause)
	}
	return e.code
}

func (e *apiError) Unwrap() error { return e.cause }

// body is the JSON of the error; it starts with {"error": as go-openai needs in streams.
func (e *apiError) body() []byte {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	inner := struct {
		Message string          `json:"message"`
		Type    string          `json:"type"`
		Param   any             `json:"param"`
		Code    any             `json:"code"`
		Guard   json.RawMessage `json:"guard,omitempty"`
	}{e.message, e.kind, orNull(e.param), orNull(e.code), e.guard}
	b, err := json.Marshal(map[string]any{"error": inner})
	if err != nil { // only a malformed guard could do this
		return []byte(`{"error":{"message":"internal error","type":"server_error","param":null,"code":"internal"}}`)
	}
	return b
}

func badRequest(param, format string, args ...any) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", param: param, code: "invalid_request",
		message: fmt.Sprintf(format, args...)}
}

// encodedRequest refuses a body that cannot be read.
var encodedRequest = &apiError{status: 415, kind: "invalid_request_error", param: "content-encoding", code: "unsupported_encoding",
	message: "The request body must be sent without Content-Encoding."}

// overloaded turns a request away that the proxy has no room for. SDKs try it again.
var overloaded = &apiError{status: 503, kind: "server_error", code: "overloaded", retryAfter: 1,
	message: "The proxy has as many exchanges under way as limits.exchanges allows."}

// safely runs a part of a request, whose panic ends that request and no other. The
// value of a panic may hold what was being read, so only where it happened is logged.
func (s *Server) safely(path string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := debug.Stack()
			s.log.Error("a request panicked", "path", path, "kind", fmt.Sprintf("%T", p), "stack", string(stack[:min(len(stack), 4<<10)]))
			err = &apiError{status: 500, kind: "server_error", code: "internal", message: "The proxy failed."}
		}
	}()
	return do()
}

// blockedError is the 400 form of a block. It must not be retried: each retry
// would be paid for and blocked again.
func blockedError(message string, guard json.RawMessage) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", code: "content_filter",
		message: message, guard: guard, noRetry: true}
}

// upstreamError says what went wrong with an upstream, without its address.
func upstreamError(status int, code, name, what string, cause error) *apiError {
	return &apiError{status: status, kind: "upstream_error", code: code, upstream: true, cause: cause,
		message: fmt.Sprintf("The upstream %s %s.", name, what)}
}

// classify turns what a call to an upstream failed with into an error for the client.
func classify(ctx context.Context, name string, err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errClientGone):
		return &apiError{status: statusClientGone, kind: "client_error", code: "client_gone", cause: errClientGone,
			message: "The client closed the connection."}
	case errors.Is(cause, errUpstreamSilent):
		return upstreamError(504, "upstream_timeout", name, "did not answer in time", cause)
	case errors.Is(cause, errShuttingDown):
		return &apiError{status: 503, kind: "server_error", code: "shutting_down", cause: cause,
			message: "The proxy is shutting down."}
	}
	if errors.Is(err, errAnswerTooLarge) || errors.Is(err, errEventTooLarge) {
		e := upstreamError(502, "upstream_answer_too_large", name, "sent more than limits.answer allows", err)
		e.noRetry = true
		return e
	}
	var op *net.OpError
	var dns *net.DNSError
	if (errors.As(err, &op) && op.Op == "dial") || errors.As(err, &dns) {
		return upstreamError(502, "upstream_unreachable", name, "could not be reached", err)
	}
	// net/http quotes what it could not read: an answer, or worse a cookie. It stays out of the log.
	what, _, _ := strings.Cut(err.Error(), `"`)
	return upstreamError(502, "upstream_cut", name, "closed the connection before the answer was complete", errors.New(strings.TrimRight(what, `: \`)))
}

// fail writes an error that a handler returned. It is fiber's ErrorHandler.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	var e *apiError
	var f *fiber.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &f):
		if e = s.frameworkError(c, f); e.status == fiber.StatusRequestEntityTooLarge {
			s.refused(c, e)
		}
	default:
		e = &apiError{status: 500, kind: "server_error", code: "internal", message: "The proxy failed.", cause: err}
		s.log.Error("handling request", "path", c.Path(), "error", err)
	}
	h := &c.Response().Header
	if e.noRetry {
		h.Set("x-should-retry", "false")
	}
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	if len(h.Peek("x-guard-verdict")) == 0 {
		h.Set("x-guard-verdict", "unchecked")
	}
	if e.closesConn {
		c.Response().SetConnectionClose()
	}
	h.SetContentType("application/json")
	c.Response().SetStatusCode(e.status)
	c.Response().SetBodyRaw(e.body())
	return nil
}

// frameworkError words what fiber refused before any handler of ours ran.
func (s *Server) frameworkError(c *fiber.Ctx, f *fiber.Error) *apiError {
	e := &apiError{status: f.Code, kind: "invalid_request_error", code: "invalid_request", message: f.Message}
	switch f.Code {
	case fiber.StatusBadRequest:
		e.message = "The request is not HTTP as it should be." // fasthttp's own words repeat it, with its key
	case fiber.StatusRequestEntityTooLarge:
		e.code, e.closesConn = "request_too_large", true
		e.message = fmt.Sprintf("The request body is over the limit of %d bytes (limits.body).", s.opt.BodyLimit)
	case fiber.StatusNotFound:
		e.code = "not_found"
		e.message = fmt.Sprintf("There is nothing at %s %s.", c.Method(), c.Path())
	case fiber.StatusMethodNotAllowed:
		e.code = "method_not_allowed"
		e.message = fmt.Sprintf("%s does not take %s.", c.Path(), c.Method())
	case fiber.StatusRequestTimeout, fiber.StatusBadGateway:
		// fasthttp gave up reading the request; fiber calls that a bad gateway.
		e.status, e.code, e.closesConn = 408, "request_timeout", true
		e.message = "The request was not sent in time."
	}
	return e
}

// refused records a request of a known key that no handler has seen.
func (s *Server) refused(c *fiber.Ctx, e *apiError) {
	x := s.begin(c, "chat")
	if !strings.EqualFold(strings.TrimRight(x.entry.Path, "/"), "/v1/chat/completions") {
		x.entry.Kind = "pass"
	}
	if x.identify(c) == nil {
		x.failed(e)
	}
	x.finish()
}
