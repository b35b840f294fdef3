package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Watched is what rules on alarms see as input: how groups of people fared in a period.
// Its lists are of values that marshal to what watch.schema.json says.
type Watched struct {
	From, To    time.Time
	Comparisons any
	Probes      any
}

// Alarm is a rule on groups that fired.
type Alarm struct {
	Meta
	Message    string `json:"message"`
	Comparison int    `json:"comparison"` // index in Watched.Comparisons; -1 for an alarm about a probe
	Probe      int    `json:"probe"`      // index in Watched.Probes; -1 for an alarm about a comparison
}

// ErrNoAlarms is returned for a bundle that says nothing of alarms: it is from before
// there were any, or its owner took them out.
var ErrNoAlarms = errors.New("the policy bundle does not define data." + alarmsName + ", so no alarm can be raised; `touchstone policy init` writes one that does")

const (
	alarmsName = "touchstone.alarms"
	watchRoot  = "watch" // the package below which rules on alarms stand

	alarmTime = 10 * time.Second // for one evaluation: nobody waits for it
	maxAlarms = 10_000
)

// Alarms asks the policy which of the comparisons call for somebody's attention, the
// gravest first. An error inside a rule, or a malformed alarm, is an error and no silence.
func (e *Engine) Alarms(ctx context.Context, w Watched) ([]Alarm, error) {
	p := e.current.Load()
	list, err := p.watched(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("deciding about alarms by policy: %w", err)
	}
	return list, nil
}

func (p *program) watched(ctx context.Context, w Watched) ([]Alarm, error) {
	input, err := ast.InterfaceToValue(map[string]any{
		"version": 1, "from": w.From.UTC().Format(time.RFC3339), "to": w.To.UTC().Format(time.RFC3339),
		"comparisons": w.Comparisons, "probes": w.Probes,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the comparisons: %w", err)
	}
	cancel := topdown.NewCancel()
	timer := time.AfterFunc(alarmTime, cancel.Cancel)
	defer timer.Stop()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	results, err := p.alarms.Eval(ctx, rego.EvalParsedInput(input), rego.EvalExternalCancel(cancel))
	switch {
	case topdown.IsCancel(err) && ctx.Err() != nil:
		return nil, ctx.Err()
	case topdown.IsCancel(err):
		return nil, fmt.Errorf("%w than %s", errSlow, alarmTime)
	case err != nil:
		return nil, positions(err)
	case len(results) == 0:
		return nil, ErrNoAlarms
	case len(results) > 1 || len(results[0].Expressions) != 1:
		return nil, errors.New("the query has several results")
	}
	term, ok := results[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, fmt.Errorf("the result is a %T", results[0].Expressions[0].Value)
	}
	return p.decodeAlarms(term, input)
}

// decodeAlarms reads the set of alarms about an input.
func (p *program) decodeAlarms(term *ast.Term, input ast.Value) ([]Alarm, error) {
	set, ok := term.Value.(ast.Set)
	if !ok {
		return nil, fmt.Errorf("data.%s is a %s, not a set", alarmsName, ast.ValueName(term.Value))
	}
	if set.Len() > maxAlarms {
		return nil, fmt.Errorf("more than %d alarms", maxAlarms)
	}
	lengths := map[string]int{}
	for _, name := range []string{"comparisons", "probes"} {
		if list, ok := value(input.(ast.Object), name).(*ast.Array); ok {
			lengths[name] = list.Len()
		}
	}
	out := make([]Alarm, 0, set.Len())
	err := set.Iter(func(t *ast.Term) error {
		obj, ok := t.Value.(ast.Object)
		if !ok {
			return fmt.Errorf("an alarm is a %s, not an object", ast.ValueName(t.Value))
		}
		id, _ := value(obj, "id").(ast.String)
		meta, known := p.watches[string(id)]
		if !known {
			return fmt.Errorf("an alarm has the id %q, which is no rule below data.%s", string(id), watchRoot)
		}
		message, _ := value(obj, "message").(ast.String)
		if message == "" || len(message) > maxText {
			return fmt.Errorf("an alarm of the rule %s has no message, or one that is too long", id)
		}
		a := Alarm{Meta: meta, Message: string(message), Comparison: -1, Probe: -1}
		for name, to := range map[string]*int{"comparison": &a.Comparison, "probe": &a.Probe} {
			n, ok := value(obj, name).(ast.Number)
			if !ok {
				continue
			}
			i, whole := n.Int()
			if !whole || i < 0 || i >= lengths[name+"s"] {
				return fmt.Errorf("an alarm of the rule %s is about %s %s, of which there is none", id, name, n)
			}
			*to = i
		}
		if (a.Comparison < 0) == (a.Probe < 0) {
			return fmt.Errorf("an alarm of the rule %s must name one comparison or one probe", id)
		}
		out = append(out, a)
		return nil
	})
	slices.SortFunc(out, func(a, b Alarm) int {
		return cmp.Or(slices.Index(severities, b.Severity)-slices.Index(severities, a.Severity), a.Comparison-b.Comparison, a.Probe-b.Probe, strings.Compare(a.ID, b.ID))
	})
	return out, err
}
