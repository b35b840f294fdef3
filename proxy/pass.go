package proxy

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/tidwall/gjson"

	"touchstone/policies"
)

// writeTimeout is how long a client may take to accept a reply, or a piece of one
// that is streamed.
const writeTimeout = 30 * time.Second

// pass hands a request to an upstream and its answer back, both unread: every
// path below /v1 that the proxy does not know.
func (s *Server) pass(c *fiber.Ctx) error {
	rest, err := passPath(c)
	if err != nil {
		return err
	}
	switch p, _, _ := strings.Cut(rest, "?"); c.Method() {
	case fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch:
		if isChatPath(p) {
			return s.chat(c) // however it is spelt, an answer is not to slip by
		}
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodDelete, fiber.MethodOptions:
	default: // TRACE would have the upstream's key read out
		return fiber.ErrMethodNotAllowed
	}
	x := s.begin(c, "pass")
	err = s.safely(x.entry.Path, func() error { return s.servePass(c, x, rest) })
	if err != nil {
		x.failed(err)
		x.mark(c, x.entry.Outcome, policies.Allow, nil)
		x.finish()
	}
	return err
}

func (s *Server) servePass(c *fiber.Ctx, x *exchange, rest string) error {
	if err := x.identify(c); err != nil {
		return err
	}
	body := append([]byte(nil), c.Request().Body()...)
	model, err := modelOf(c, body)
	if err != nil {
		return err
	}
	route, err := s.routes.find(model, x.who)
	if err != nil {
		return err
	}
	x.take(route)
	x.obey()
	x.entry.Model = model
	if x.off != nil {
		x.settle(x.receipts())
		return blockedError(route.BlockMessage, nil)
	}
	header := http.Header{}
	c.Request().Header.VisitAll(func(k, v []byte) {
		if name := http.CanonicalHeaderKey(string(k)); !keptFromClient(name) {
			header.Add(name, string(v))
		}
	})
	rep, err := route.upstream.do(x.ctx, x.cancel, c.Method(), rest, header, body)
	if err != nil {
		return err
	}
	x.unchecked("pass_through", "the path is passed through unread")
	x.entry.Stream = isEventStream(rep.Header)
	x.relay(c, rep)
	return nil
}

// modelOf is the model that a request names in its JSON or form, "" for none. It
// decides the route, and so what the key may do: a name that an upstream could read
// otherwise is refused.
func modelOf(c *fiber.Ctx, body []byte) (model string, err error) {
	if enc := c.Request().Header.ContentEncoding(); len(enc) > 0 && len(body) > 0 {
		return "", encodedRequest
	}
	if strings.HasPrefix(strings.ToLower(string(c.Request().Header.ContentType())), "multipart/form-data") {
		form, err := c.MultipartForm()
		if err != nil {
			return "", badRequest("", "The form cannot be read.")
		}
		names := form.Value["model"]
		if len(names) > 1 {
			return "", badRequest("model", "The field %q is given twice.", "model")
		}
		return strings.Clone(strings.Join(names, "")), nil
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() { // whatever its Content-Type says
		return "", nil
	}
	if err := checkJSON(body); err != nil {
		return "", badRequest("", "The request body is not valid JSON: %v.", err)
	}
	seen := false
	root.ForEach(func(key, value gjson.Result) bool {
		switch {
		case !strings.EqualFold(key.Str, "model"):
		case key.Str != "model":
			err = badRequest(key.Str, "The field %q must be written %q.", key.Str, "model")
		case seen:
			err = badRequest("model", "The field %q is given twice.", "model")
		default:
			seen, model = true, strings.Clone(value.Str)
		}
		return err == nil
	})
	return model, err
}

// passPath is what of a request's path and query follows /v1, as escaped by the
// client. A path that would climb out of /v1 is refused: it would be sent with
// the upstream's key.
func passPath(c *fiber.Ctx) (string, error) {
	u := c.Context().URI()
	raw := string(u.PathOriginal())
	for seg := range strings.SplitSeq(plainPath(raw), "/") {
		if seg == ".." || strings.Contains(seg, "\x00") {
			return "", badRequest("", "The path is not acceptable.")
		}
	}
	if _, err := url.PathUnescape(raw); err != nil {
		return "", badRequest("", "The path is not well escaped.")
	}
	if len(raw) < 3 || !strings.EqualFold(raw[:3], "/v1") {
		return "", badRequest("", "The path must begin with /v1.")
	}
	rest := raw[3:]
	if q := u.QueryString(); len(q) > 0 {
		rest += "?" + string(q)
	}
	return rest, nil
}

// plainPath is a path as the most lenient upstream would take it: unescaped as
// often as it can be, \ for /, without parameters and blanks.
func plainPath(escaped string) string {
	plain := escaped
	for range 3 {
		next, err := url.PathUnescape(plain)
		if err != nil || next == plain {
			break
		}
		plain = next
	}
	segments := strings.Split(strings.ReplaceAll(plain, `\`, "/"), "/")
	for i, seg := range segments {
		seg, _, _ = strings.Cut(seg, ";")
		segments[i] = strings.TrimSpace(seg)
	}
	return strings.Join(segments, "/")
}

// isChatPath recognises the chat endpoint in spellings that an upstream may
// take for it.
func isChatPath(escaped string) bool {
	return strings.EqualFold(path.Clean("/"+plainPath(escaped)), "/chat/completions")
}

// passing is the body of an answer that nobody looks at.
type passing struct {
	x    *exchange
	rep  *reply
	wait patience
	sent bool
	err  error // how the upstream failed
}

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.rep.Read(b)
	if n > 0 && !p.sent {
		p.sent = true
		since := time.Since(p.x.start)
		p.x.entry.Latency.FirstSentence = ms(since)
		if p.x.entry.Stream {
			p.x.first = since
		}
	}
	if err != nil && err != io.EOF {
		p.err = err
	}
	p.wait.extend()
	return n, err
}

// CloseWithError ends the exchange; fasthttp calls it when the reply is out, or
// with the reason why it could not be written.
func (p *passing) CloseWithError(wErr error) error {
	if wErr != nil && p.err == nil {
		p.x.cancel(errClientGone)
	}
	p.x.upstream = p.rep.waited
	if p.err != nil {
		e := classify(p.x.ctx, p.x.entry.Upstream, p.err)
		p.x.failure = e.code
		p.x.entry.Reason = e.code
	}
	p.rep.Close()
	p.x.finish()
	return nil
}

// patience gives a client writeTimeout for each piece of a body, where the server
// would give it that for the whole.
type patience struct {
	conn  net.Conn
	until time.Time
}

func (p *patience) extend() {
	if now := time.Now(); p.until.Sub(now) < writeTimeout/2 { // not for every piece: it costs a timer
		p.until = now.Add(writeTimeout)
		p.conn.SetWriteDeadline(p.until) // fails only on a connection already closed
	}
}
