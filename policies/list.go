package policies

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Listed is a rule as it is set where no route or application says otherwise.
type Listed struct {
	Meta
	Action    Action   `json:"action"`
	State     string   `json:"state"`               // draft, shadow, canary or enforce
	Share     *float64 `json:"share,omitempty"`     // of a canary
	Elsewhere []string `json:"elsewhere,omitempty"` // routes and applications with settings of their own, such as "route support"
}

// List is the rules in force with their settings, by id.
func (e *Engine) List() []Listed { return e.current.Load().list }

// list reads settings from the data of a bundle, as far as they are well formed.
func (src *source) list(rules map[string]Meta) []Listed {
	section := func(name string) map[string]any {
		m, _ := src.data[name].(map[string]any)
		return m
	}
	var out []Listed
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		l := Listed{Meta: rules[id], State: "enforce"}
		settings, _ := section("defaults")[id].(map[string]any)
		if a, ok := settings["action"].(string); ok {
			l.Action = Action(a)
		}
		if s, ok := settings["state"].(string); ok {
			l.State = s
		}
		if n, ok := settings["share"].(json.Number); ok && l.State == "canary" {
			if share, err := n.Float64(); err == nil {
				l.Share = &share
			}
		}
		for _, level := range []struct{ section, one string }{{"routes", "route"}, {"apps", "application"}} {
			for _, who := range slices.Sorted(maps.Keys(section(level.section))) {
				own, _ := section(level.section)[who].(map[string]any)
				if _, ok := own[id]; ok {
					l.Elsewhere = append(l.Elsewhere, level.one+" "+who)
				}
			}
		}
		out = append(out, l)
	}
	return out
}

// Excepted is an exception of data.yaml and how it stands.
type Excepted struct {
	ID     string   `json:"id"`
	Rule   string   `json:"rule"`
	Routes []string `json:"routes,omitempty"` // none: all
	Apps   []string `json:"apps,omitempty"`
	From   string   `json:"from,omitempty"` // days, UTC
	Until  string   `json:"until"`
	Owner  string   `json:"owner"`
	Reason string   `json:"reason"`
	State  string   `json:"state"` // at the time asked for: "to come", "in force" or "over"
}

// Exceptions are those of the bundle in force, as they stand at a time.
func (e *Engine) Exceptions(at time.Time) []Excepted {
	today := at.UTC().Format(time.DateOnly)
	out := slices.Clone(e.current.Load().exceptions)
	for i := range out {
		switch x := &out[i]; {
		case x.Until < today:
			x.State = "over"
		case x.From > today:
			x.State = "to come"
		default:
			x.State = "in force"
		}
	}
	return out
}

// exceptions reads those of a bundle's data. A bundle that does not check its data may
// hold others than ours; they are left out.
func (src *source) exceptions() []Excepted {
	out := []Excepted{}
	list, _ := src.data["exceptions"].([]any)
	for _, e := range list {
		text, err := json.Marshal(e)
		var x Excepted
		if err == nil && json.Unmarshal(text, &x) == nil {
			out = append(out, x)
		}
	}
	return out
}
