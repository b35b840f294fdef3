package proxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/web"
	"touchstone/policies"
)

// A noter records an event that an auditor must see. audit.Log is one.
type noter interface {
	Note(ctx context.Context, event, by, why string, with map[string]string) error
}

// registerPolicies adds what operators ask of the policies.
func (a *admin) registerPolicies(app fiber.Router) {
	if a.s.opt.Policies == nil {
		return
	}
	app.Get("/api/policies", a.guardAPI, a.policies)
	app.Post("/api/policies/switch", a.guardAPI, a.switchRoute)
	app.Get("/policies", secure, a.guardPage, a.policiesPage)
	app.Post("/policies/switch", secure, a.guardPage, a.switchForm)
}

// policiesJSON is GET /api/policies.
type policiesJSON struct {
	Status     policies.Status     `json:"status"`
	Rules      []policies.Listed   `json:"rules"`
	Exceptions []policies.Excepted `json:"exceptions"`
	Switches   []policies.Switch   `json:"switches"`
}

func (a *admin) policiesNow() policiesJSON {
	e := a.s.opt.Policies
	out := policiesJSON{Status: e.Status(), Rules: e.List(), Exceptions: e.Exceptions(time.Now()), Switches: []policies.Switch{}}
	if s := a.s.opt.Switches; s != nil {
		out.Switches = s.List()
	}
	return out
}

func (a *admin) policies(c *fiber.Ctx) error { return c.JSON(a.policiesNow()) }

// maxReason bounds what is written of a switch, in bytes.
const maxReason = 500

// setSwitch sets a switch, has it recorded, and says what an operator must know.
func (a *admin) setSwitch(sw policies.Switch) error {
	if a.s.opt.Switches == nil {
		return badRequest("", "This proxy has no switches.")
	}
	known := slices.ContainsFunc(a.s.routes.list, func(r *Route) bool { return r.Name == sw.Route })
	if !known && sw.Route != policies.AllRoutes {
		return badRequest("route", "There is no route %q; * means all.", sw.Route)
	}
	if len(sw.By) > maxReason || len(sw.Why) > maxReason {
		return badRequest("why", "by and why may have %d bytes each.", maxReason)
	}
	sw.At = time.Now().UTC().Truncate(time.Second)
	before := a.s.opt.Switches.Of(sw.Route)
	if sw.To == policies.SwitchOff && before.To == policies.SwitchOff {
		return badRequest("route", "The switch of %q is off already.", sw.Route)
	}
	err := a.s.opt.Switches.Set(sw)
	if err != nil && a.s.opt.Switches.Of(sw.Route).At != sw.At {
		return badRequest("", "%v.", err)
	}
	a.s.log.Warn("route switched", "route", sw.Route, "to", string(sw.To), "by", sw.By)
	if err != nil {
		return &apiError{status: 500, kind: "server_error", code: "switch_not_kept", message: "The switch is set; it could not be kept for the next start.", cause: err}
	}
	if log, ok := a.s.opt.Audit.(noter); ok {
		ctx, cancel := context.WithTimeout(a.s.base, queryTime)
		defer cancel()
		if err := log.Note(ctx, "switch", sw.By, sw.Why, map[string]string{"route": sw.Route, "to": string(sw.To), "from": string(before.To)}); err != nil {
			return &apiError{status: 500, kind: "server_error", code: "audit_unavailable", message: "The switch is set; it could not be recorded.", cause: err}
		}
	}
	return nil
}

// switchRoute is POST /api/policies/switch.
func (a *admin) switchRoute(c *fiber.Ctx) error {
	var in struct {
		Route, To, By, Why string
	}
	if err := readJSON(c, &in, `{"route": "...", "to": "shadow", "by": "...", "why": "..."}`); err != nil {
		return err
	}
	if err := a.setSwitch(policies.Switch{Route: in.Route, To: policies.SwitchTo(in.To), By: in.By, Why: in.Why}); err != nil {
		return err
	}
	return c.JSON(a.policiesNow())
}

// switchForm is the same from the dashboard.
func (a *admin) switchForm(c *fiber.Ctx) error {
	if !fromDashboard(c) {
		return a.message(c, 403, "Not from here", "This form is sent from the dashboard only.", "/policies", "Policies")
	}
	sw := policies.Switch{
		Route: clone(c.FormValue("route")), To: policies.SwitchTo(clone(c.FormValue("to"))), By: clone(strings.TrimSpace(c.FormValue("by"))), Why: clone(strings.TrimSpace(c.FormValue("why"))),
	}
	if err := a.setSwitch(sw); err != nil {
		text := err.Error()
		if e, ok := err.(*apiError); ok {
			text = e.message
		}
		return a.message(c, 400, "Not as it should be", text, "/policies", "Policies")
	}
	return c.Redirect("/policies", 303)
}

// policiesPage is GET /policies.
func (a *admin) policiesPage(c *fiber.Ctx) error {
	now := a.policiesNow()
	v := &web.Policies{Page: a.page("Policies"), Source: now.Status.Source, Label: now.Status.Label, Signed: now.Status.Signed,
		Since: now.Status.Since, Failure: now.Status.Failure, FailedAt: now.Status.FailedAt}
	for _, r := range a.s.routes.list {
		v.Routes = append(v.Routes, r.Name)
	}
	for _, r := range now.Rules {
		rule := web.PolicyRule{
			Rule: web.Rule{ID: r.ID, Action: string(r.Action), Title: r.Title, Severity: r.Severity, Principle: r.Principle,
				Description: r.Description, Obligation: strings.Join(r.Obligation, ", "), Owner: r.Owner, Remediation: r.Remediation},
			State: r.State, Elsewhere: r.Elsewhere,
		}
		if r.Share != nil {
			rule.State += fmt.Sprintf(" %g%%", 100**r.Share)
		}
		v.Rules = append(v.Rules, rule)
	}
	for _, e := range now.Exceptions {
		v.Exceptions = append(v.Exceptions, web.PolicyException{ID: e.ID, Rule: e.Rule, Where: where(e.Routes, e.Apps), From: e.From, Until: e.Until,
			Owner: e.Owner, Reason: e.Reason, State: e.State})
	}
	for _, s := range now.Switches {
		v.Switches = append(v.Switches, web.PolicySwitch{Route: s.Route, To: string(s.To), By: s.By, Why: s.Why, At: s.At})
	}
	return a.html(c, 200, func() ([]byte, error) { return a.pages.Policies(v) })
}

// where says in words for whom an exception holds.
func where(routes, apps []string) string {
	say := func(names []string, one, all string) string {
		if len(names) == 0 {
			return all
		}
		return one + " " + strings.Join(names, ", ")
	}
	return say(routes, "route", "all routes") + "; " + say(apps, "application", "all applications")
}
