package proxy

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/web"
)

// pageRows is how many exchanges one page lists.
const pageRows = 40

func clone(s string) string     { return strings.Clone(s) }
func urlEscape(s string) string { return url.QueryEscape(s) }

// page is what is around every page's content.
func (a *admin) page(title string) web.Page {
	p := web.Page{Title: title, SignOut: a.s.opt.AdminKey != "", Notices: a.s.opt.Notices}
	p.Policy, p.Index = a.revisions()
	return p
}

// overviewPage is GET /.
func (a *admin) overviewPage(c *fiber.Ctx) error {
	name, from, to, step, err := window(c.Query("window"))
	var f audit.Filter
	if err == nil {
		f, err = filter(c)
	}
	if err != nil {
		return a.message(c, 400, "No such view", err.(*apiError).message, "/", "Go to the overview")
	}
	before := clone(c.Query("before"))
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	points, err := a.history.Rates(ctx, from, to, step, f)
	if err != nil {
		return historyError(err)
	}
	if c.Query("window") == "" && young(points) {
		name, from, to, step, _ = window("1h")
		if points, err = a.history.Rates(ctx, from, to, step, f); err != nil {
			return historyError(err)
		}
	}
	quantiles, judged, err := a.history.Judging(ctx, from, to, f, 0.5, 0.95)
	if err != nil {
		return historyError(err)
	}
	list, err := a.history.Entries(ctx, f, before, pageRows)
	if err != nil {
		return historyError(err)
	}
	total := audit.Total(points)
	v := &web.Overview{
		Page: a.page("Overview"), Window: name, Filtered: f != audit.Filter{},
		Hallucination: estimate(total.Hallucination()), Coverage: estimate(total.Coverage()), NotMeasured: estimate(total.NotMeasured()),
		Exchanges: total.Exchanges, Passed: total.Passed, Flagged: total.Flagged, Blocked: total.Blocked, Unchecked: total.Unchecked,
		Judged: judged, Host: clone(c.Hostname()), Model: a.exampleModel(),
	}
	v.Refresh = before == ""
	if judged {
		v.JudgeP50, v.JudgeP95 = quantiles[0], quantiles[1]
	}
	rate, coverage, columns := make([]web.Point, len(points)), make([]web.Point, len(points)), make([]web.Column, len(points))
	for i, p := range points {
		rate[i] = web.Point{At: p.At, Estimate: estimate(p.Hallucination())}
		coverage[i] = web.Point{At: p.At, Estimate: estimate(p.Coverage())}
		columns[i] = web.Column{At: p.At, Passed: p.Passed, Flagged: p.Flagged, Blocked: p.Blocked, Unchecked: p.Unchecked}
	}
	v.RateChart = web.LineChart("Contradicted sentences per 1,000 checked ones over time, with the 95% interval", "rate", rate, step, false)
	v.CovChart = web.LineChart("Share of checked sentences that the ground truth speaks to over time, with the 95% interval", "coverage", coverage, step, true)
	v.OutcomeChart = web.StackedBars("Exchanges over time by outcome", columns, step)

	query := func(change func(url.Values)) string {
		q := url.Values{}
		for k, s := range map[string]string{"window": name, "route": f.Route, "model": f.Model, "app": f.App, "outcome": string(f.Outcome)} {
			if s != "" {
				q.Set(k, s)
			}
		}
		change(q)
		return "/?" + q.Encode()
	}
	for _, w := range windows {
		v.Windows = append(v.Windows, web.Choice{Name: w.name, URL: query(func(q url.Values) { q.Set("window", w.name) }), Chosen: w.name == name})
	}
	names := a.history.Names()
	v.Selects = []web.Select{
		selectOf("route", "Route", f.Route, names.Routes), selectOf("model", "Model", f.Model, names.Models), selectOf("app", "App", f.App, names.Apps),
		{Name: "outcome", Label: "Outcome", Choices: []web.Choice{{Name: "All"},
			{Name: "Passed", Value: "pass"}, {Name: "Flagged", Value: "flag"}, {Name: "Blocked", Value: "block"}, {Name: "Unchecked", Value: "unchecked"}}},
	}
	for i := range v.Selects[3].Choices {
		v.Selects[3].Choices[i].Chosen = v.Selects[3].Choices[i].Value == string(f.Outcome)
	}
	for i := range list {
		v.Rows = append(v.Rows, rowOf(&list[i]))
	}
	if before != "" {
		v.First = query(func(url.Values) {})
	}
	if len(list) == pageRows {
		v.Older = query(func(q url.Values) { q.Set("before", list[pageRows-1].ID) })
	}
	return a.html(c, 200, func() ([]byte, error) { return a.pages.Overview(v) })
}

// young tells whether all there is happened in the last two steps: then a shorter
// window shows more.
func young(points []audit.Point) bool {
	for _, p := range points[:max(0, len(points)-2)] {
		if p.Exchanges > 0 {
			return false
		}
	}
	return true
}

// exampleModel is a model that clients may ask for.
func (a *admin) exampleModel() string {
	for _, r := range a.s.routes.list {
		for _, m := range r.Models {
			if m != "*" {
				return m
			}
		}
	}
	return "gpt-4o-mini"
}

func selectOf(name, label, chosen string, values []string) web.Select {
	s := web.Select{Name: name, Label: label, Choices: []web.Choice{{Name: "All"}}}
	for _, v := range values {
		if v != "" {
			s.Choices = append(s.Choices, web.Choice{Name: v, Value: v, Chosen: v == chosen})
		}
	}
	return s
}

func estimate(e audit.Estimate) web.Estimate {
	return web.Estimate{Value: e.Value, Low: e.Low, High: e.High, Of: e.Of}
}

// excerptLength is how many bytes of a question a list shows at most.
const excerptLength = 240

func excerpt(s string) string {
	if len(s) <= excerptLength {
		return strings.Join(strings.Fields(s), " ")
	}
	cut := excerptLength
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Join(strings.Fields(s[:cut]), " ") + "…"
}

func rowOf(s *audit.Summary) web.Row {
	r := web.Row{
		ID: s.ID, At: s.At.UTC(), App: s.App, Route: s.Route, Model: s.Model, Outcome: string(s.Outcome), Verdict: string(s.Verdict),
		Shadow: s.Shadow, Status: s.Status, Ms: s.Ms, Note: s.Reason,
		Supported: s.Counts.Supported, Contradicted: s.Counts.Contradicted, NotCovered: s.Counts.NotCovered,
		NotMeasured: s.Counts.NotMeasured, NotClaim: s.Counts.NotClaim,
	}
	if s.Keep == audit.KeepHash && s.Question != "" {
		r.Note = "Question kept as a hash: " + s.Question[:min(12, len(s.Question))] + "…"
	} else {
		r.Question = excerpt(s.Question)
	}
	if r.Question == "" && r.Note == "" {
		r.Note = s.Kind
	}
	return r
}

// exchangePage is GET /exchanges/ID.
func (a *admin) exchangePage(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	e, err := a.history.Entry(ctx, clone(c.Params("id")))
	if errors.Is(err, audit.ErrNotFound) {
		return a.message(c, 404, "No such exchange", "The audit log holds no exchange with this ID. A new one takes a moment to be written.", "/", "All exchanges")
	}
	if err != nil {
		return historyError(err)
	}
	v := exchangeView(e)
	if a.reviewer != nil {
		rulings, err := a.reviewer.Rulings(ctx, e.ID)
		if err != nil {
			return historyError(err)
		}
		showRulings(v, rulings)
	}
	v.Page = a.page("Exchange of " + e.At.UTC().Format(time.DateTime))
	return a.html(c, 200, func() ([]byte, error) { return a.pages.Exchange(v) })
}
