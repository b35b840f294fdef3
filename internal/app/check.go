package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/oklog/ulid/v2"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Exit statuses of the subcommands; `check` tells its outcome by them.
const (
	exitOK      = 0
	exitError   = 1
	exitFlagged = 2
	exitBlocked = 3
	exitUsage   = 64
)

const checkUsage = `usage: touchstone check -answer TEXT [OPTION...]
       touchstone check < request.json

Checks one answer as the proxy would and reports what each sentence rests on.
TEXT may be @FILE, or - for standard input. Without -answer, standard input is a
JSON object {"question": ..., "context": ..., "answer": ..., "scope": ...}, where
context is a text, {source, title, text}, or a list of those.

Exit status: 0 allowed, 2 flagged (also redacted or rewritten), 3 blocked,
1 an error, 64 wrong usage.

`

func runCheck(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, checkUsage); fs.PrintDefaults() }
	var in checkCase
	once := false // standard input was read
	text := func(into func(string)) func(string) error {
		return func(arg string) error {
			s, err := readText(arg, std.In, &once)
			into(s)
			return err
		}
	}
	answered := false
	fs.Func("scope", "for whom the answer is, as `PART=VALUE,...`: region, product, audience", func(arg string) error { return in.scope(arg) })
	fs.Func("at", "`TIME` of the answer (2026-03-31 or 2026-03-31T12:00:00Z), which facts must have been in force; now by default", func(arg string) (err error) {
		in.At, err = parseMoment(arg)
		return err
	})
	fs.Func("question", "`TEXT` of the question", text(func(s string) { in.Question = s }))
	fs.Func("context", "`TEXT` the answer may rest on; may be given more than once", text(func(s string) { in.Context = append(in.Context, givenText{Text: s}) }))
	fs.Func("answer", "`TEXT` of the answer", text(func(s string) { in.Answer, answered = s, true }))
	config := fs.String("config", "", "configuration `FILE`; without it, the embedded policies and no ground truth")
	route := fs.String("route", "", "`NAME` of the route whose guards and policies apply; the first by default")
	store := fs.String("store", "", "ground truth `FILE` to check against, in place of the configured one")
	output := fs.String("o", "text", "output `FORMAT`: text or json")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	misuse := func(format string, args ...any) int {
		fmt.Fprintf(std.Err, "touchstone check: "+format+"\n", args...)
		return exitUsage
	}
	if *output != "text" && *output != "json" {
		return misuse("-o %q is not text or json", *output)
	}
	if !answered {
		if _, ok := terminal(std.In); ok {
			fs.Usage()
			return exitUsage
		}
		if err := readCase(std.In, &in); err != nil {
			return misuse("%v", err)
		}
	}
	if in.Answer == "" {
		return misuse(`there is no answer to check: give -answer TEXT, or "answer" in the JSON on standard input`)
	}
	receipt, err := check(ctx, in, *config, *route, *store)
	if err != nil {
		fmt.Fprintf(std.Err, "touchstone check: %v\n", err)
		return exitError
	}
	if *output == "json" {
		enc := json.NewEncoder(std.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(receipt)
	} else {
		_, err = io.WriteString(std.Out, newReport(std.Out).text(receipt))
	}
	if err != nil {
		fmt.Fprintf(std.Err, "touchstone check: writing the report: %v\n", err)
		return exitError
	}
	switch receipt.Action {
	case policies.Allow:
		return exitOK
	case policies.Block:
		return exitBlocked
	}
	return exitFlagged
}

// check judges one case as the route's answers are judged.
func check(ctx context.Context, in checkCase, config, route, store string) (judge.Receipt, error) {
	cfg := Default()
	if config != "" {
		var err error
		if cfg, err = LoadConfig(config); err != nil {
			return judge.Receipt{}, err
		}
	} else {
		cfg.GroundTruth = GroundTruthConfig{Path: ":memory:"}
		r := RouteConfig{}
		r.setDefaults()
		r.Name = "default"
		if store == "" { // nothing to search
			r.Collections = nil
		}
		cfg.Routes = []RouteConfig{r}
	}
	if store != "" {
		if _, err := os.Stat(store); err != nil { // opening would make an empty one
			return judge.Receipt{}, fmt.Errorf("opening the ground truth: %w", err)
		}
		cfg.GroundTruth = GroundTruthConfig{Path: store}
	}
	a, err := Open(ctx, cfg, unlogged())
	if err != nil {
		return judge.Receipt{}, err
	}
	defer a.Close()
	r := a.route(route)
	if r == nil {
		return judge.Receipt{}, fmt.Errorf("there is no route %q", route)
	}
	ex := guards.Exchange{ID: ulid.Make().String(), App: "check", Route: r.Name, Collections: r.Collections, Scope: in.Scope, At: in.At}
	if in.Question != "" {
		ex.Prompt = []guards.Message{{Role: "user", Text: in.Question}}
	}
	for i, g := range in.Context {
		if g.Source == "" {
			g.Source = "context"
			if len(in.Context) > 1 {
				g.Source += "-" + strconv.Itoa(i+1)
			}
		}
		ex.Given = append(ex.Given, groundtruth.Given(g.Source, g.Title, g.Text)...)
	}
	j := a.Judge(r.Name)
	if j == nil {
		return judge.Receipt{}, fmt.Errorf("route %q has no guards: there is nothing to check with", r.Name)
	}
	screening := j.Screen(ctx, ex)
	c := j.Open(ex)
	c.After(screening)
	c.Add(ctx, in.Answer, true)
	return c.Receipt(), nil
}
