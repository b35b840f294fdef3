package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fatih/color"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// maxEval is the largest file that eval reads, in bytes.
const maxEval = 64 << 20

func runPolicyEval(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "eval", " FILE", "Decides on one recorded answer and says in plain words why each rule fired or did not. FILE is an audit\nentry (GET /api/exchanges/ID), a receipt (check -o json) or a policy input (docs/policies.md), as JSON; - is\nstandard input.")
	dir := fs.String("policies", "", "`BUNDLE`: a folder, a .tar.gz file or an address")
	rule := fs.String("rule", "", "only the rule with this `ID`, in full")
	all := fs.Bool("all", false, "also rules that are off, and those that found nothing to look at")
	output := fs.String("o", "text", "`FORMAT`: text or json")
	var asked judge.Asked
	fs.StringVar(&asked.Route, "route", "", "of a receipt: the `ROUTE`")
	fs.StringVar(&asked.App, "app", "", "of a receipt: the `APPLICATION`")
	fs.StringVar(&asked.Model, "model", "", "of a receipt: the `MODEL`")
	if code, ok := parseOperands(fs, args, 1); !ok {
		return code
	}
	if *output != "text" && *output != "json" {
		fmt.Fprintf(std.Err, "touchstone policy eval: -o %q is not text or json\n", *output)
		return exitUsage
	}
	inputs, err := evalInputs(fs.Arg(0), std.In, asked)
	if err != nil {
		return policyFailed(std, "eval", err)
	}
	var list []*policies.Explained
	for _, in := range inputs {
		x, err := policies.Explain(ctx, *dir, in, *rule)
		if err != nil {
			return policyFailed(std, "eval", err)
		}
		list = append(list, x)
	}
	if *output == "json" {
		enc := json.NewEncoder(std.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(list); err != nil {
			return policyFailed(std, "eval", err)
		}
		return exitOK
	}
	for i, x := range list {
		if len(list) > 1 {
			fmt.Fprintf(std.Out, "%s\n", color.New(color.Bold).Sprintf("Decision %d of %d, about %s", i+1, len(list), about(inputs[i])))
		}
		showExplained(x, *all || *rule != "", std.Out)
	}
	return exitOK
}

// about says what a decision is about.
func about(in *policies.Input) string {
	if in.Phase == policies.PromptPhase {
		return "what came in"
	}
	s := "the answer"
	if in.Choice > 0 {
		s = fmt.Sprintf("choice %d of the answer", in.Choice)
	}
	if !in.Final {
		s = "a part of " + s
	}
	return s
}

// evalInputs are the questions that a file holds, in the order they were asked.
func evalInputs(name string, stdin io.Reader, asked judge.Asked) ([]*policies.Input, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxEval+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(text) > maxEval {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxEval>>20)
	}
	var look struct {
		Choices   json.RawMessage `json:"choices"`
		Sentences json.RawMessage `json:"sentences"`
		Verdict   string          `json:"verdict"`
	}
	if err := json.Unmarshal(text, &look); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	switch {
	case look.Choices != nil:
		var e audit.Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("reading the audit entry %s: %w", name, err)
		}
		var all []*policies.Input
		for i := range e.Choices {
			list, err := e.Choices[i].Inputs(judge.Asked{App: e.App, Route: e.Route, Model: e.Model, Streamed: e.Stream, At: e.At})
			if err != nil {
				return nil, fmt.Errorf("the audit entry %s: %w", name, err)
			}
			if i > 0 && len(list) > 0 && list[0].Phase == policies.PromptPhase {
				list = list[1:] // it is in the receipt of each choice
			}
			all = append(all, list...)
		}
		if len(all) == 0 {
			return nil, errors.New("nothing was decided in this exchange")
		}
		return all, nil
	case look.Verdict != "" && strings.HasPrefix(string(look.Sentences), "["):
		var r judge.Receipt
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("reading the receipt %s: %w", name, err)
		}
		list, err := r.Inputs(asked)
		if err != nil {
			return nil, fmt.Errorf("the receipt %s: %w", name, err)
		}
		return list, nil
	}
	one, err := policies.ParseInput(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no audit entry, no receipt, and as a policy input: %w", name, err)
	}
	return []*policies.Input{one}, nil
}

// showExplained tells a decision and why each rule fired or did not.
func showExplained(x *policies.Explained, all bool, w io.Writer) {
	fmt.Fprintf(w, "Decision: %s, by policy revision %s.\n", color.New(color.Bold).Sprint(x.Decision.Action), x.Decision.Revision)
	quiet := 0
	for _, e := range x.Rules {
		if !all && !e.Fired && (!looked(e) || settingsNote(e) != "") {
			quiet++
			continue
		}
		fmt.Fprintf(w, "\n%s  %s\n", color.New(color.Bold).Sprint(e.Rule.ID), outcomeOf(x, e))
		if note := settingsNote(e); note != "" {
			fmt.Fprintf(w, "  %s\n", note)
		}
		for _, b := range e.Bodies {
			said := "does not hold"
			if b.Held {
				said = "holds"
			}
			fmt.Fprintf(w, "  %s %s (%s)\n", b.Name, said, b.At)
			for _, c := range b.Conditions {
				showCondition(c, w)
			}
		}
	}
	if quiet > 0 {
		fmt.Fprintf(w, "\nRules that are off or found nothing to look at: %d; -all shows them.\n", quiet)
	}
}

// looked says whether more than the first condition of any body held.
func looked(e policies.Explanation) bool {
	for _, b := range e.Bodies {
		for _, c := range b.Conditions[1:] {
			if len(c.Held)+len(c.Failed) > 0 && c.Depth == 0 {
				return true
			}
		}
	}
	return false
}

// outcomeOf says in words what became of a rule.
func outcomeOf(x *policies.Explained, e policies.Explanation) string {
	if !e.Fired {
		return "did not fire"
	}
	for _, r := range x.Decision.Rules {
		if r.ID == e.Rule.ID {
			s := color.RedString("fired: %s", r.Action)
			if len(r.Sentences) > 0 {
				s += fmt.Sprintf(", sentences %s", numbers(r.Sentences))
			}
			if r.Lapsed != "" {
				s += fmt.Sprintf(" (the exception %s is over)", r.Lapsed)
			}
			return s
		}
	}
	for _, r := range x.Decision.Shadow {
		if r.ID == e.Rule.ID {
			why := map[policies.State]string{
				policies.InShadow: "its state is shadow", policies.InCanary: "this caller is not in its canary", policies.Exception: "the exception " + r.Exception + " holds it back",
			}[r.State]
			return color.YellowString("fired, and is not applied: %s; it would %s", why, r.Action)
		}
	}
	return "fired, and the bundle's main.rego leaves it out"
}

// numbers are sentences as people count them, from 1.
func numbers(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n + 1)
	}
	return strings.Join(words, ", ")
}

// settingsNote says what of a rule's settings keeps it from firing.
func settingsNote(e policies.Explanation) string {
	switch {
	case e.Settings["action"] == "allow":
		return "It is off here: its action is allow."
	case e.Settings["state"] == "draft":
		return "It is a draft here, which fires in tests only."
	}
	return ""
}

func showCondition(c policies.Condition, w io.Writer) {
	indent := strings.Repeat("  ", c.Depth+2)
	line := c.At[strings.LastIndexByte(c.At, ':')+1:]
	tell := func(mark string, cases [][]string) {
		for _, values := range cases {
			fmt.Fprintf(w, "%s%s line %s: %s", indent, mark, line, c.Text)
			if len(values) > 0 {
				fmt.Fprintf(w, "\n%s    %s", indent, strings.Join(values, "\n"+indent+"    "))
			}
			fmt.Fprintln(w)
		}
	}
	if len(c.Held)+len(c.Failed) == 0 {
		fmt.Fprintf(w, "%s%s line %s: %s\n", indent, color.New(color.Faint).Sprint("not reached  "), line, c.Text)
		return
	}
	tell(color.GreenString("holds        "), c.Held)
	tell(color.RedString("does not hold"), c.Failed)
}
