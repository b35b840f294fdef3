package proxy

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/stats"
	"touchstone/internal/web"
	"touchstone/policies"
)

// GroupCheck is what a scheduled check of groups found, and which alarms the policy
// raises on that.
type GroupCheck struct {
	From, To time.Time
	Findings fairness.Findings
	Alarms   []policies.Alarm
	Failure  string // why there are no alarms although there may be; "" when the policy decided
}

// groupWindow is the window of the page on groups, which thinks in days.
const groupWindow = "7d"

// compared compares the groups of a window, and with the window before.
func (a *admin) compared(c *fiber.Ctx) (name string, from, to time.Time, f audit.Filter, found fairness.Findings, err error) {
	name = c.Query("window")
	if name == "" {
		name = groupWindow
	}
	var step time.Duration
	if name, from, to, step, err = window(name); err != nil {
		return
	}
	if from, to, _, err = exactWindow(c, from, to, step); err != nil {
		return
	}
	if f, err = filter(c); err != nil || a.s.opt.Fairness == nil {
		return
	}
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	now, err := a.history.Groups(ctx, from, to, f)
	if err != nil {
		return name, from, to, f, found, historyError(err)
	}
	before, err := a.history.Groups(ctx, from.Add(from.Sub(to)), from, f)
	if err != nil {
		return name, from, to, f, found, historyError(err)
	}
	return name, from, to, f, fairness.Compare(now, before, *a.s.opt.Fairness), nil
}

// explained is a comparison with what it means.
type explained struct {
	fairness.Comparison
	Explanation fairness.Explanation `json:"explanation"`
}

// alarmed is an alarm with what it is about.
type alarmed struct {
	policies.Alarm
	About *explained `json:"about,omitempty"`
}

// groupCheckJSON is the last scheduled check.
type groupCheckJSON struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Alarms  []alarmed `json:"alarms"`
	Failure string    `json:"failure,omitempty"`
}

func (a *admin) lastCheck() *GroupCheck {
	if a.s.opt.GroupCheck == nil {
		return nil
	}
	return a.s.opt.GroupCheck()
}

// groups is GET /api/groups.
func (a *admin) groups(c *fiber.Ctx) error {
	_, from, to, _, found, err := a.compared(c)
	if err != nil {
		return err
	}
	out := struct {
		From        time.Time       `json:"from"`
		To          time.Time       `json:"to"`
		Recorded    bool            `json:"recorded"` // false: fairness.groups is off
		Rate        float64         `json:"rate"`
		MinSample   int             `json:"min_sample"`
		Needed      int             `json:"needed"`
		Comparisons []explained     `json:"comparisons"`
		Thin        []fairness.Thin `json:"too_few"`
		Check       *groupCheckJSON `json:"check"` // the last scheduled one; null before
	}{From: from, To: to, Recorded: a.s.opt.Fairness != nil, Rate: found.Settings.Rate, MinSample: found.Settings.MinSample, Needed: found.Needed,
		Comparisons: []explained{}, Thin: slices.Concat([]fairness.Thin{}, found.Thin)}
	for i := range found.Comparisons {
		out.Comparisons = append(out.Comparisons, explained{found.Comparisons[i], fairness.Explain(&found.Comparisons[i])})
	}
	if k := a.lastCheck(); k != nil {
		out.Check = &groupCheckJSON{From: k.From, To: k.To, Failure: k.Failure, Alarms: []alarmed{}}
		for _, alarm := range k.Alarms {
			one := alarmed{Alarm: alarm}
			if alarm.Comparison >= 0 {
				about := &k.Findings.Comparisons[alarm.Comparison]
				one.About = &explained{*about, fairness.Explain(about)}
			}
			out.Check.Alarms = append(out.Check.Alarms, one)
		}
	}
	return c.JSON(out)
}

// Bounds on what the page shows at once.
const (
	maxDisparities = 40
	maxAlikeRows   = 300
)

// groupsPage is GET /groups.
func (a *admin) groupsPage(c *fiber.Ctx) error {
	name, _, _, f, found, err := a.compared(c)
	if err != nil {
		if e, ok := err.(*apiError); ok && e.status == 400 {
			return a.message(c, 400, "No such view", e.message, "/groups", "All groups")
		}
		return err
	}
	v := &web.Groups{Page: a.page("How groups are treated"), Window: name, Off: a.s.opt.Fairness == nil, Compared: len(found.Comparisons),
		Needed: found.Needed, MinSample: found.Settings.MinSample, Rate: found.Settings.Rate, Filtered: f.Route+f.Model+f.App != ""}
	for _, w := range windows {
		q := url.Values{"window": {w.name}}
		for k, s := range map[string]string{"route": f.Route, "model": f.Model, "app": f.App} {
			if s != "" {
				q.Set(k, s)
			}
		}
		v.Windows = append(v.Windows, web.Choice{Name: w.name, URL: "/groups?" + q.Encode(), Chosen: w.name == name})
	}
	names := a.history.Names()
	v.Selects = []web.Select{selectOf("route", "Route", f.Route, names.Routes), selectOf("model", "Model", f.Model, names.Models), selectOf("app", "App", f.App, names.Apps)}
	for i := range found.Comparisons {
		k := &found.Comparisons[i]
		switch {
		case k.Differs && len(v.Worse) < maxDisparities:
			v.Worse = append(v.Worse, disparity(k))
		case k.Differs:
			v.Hidden++
		case len(v.Rest) < maxAlikeRows:
			v.Rest = append(v.Rest, groupRow(k))
		}
	}
	for _, t := range found.Thin {
		v.Thin = append(v.Thin, web.ThinGroup{Group: groupName(t.Group, t.Basis), Exchanges: t.Exchanges, Where: place(t.Stratum)})
	}
	v.Check = checkView(a.lastCheck())
	return a.html(c, 200, func() ([]byte, error) { return a.pages.Groups(v) })
}

func checkView(k *GroupCheck) *web.GroupCheck {
	if k == nil {
		return nil
	}
	v := &web.GroupCheck{Period: k.From.UTC().Format("Mon 2 Jan 15:04") + " to " + k.To.UTC().Format("Mon 2 Jan 2006 15:04") + " UTC", Failure: k.Failure}
	for _, alarm := range k.Alarms {
		one := web.GroupAlarm{Severity: alarm.Severity, Title: alarm.Title, Message: alarm.Message, Owner: alarm.Owner, Remediation: alarm.Remediation, Obligation: alarm.Obligation}
		if alarm.Comparison >= 0 {
			about := &k.Findings.Comparisons[alarm.Comparison]
			one.Headline, one.Where = fairness.Explain(about).Headline, place(about.Stratum)
		}
		v.Alarms = append(v.Alarms, one)
	}
	return v
}

func place(s fairness.Stratum) string {
	return strings.Join([]string{s.App, s.Route, s.Model}, " · ")
}

func groupName(g fairness.Group, b fairness.Basis) string {
	if b == fairness.Answered {
		return g.Title() + " (named in answers)"
	}
	return g.Title()
}

var kindNames = map[fairness.Kind]string{fairness.Difference: "difference", fairness.FourFifths: "four-fifths rule", fairness.Drift: "drift"}

func disparity(k *fairness.Comparison) web.Disparity {
	e := fairness.Explain(k)
	rate, others, _ := k.Figures()
	against := "others"
	if k.Kind == fairness.FourFifths {
		against = fairness.Group(k.Against).Title()
	}
	range95 := func(i stats.Interval, text string) string {
		return text + ", 95%: " + short(k, i.Low) + " to " + short(k, i.High)
	}
	return web.Disparity{
		Headline: e.Headline, Kind: capital(kindNames[k.Kind]) + ", " + fairness.AttributeTitle(k.Attribute), Where: place(k.Stratum), Better: !k.Worse(),
		Forest: web.Forest([]string{fmt.Sprintf("%s (%d)", k.Group.Title(), k.Of), fmt.Sprintf("%s (%d)", against, k.OfOthers)},
			[]string{range95(k.Rate, rate), range95(k.Others, others)},
			[][3]float64{{k.Rate.Value, k.Rate.Low, k.Rate.High}, {k.Others.Value, k.Others.Low, k.Others.High}}),
		Means: e.Means, Harmed: e.Harmed, Touches: e.Touches, Next: e.Next,
	}
}

// short is one figure of a comparison's outcome.
func short(k *fairness.Comparison, v float64) string {
	switch k.Outcome {
	case fairness.Length:
		return fmt.Sprintf("%.0f", v)
	case fairness.Reading:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.1f%%", 100*v)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func groupRow(k *fairness.Comparison) web.GroupRow {
	rate, others, interval := k.Figures()
	return web.GroupRow{Group: groupName(k.Group, k.Basis), Outcome: string(k.Outcome), Kind: kindNames[k.Kind], Where: place(k.Stratum),
		Rate: rate, Others: others, Interval: interval, Of: k.Of, OfOthers: k.OfOthers}
}
