package fairness

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"touchstone/internal/stats"
)

// Explanation says what a comparison means, in words for people who are no statisticians.
type Explanation struct {
	Headline string   `json:"headline"` // one sentence with the figures
	Means    string   `json:"means"`
	Harmed   string   `json:"harmed"`  // who may be
	Touches  []string `json:"touches"` // principles and rules; whether they apply, lawyers say
	Next     []string `json:"next"`    // what to do, in order
}

// Explain explains a comparison, or that it shows nothing.
func Explain(c *Comparison) Explanation {
	e := Explanation{Headline: headline(c), Touches: touches(c)}
	group := c.Group.Title()
	if !c.Differs {
		e.Means = fmt.Sprintf("The figures for %s and for the others are no further apart than chance would put them. That is not proof that they are treated alike: a smaller difference may be there.", group)
		e.Next = []string{"Nothing for now. More exchanges would show smaller differences."}
		return e
	}
	if !c.Worse() {
		e.Means = fmt.Sprintf("Exchanges about %s fare better here than those about the others, by more than chance.", group)
		e.Harmed = "Those the others are about: they fare worse by the same figures."
		e.Next = []string{"Look at the other groups of this attribute first."}
		return e
	}
	e.Means = meanings[c.Outcome]
	switch c.Kind {
	case Drift:
		e.Means = "The difference between this group and the others is larger than in the period before, to the group's harm. " + e.Means
	case FourFifths:
		e.Means = fmt.Sprintf("The rate for %s is less than four fifths of that for %s. In the United States this is the usual sign of adverse impact in selection; it is a sign to look, not a verdict.", group, Group(c.Against).Title())
	}
	e.Harmed = harmed(c)
	e.Next = next(c)
	return e
}

// meanings say what a difference to a group's harm is, by outcome.
var meanings = map[Outcome]string{
	Refusal:       "The model declines more of what is asked about this group. People get no help where others do, often because the mention of the group alone looks risky to the model.",
	Block:         "The policy holds back more of the answers about this group. Either the answers are worse, or a guard or rule reacts to the group itself.",
	Negative:      "Answers about this group more often speak in words of blame, doubt or threat. Tone is measured by a small word list: read some of the answers before drawing conclusions.",
	Contradiction: "Answers about this group more often say what the documents contradict. People of this group are told wrong things more often.",
	Approval:      "Where an answer gives a decision, it approves less often for this group.",
	Served:        "Fewer of the questions about this group get an answer that reaches the reader.",
	Length:        "Answers about this group are shorter. They may hold less help.",
	Reading:       "Answers about this group are harder to read. They help fewer people.",
}

func harmed(c *Comparison) string {
	group := capital(c.Group.Title())
	if c.Attribute == "age" || c.Attribute == "disability" || c.Outcome == Reading {
		return group + " who use " + where(c) + ", and whoever asks for them."
	}
	return group + " who use " + where(c) + " or are spoken of there: customers, applicants, patients, staff."
}

func where(c *Comparison) string {
	if c.App == "" || c.App == "anonymous" {
		return fmt.Sprintf("the route %q", c.Route)
	}
	return fmt.Sprintf("the application %q", c.App)
}

// Attributes that laws of the United States name.
var (
	ecoa     = []string{"ethnicity", "religion", "nationality", "gender", "age", "class", "family"}
	titleVII = []string{"ethnicity", "religion", "nationality", "gender", "orientation"}
)

// touches lists principles and rules that a comparison may touch.
func touches(c *Comparison) []string {
	out := []string{"AI Bill of Rights: Algorithmic Discrimination Protections"}
	if c.Outcome == Contradiction {
		out = append(out, "AI Bill of Rights: Safe and Effective Systems", "EU AI Act Art. 15 (accuracy)")
	}
	if c.Kind == Drift {
		out = append(out, "EU AI Act Art. 72 (monitoring after the market)")
	} else {
		out = append(out, "EU AI Act Art. 26(5) (monitoring by deployers)")
	}
	if c.Outcome == Negative || c.Outcome == Contradiction || c.Outcome == Reading {
		return out
	}
	if c.Kind == FourFifths {
		out = append(out, "Four-fifths rule: 29 CFR 1607.4(D)")
	}
	if slices.Contains(ecoa, c.Attribute) {
		out = append(out, "Where the application lends: ECOA, 15 U.S.C. 1691 and 12 CFR 1002.4")
	}
	switch {
	case slices.Contains(titleVII, c.Attribute), c.Group == "family:pregnant":
		out = append(out, "Where it hires or pays: Title VII, 42 U.S.C. 2000e-2")
	case c.Attribute == "age":
		out = append(out, "Where it hires or pays: ADEA, 29 U.S.C. 623 (40 years and over)")
	case c.Attribute == "disability":
		out = append(out, "Where it hires, or serves the public: ADA, 42 U.S.C. 12112 and 12182")
	}
	if c.Outcome == Approval || c.Outcome == Served || c.Outcome == Refusal {
		out = append(out, "Where it decides about credit, work or public benefits: EU AI Act Annex III (high risk)")
	}
	return out
}

// next lists what to do, in order.
func next(c *Comparison) []string {
	probe := "Ask the same questions with the group changed: touchstone probe -file PROMPTS -route " + c.Route + ". If the answers differ, it is the model; if not, people ask about different things."
	read := fmt.Sprintf("Read exchanges about %s and about the others, side by side.", c.Group.Title())
	switch {
	case c.Kind == FourFifths || c.Outcome == Approval:
		return []string{"Have a person decide, not the answer, until this is explained.", probe, "Find the questions where the rates part, and change the instructions or the model."}
	case c.Kind == Drift:
		return []string{"Look for what changed between the periods: model, instructions, documents, policy revision.", read, probe}
	case c.Outcome == Block:
		return []string{"Look at which rules fire on exchanges about this group: a guard may react to the group's name.", read, "Change the rule's threshold or make an exception while the guard is looked at."}
	case c.Outcome == Contradiction:
		return []string{"Look whether the documents say less, or older things, of what this group asks about.", read}
	}
	return []string{read, probe, "Change the model's instructions so that naming a group is no reason to decline, or use another model."}
}

// headline tells a comparison in one sentence.
func headline(c *Comparison) string {
	group := c.Group.Title()
	subject := "Exchanges about " + group
	if c.Basis == Answered {
		subject = "Answers that bring up " + group
	}
	switch c.Kind {
	case FourFifths:
		verb := "are answered at"
		if c.Outcome == Approval {
			verb = "are approved at"
		}
		return fmt.Sprintf("%s %s %s of the rate of those about %s: %s against %s (%s to %s; bound 80%%).", subject, verb, percent(c.Interval.Value),
			Group(c.Against).Title(), percent(c.Rate.Value), percent(c.Others.Value), percent(c.Interval.Low), percent(c.Interval.High))
	case Drift:
		way := "has grown to the harm of " + group
		switch {
		case !c.Differs:
			way = "is as it was, as far as chance lets tell"
		case c.WorseBy.Value < 0:
			way = "has moved in favour of " + group
		}
		return fmt.Sprintf("The difference in %s between %s and the others %s: a change of %s.", nouns[c.Outcome], group, way, changed(c))
	}
	more, less := verbs[c.Outcome][0], verbs[c.Outcome][1]
	way := more
	if c.Interval.Value < c.Null {
		way = less
	}
	if !c.Differs {
		return fmt.Sprintf("%s %s: %s.", subject, verbs[c.Outcome][2], figures(c))
	}
	return fmt.Sprintf("%s %s: %s.", subject, way, figures(c))
}

// verbs say more, less, and as far as chance lets tell the same.
var verbs = map[Outcome][3]string{
	Refusal:       {"are refused more often than others", "are refused less often than others", "are refused about as often as others"},
	Block:         {"are blocked more often than others", "are blocked less often than others", "are blocked about as often as others"},
	Negative:      {"are answered in a negative tone more often than others", "are answered in a negative tone less often than others", "are answered in a negative tone about as often as others"},
	Contradiction: {"are contradicted by the documents more often than others", "are contradicted by the documents less often than others", "are contradicted by the documents about as often as others"},
	Approval:      {"are approved more often than others", "are approved less often than others", "are approved about as often as others"},
	Length:        {"get longer answers than others", "get shorter answers than others", "get answers about as long as others"},
	Reading:       {"get answers that are harder to read than others", "get answers that are easier to read than others", "get answers about as hard to read as others"},
}

var nouns = map[Outcome]string{Refusal: "refusals", Block: "blocks", Negative: "negative tone", Contradiction: "contradictions", Approval: "approvals", Length: "length", Reading: "reading level", Served: "answers"}

// figures are both rates and their difference with its interval.
func figures(c *Comparison) string {
	switch c.Outcome {
	case Length:
		return fmt.Sprintf("%.0f words against %.0f, a ratio of %.2f (%.2f to %.2f)", c.Rate.Value, c.Others.Value, c.Interval.Value, c.Interval.Low, c.Interval.High)
	case Reading:
		return fmt.Sprintf("grade %.1f against %.1f, a difference of %s grades (%s to %s)", c.Rate.Value, c.Others.Value, signed(c.Interval.Value), signed(c.Interval.Low), signed(c.Interval.High))
	}
	return fmt.Sprintf("%s against %s, a difference of %s points (%s to %s)", percent(c.Rate.Value), percent(c.Others.Value), points(c.Interval.Value), points(c.Interval.Low), points(c.Interval.High))
}

// changed is a drift with its interval.
func changed(c *Comparison) string {
	i := c.Interval
	switch c.Outcome {
	case Length:
		f := func(v float64) string { return fmt.Sprintf("%.2f", math.Exp(v)) }
		return fmt.Sprintf("%s times the ratio (%s to %s)", f(i.Value), f(i.Low), f(i.High))
	case Reading:
		return fmt.Sprintf("%s grades (%s to %s)", signed(i.Value), signed(i.Low), signed(i.High))
	}
	return fmt.Sprintf("%s points (%s to %s)", points(i.Value), points(i.Low), points(i.High))
}

// Figures are a comparison's figures, for tables.
func (c *Comparison) Figures() (rate, others, interval string) {
	show := func(i stats.Interval) string {
		switch c.Outcome {
		case Length:
			return fmt.Sprintf("%.0f words", i.Value)
		case Reading:
			return fmt.Sprintf("grade %.1f", i.Value)
		}
		return percent(i.Value)
	}
	rate, others = show(c.Rate), show(c.Others)
	switch {
	case c.Kind == FourFifths:
		interval = fmt.Sprintf("%s of it (%s to %s)", percent(c.Interval.Value), percent(c.Interval.Low), percent(c.Interval.High))
	case c.Kind == Drift:
		interval = changed(c)
	default:
		_, interval, _ = strings.Cut(figures(c), ", a ")
	}
	return rate, others, interval
}

func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100*v)
}

func points(v float64) string { return signed(100 * v) }

func signed(v float64) string {
	if math.Abs(v) < 0.05 {
		return "0.0"
	}
	return strings.Replace(fmt.Sprintf("%+.1f", v), "-", "−", 1)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
