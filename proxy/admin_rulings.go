package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/web"
)

// A reviewer keeps what people say of recorded decisions. audit.Log is one.
type reviewer interface {
	Review(ctx context.Context, r audit.Ruling) (audit.Ruling, error)
	Rulings(ctx context.Context, exchange string) ([]audit.Ruling, error)
}

func (a *admin) registerRulings(app fiber.Router) {
	r, ok := a.s.opt.Audit.(reviewer)
	if !ok {
		return
	}
	a.reviewer = r
	app.Get("/api/exchanges/:id/rulings", a.guardAPI, a.rulings)
	app.Post("/api/exchanges/:id/rulings", a.guardAPI, a.rule)
	app.Post("/exchanges/:id/rulings", secure, a.guardPage, a.ruleForm)
}

// rulings is GET /api/exchanges/ID/rulings.
func (a *admin) rulings(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	list, err := a.reviewer.Rulings(ctx, clone(c.Params("id")))
	if err != nil {
		return historyError(err)
	}
	return c.JSON(struct {
		Rulings []audit.Ruling `json:"rulings"`
	}{list})
}

// review takes a ruling; what cannot be taken is the caller's mistake.
func (a *admin) review(r audit.Ruling) (audit.Ruling, error) {
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	r, err := a.reviewer.Review(ctx, r)
	switch {
	case errors.Is(err, audit.ErrNotFound):
		return r, &apiError{status: 404, kind: "invalid_request_error", param: "id", code: "not_found", message: "The audit log holds no such exchange."}
	case errors.Is(err, audit.ErrBadRuling):
		return r, badRequest("", "%v.", err)
	case err != nil:
		return r, &apiError{status: 500, kind: "server_error", code: "audit_unavailable", message: "The ruling could not be recorded.", cause: err}
	}
	return r, nil
}

// rule is POST /api/exchanges/ID/rulings.
func (a *admin) rule(c *fiber.Ctx) error {
	var in struct {
		Choice   int
		Sentence *int
		Rule     string
		Right    *bool
		By, Note string
	}
	const example = `{"choice": 0, "sentence": 2, "right": false, "by": "...", "note": "..."}`
	if err := readJSON(c, &in, example); err != nil {
		return err
	}
	if in.Right == nil {
		return badRequest("right", "Say whether it was right: %s.", example)
	}
	r, err := a.review(audit.Ruling{Exchange: clone(c.Params("id")), Choice: in.Choice, Sentence: in.Sentence, Rule: in.Rule, Right: *in.Right, By: in.By, Note: in.Note})
	if err != nil {
		return err
	}
	return c.Status(201).JSON(r)
}

// ruleForm is the same from the page of the exchange.
func (a *admin) ruleForm(c *fiber.Ctx) error {
	id := clone(c.Params("id"))
	back := "/exchanges/" + url.PathEscape(id)
	if !fromDashboard(c) {
		return a.message(c, 403, "Not from here", "This form is sent from the dashboard only.", back, "The exchange")
	}
	r := audit.Ruling{Exchange: id, Rule: clone(c.FormValue("rule")), Right: c.FormValue("ruling") == "right",
		By: clone(strings.TrimSpace(c.FormValue("by"))), Note: clone(strings.TrimSpace(c.FormValue("note")))}
	var err error
	if r.Choice, err = strconv.Atoi(c.FormValue("choice")); err == nil && c.FormValue("sentence") != "" {
		var n int
		n, err = strconv.Atoi(c.FormValue("sentence"))
		r.Sentence = &n
		back += "#" + web.Anchor(r.Choice, n+1)
	}
	if err != nil || c.FormValue("ruling") != "right" && c.FormValue("ruling") != "wrong" {
		err = badRequest("", "The form is not one of this dashboard's.")
	} else {
		_, err = a.review(r)
	}
	var bad *apiError
	if errors.As(err, &bad) {
		return a.message(c, bad.status, "The ruling was not taken", bad.message, back, "The exchange")
	}
	return c.Redirect(back, 303)
}

// showRulings puts rulings, and the means to rule, into the view of an exchange.
func showRulings(v *web.Exchange, rulings []audit.Ruling) {
	said := func(choice int, sentence *int, rule string) (out []web.Ruling) {
		for _, r := range rulings {
			same := r.Choice == choice && r.Rule == rule && (r.Sentence == nil) == (sentence == nil) && (sentence == nil || *r.Sentence == *sentence)
			if same {
				out = append(out, web.Ruling{Right: r.Right, By: r.By, At: r.At.UTC(), Note: r.Note})
			}
		}
		return out
	}
	for i := range v.Answers {
		a := &v.Answers[i]
		for n := range a.Sentences {
			a.Sentences[n].Review = &web.Review{Exchange: v.ID, Choice: a.Choice, Sentence: strconv.Itoa(n), Rulings: said(a.Choice, &n, "")}
		}
		for _, rules := range [][]web.Rule{a.Rules, a.Shadow} {
			for n := range rules {
				rules[n].Review = &web.Review{Exchange: v.ID, Choice: a.Choice, Rule: rules[n].ID, Rulings: said(a.Choice, nil, rules[n].ID)}
			}
		}
	}
}

// fromDashboard tells whether a form was sent by a page of this server: a browser
// says where a form stands.
func fromDashboard(c *fiber.Ctx) bool {
	origin, err := url.Parse(c.Get("Origin"))
	return err == nil && origin.Host == string(c.Request().Host())
}

// readJSON reads a body of JSON, which pages of other sites cannot send without asking
// first.
func readJSON(c *fiber.Ctx, to any, example string) error {
	if media, _, _ := strings.Cut(string(c.Request().Header.ContentType()), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return badRequest("content-type", "Send it as application/json.")
	}
	dec := json.NewDecoder(strings.NewReader(string(c.Request().Body())))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return badRequest("", "Send %s: %v.", example, err)
	}
	return nil
}
