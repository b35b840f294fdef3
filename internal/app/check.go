package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

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
JSON object {"question": ..., "context": ..., "answer": ...}, where
context is a text, {source, title, text}, or a list of those.

Exit status: 0 allowed, 2 flagged (also redacted or rewritten), 3 blocked,
1 an error, 64 wrong usage.

`

// checkCase is what is to be checked.
type checkCase struct {
	Question string     `json:"question"`
	Context  givenTexts `json:"context"`
	Answer   string     `json:"answer"`
}

// givenText is a text the answer may rest on.
type givenText struct {
	Source string `json:"source"`
	Title  string `json:"title"`
	Text   string `json:"text"`
}

// UnmarshalJSON also takes the bare text.
func (g *givenText) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &g.Text) == nil {
		return nil
	}
	type plain givenText
	return json.Unmarshal(data, (*plain)(g))
}

// givenTexts are several, or one without a list around it.
type givenTexts []givenText

// UnmarshalJSON takes a list or a single one.
func (g *givenTexts) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]givenText)(g))
	}
	*g = make(givenTexts, 1)
	return json.Unmarshal(data, &(*g)[0])
}

// maxInput bounds what check reads from a file or standard input.
const maxInput = 8 << 20

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
		cfg.GroundTruth.Path = ":memory:"
		r := RouteConfig{}
		r.setDefaults()
		r.Name = "default"
		cfg.Routes = []RouteConfig{r}
	}
	if store != "" {
		if _, err := os.Stat(store); err != nil { // opening would make an empty one
			return judge.Receipt{}, fmt.Errorf("opening the ground truth: %w", err)
		}
		cfg.GroundTruth.Path = store
	}
	a, err := Open(ctx, cfg)
	if err != nil {
		return judge.Receipt{}, err
	}
	defer a.Close()
	r := a.route(route)
	if r == nil {
		return judge.Receipt{}, fmt.Errorf("there is no route %q", route)
	}
	ex := guards.Exchange{ID: ulid.Make().String(), App: "check", Route: r.Name, Collections: r.Collections}
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
	c := j.Open(ex)
	c.Add(ctx, in.Answer, true)
	return c.Receipt(), nil
}

// readText is the text an argument stands for.
func readText(arg string, stdin io.Reader, once *bool) (string, error) {
	switch {
	case arg == "-":
		if *once {
			return "", errors.New("standard input can be read only once")
		}
		*once = true
		return readAll(stdin, "standard input")
	case strings.HasPrefix(arg, "@"):
		f, err := os.Open(arg[1:])
		if err != nil {
			return "", err
		}
		defer f.Close()
		return readAll(f, arg[1:])
	}
	return arg, nil
}

func readAll(r io.Reader, name string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > maxInput {
		return "", fmt.Errorf("%s is larger than %d MiB", name, maxInput>>20)
	}
	return string(data), nil
}

// readCase adds what standard input says to what the options said.
func readCase(r io.Reader, in *checkCase) error {
	text, err := readAll(r, "standard input")
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return fmt.Errorf("standard input is not a JSON object with question, context and answer: %w", err)
	}
	if in.Answer == "" {
		return errors.New(`there is no answer to check: give -answer TEXT, or "answer" in the JSON on standard input`)
	}
	return nil
}
