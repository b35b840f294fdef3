package proxy

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/tidwall/gjson"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// check judges an answer that somebody else got: {question, context, answer,
// route} in, the receipt out. It is `touchstone check` over HTTP.
func (s *Server) check(c *fiber.Ctx) error {
	x := s.begin(c, "check")
	defer x.finish()
	err := s.safely(x.entry.Path, func() error { return s.serveCheck(c, x) })
	if err != nil {
		x.failed(err)
		x.mark(c, x.entry.Outcome, policies.Allow, nil)
	}
	return err
}

func (s *Server) serveCheck(c *fiber.Ctx, x *exchange) error {
	if err := x.identify(c); err != nil {
		return err
	}
	body := append([]byte(nil), c.Request().Body()...)
	if err := checkJSON(body); err != nil {
		return badRequest("", "The request body is not valid JSON: %v.", err)
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() {
		return badRequest("", "The request body must be a JSON object, not %s.", typeName(root))
	}
	x.req = &chatRequest{n: 1}
	fields := map[string]string{}
	var bad error
	root.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "question", "answer", "route", "model":
			if value.Type != gjson.String {
				bad = wrongType(key.Str, "a string", value)
			}
			fields[key.Str] = strings.Clone(value.Str)
		case "scope":
			if x.req.scope, bad = parseScope("scope", value); bad == nil {
				bad = x.within("scope", x.req.scope)
			}
		case "context":
			x.req.given, bad = parseContext("context", value)
		case "group":
			x.req.groups, bad = parseGroups("group", value)
		default:
			bad = badRequest(key.Str, "The fields are question, context, answer, group, model, route and scope, not %q.", key.Str)
		}
		return bad == nil
	})
	if bad != nil {
		return bad
	}
	if fields["answer"] == "" {
		return badRequest("answer", "The field \"answer\" is missing or empty.")
	}
	route, err := s.checkRoute(fields["route"], x.who)
	if err != nil {
		return err
	}
	x.take(route)
	if err := x.declare("group", x.req.groups); err != nil {
		return err
	}
	x.entry.Upstream, x.entry.Model = "", fields["model"]
	x.entry.Question, x.entry.Answers = fields["question"], []string{fields["answer"]}
	x.req.messages = []guards.Message{{Role: "user", Text: fields["question"]}}
	x.screening = route.Judge.Screen(x.ctx, x.subject(0))
	k := x.open(0)
	x.cases = []*judge.Case{k}
	k.Add(x.ctx, fields["answer"], true)
	receipts := x.receipts()
	action := x.settle(receipts)
	x.entry.Latency.FirstSentence = ms(time.Since(x.start))
	x.mark(c, x.entry.Outcome, action, rulesOf(receipts))
	out := receipts[0]
	if !x.who.detail {
		out = withoutDetail(out)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	c.Response().Header.SetContentType("application/json")
	c.Response().SetBodyRaw(b)
	return nil
}

// checkRoute is the named route, or the first checked one that the key may use.
func (s *Server) checkRoute(name string, who *caller) (*Route, error) {
	for _, r := range s.routes.list {
		if r.Judge == nil || !who.may(r.Name) || name != "" && r.Name != name {
			continue
		}
		return r, nil
	}
	if name == "" {
		return nil, badRequest("route", "This key has no route with guards.")
	}
	return nil, &apiError{status: 404, kind: "invalid_request_error", param: "route", code: "route_not_found",
		message: "This key has no route of that name with guards." + s.routes.offer(who)}
}

// withoutDetail leaves out what could tell of the ground truth.
func withoutDetail(r judge.Receipt) judge.Receipt {
	r.Rules, r.Shadow, r.Steps = nil, nil, nil
	kept := make([]judge.SentenceRecord, len(r.Sentences))
	for i, s := range r.Sentences {
		s.Evidence, s.Reason = nil, ""
		kept[i] = s
	}
	r.Sentences = kept
	r.Findings = slices.Clone(r.Findings)
	for i := range r.Findings {
		r.Findings[i].Reason = ""
	}
	return r
}
