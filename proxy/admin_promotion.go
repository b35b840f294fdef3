package proxy

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/review"
	"touchstone/internal/web"
)

// A library lets what was recorded be read through. audit.Log is one.
type library interface{ Reader() *audit.Reader }

// Bounds on what one page reads and lists: the command reads all.
const (
	promotionReads = 10_000 // exchanges, the newest
	promotionLists = 50
)

func (a *admin) registerPromotion(app fiber.Router) {
	if _, ok := a.s.opt.Audit.(library); !ok {
		return
	}
	app.Get("/api/policies/rules/:rule/promotion", a.guardAPI, func(c *fiber.Ctx) error {
		p, _, _, err := a.promotion(c, 1000)
		if err != nil {
			return err
		}
		return c.JSON(p)
	})
	app.Get("/policies/rules/:rule", secure, a.guardPage, a.promotionPage)
}

// promotion looks at a rule in the traffic of a window; cut tells that only the newest
// of it was read.
func (a *admin) promotion(c *fiber.Ctx, most int) (p *review.Promotion, name string, cut bool, err error) {
	name, from, _, _, err := window(c.Query("window", "7d"))
	if err != nil {
		return nil, "", false, err
	}
	f, err := filter(c)
	if err != nil {
		return nil, "", false, err
	}
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	log := a.s.opt.Audit.(library).Reader()
	span, cut, err := log.Newest(ctx, audit.Span{From: from, Filter: f}, promotionReads)
	if err == nil {
		p, err = (&review.Promoting{Span: span, Rule: clone(c.Params("rule")), Most: most}).Run(ctx, log)
	}
	if err != nil {
		return nil, "", false, historyError(err)
	}
	return p, name, cut, nil
}

// promotionPage is GET /policies/rules/RULE.
func (a *admin) promotionPage(c *fiber.Ctx) error {
	p, chosen, cut, err := a.promotion(c, promotionLists)
	if bad, ok := err.(*apiError); ok && bad.status == 400 {
		return a.message(c, 400, "No such view", bad.message, "/policies", "Policies")
	} else if err != nil {
		return err
	}
	v := &web.RuleView{Page: a.page(p.Rule), Heading: "On recorded traffic:", Rule: p.Rule, Notes: p.Notes(),
		Period: "Exchanges since " + p.From.UTC().Format("2 January 2006, 15:04") + " UTC"}
	if cut {
		v.Notes = append([]string{fmt.Sprintf("Only the newest %d exchanges of the window were read. touchstone policy promotion reads all.", promotionReads)}, v.Notes...)
	}
	for _, w := range windows {
		v.Windows = append(v.Windows, web.Choice{Name: w.name, URL: "?window=" + w.name, Chosen: w.name == chosen})
	}
	for _, f := range p.Figures() {
		v.Figures = append(v.Figures, web.Fact{Name: f[0], Value: f[1]})
	}
	v.Tables = []web.Table{partsTable("By application", "Application", p.Apps), partsTable("By route", "Route", p.Routes)}
	if len(p.Groups) > 0 {
		v.Tables = append(v.Tables, partsTable("By group", "Group", p.Groups))
	}
	v.Tables = append(v.Tables,
		firingsTable("Newly blocked, if it were applied to all", p.Blocked),
		firingsTable("Newly allowed, if it were applied to none", p.Allowed))
	return a.html(c, 200, func() ([]byte, error) { return a.pages.Rule(v) })
}

func partsTable(title, what string, parts []review.Part) web.Table {
	t := web.Table{Title: title, Head: []string{what, "Exchanges", "Fires in", "Would block"}}
	for i := range parts {
		p := &parts[i]
		t.Rows = append(t.Rows, []web.Choice{{Name: p.Name}, {Name: fmt.Sprint(p.Exchanges())}, {Name: p.Fired.String()}, {Name: p.WouldBlock.String()}})
	}
	return t
}

func firingsTable(title string, list []review.Firing) web.Table {
	t := web.Table{Title: title, Head: []string{"Exchange", "Time", "Application", "Route", "Model", "What it says", "Reviewed"}}
	if len(list) == promotionLists {
		t.Title += fmt.Sprintf(", the first %d", promotionLists)
	}
	for _, f := range list {
		t.Rows = append(t.Rows, []web.Choice{{Name: f.ID, URL: "/exchanges/" + url.PathEscape(f.ID)}, {Name: f.At.UTC().Format(time.DateTime)}, {Name: f.App}, {Name: f.Route}, {Name: f.Model}, {Name: f.Message}, {Name: f.Reviewed}})
	}
	return t
}
