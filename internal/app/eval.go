package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"touchstone/eval"
)

const evalUsage = `usage: touchstone eval run -data FILE... [OPTION...]
       touchstone eval compare -data FILE... A.jsonl B.jsonl

Judges labelled rows as a route judges answers, without HTTP, and scores the
verdicts. FILE is JSON lines, plain or .gz, and may be a pattern; see
eval/README.md for the schemas.

`

// evalOptions are what eval run was asked for.
type evalOptions struct {
	data           []string
	config, route  string
	predictions    string
	verifier       string // "deterministic", "encoder" or "both"
	output         string
	limit, workers int
}

func runEval(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 && args[0] == "compare" {
		return runEvalCompare(ctx, args[1:], std)
	}
	var o evalOptions
	fs := flag.NewFlagSet("eval run", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, evalUsage); fs.PrintDefaults() }
	fs.Func("data", "labelled `FILE` or pattern; may be given more than once, or last without -data", func(s string) error {
		o.data = append(o.data, s)
		return nil
	})
	fs.StringVar(&o.config, "config", "", "configuration `FILE`; without it, the embedded policies and no evidence but each row's context")
	fs.StringVar(&o.route, "route", "", "`NAME` of the route whose guards, policies and collections apply; the first by default")
	fs.StringVar(&o.verifier, "verifier", "both", "`PART` that judges: deterministic (exact comparison alone), encoder (the model alone, on the same evidence) or both")
	fs.StringVar(&o.predictions, "predictions", "", "`FILE` for one JSON line a row")
	fs.StringVar(&o.output, "o", "text", "report `FORMAT`: text, json, markdown or html")
	fs.IntVar(&o.limit, "limit", 0, "stop in each file after `N` rows; 0 reads all")
	fs.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "rows judged at once")
	if len(args) == 0 || args[0] != "run" {
		fs.Usage()
		if len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			return exitOK
		}
		return exitUsage
	}
	for rest := args[1:]; ; rest = fs.Args()[1:] { // options may stand between files
		if err := fs.Parse(rest); errors.Is(err, flag.ErrHelp) {
			return exitOK
		} else if err != nil {
			return exitUsage
		}
		if fs.NArg() == 0 {
			break
		}
		o.data = append(o.data, fs.Arg(0))
	}
	misuse := ""
	switch {
	case len(o.data) == 0:
		misuse = "there is nothing to judge: name a file with -data"
	case !slices.Contains(reportFormats, o.output):
		misuse = fmt.Sprintf("-o %q is not text, json, markdown or html", o.output)
	case o.verifier != "deterministic" && o.verifier != "encoder" && o.verifier != "both":
		misuse = fmt.Sprintf("-verifier %q is not deterministic, encoder or both", o.verifier)
	case o.limit < 0 || o.workers < 1:
		misuse = "-limit must not be negative, and -workers must be 1 or more"
	}
	if misuse != "" {
		fmt.Fprintln(std.Err, "touchstone eval run:", misuse)
		return exitUsage
	}
	report, err := evaluate(ctx, o, std.Err)
	if err == nil {
		err = writeReport(std.Out, report, o.output)
	}
	if err != nil {
		fmt.Fprintln(std.Err, "touchstone eval run:", err)
		return exitError
	}
	return exitOK
}

// evaluate judges the rows, writes the predictions and scores them.
func evaluate(ctx context.Context, o evalOptions, progress io.Writer) (report eval.Report, err error) {
	files, err := eval.Files(o.data)
	if err != nil {
		return report, err
	}
	cfg := Default()
	if o.config != "" {
		if cfg, err = LoadConfig(o.config); err != nil {
			return report, err
		}
	} else { // what a route is by default, and no ground truth
		r := RouteConfig{}
		r.setDefaults()
		r.Name, r.Collections = "default", nil
		content := r // rows about what a text holds are judged by the guards that look at that
		content.Name, content.Guards = "content", []string{"injection", "pii", "safety", "secrets"}
		cfg.Routes, cfg.GroundTruth = []RouteConfig{r, content}, GroundTruthConfig{Path: ":memory:"}
	}
	cfg.Encoders.Verifier.off = cfg.Encoders.Verifier.off || o.verifier == "deterministic"
	cfg.Encoders.Verifier.alone = o.verifier == "encoder"
	a, err := Open(ctx, cfg, unlogged())
	if err != nil {
		return report, err
	}
	defer a.Close()
	if o.verifier == "encoder" && a.verifier == nil {
		return report, fmt.Errorf("-verifier encoder: the model is not running: %s", strings.Join(append(a.notices(), "or it is turned off"), ", "))
	}
	route := a.route(o.route)
	if route == nil {
		return report, fmt.Errorf("there is no route %q", o.route)
	}
	judge := a.Judge(route.Name)
	if judge == nil {
		return report, fmt.Errorf("route %q has no guards: nothing is judged there", route.Name)
	}
	predictions := bufio.NewWriter(io.Discard)
	if o.predictions != "" {
		f, err := os.Create(o.predictions)
		if err != nil {
			return report, fmt.Errorf("writing predictions: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		predictions.Reset(f)
	}
	lines := json.NewEncoder(predictions)
	lines.SetEscapeHTML(false)
	bar := newReading(files, progress)
	defer bar.finish()

	runner := eval.Runner{Judge: judge, Route: route.Name, Collections: route.Collections, Workers: o.workers}
	if o.config == "" {
		runner.Content = a.Judge("content")
	}
	var scorer eval.Scorer
	err = runner.Run(ctx, func(use func(eval.Item) error) error {
		for _, f := range files {
			if err := readFirst(f, o.limit, bar, use); err != nil {
				return err
			}
		}
		return nil
	}, func(res eval.Result) error {
		scorer.Add(res)
		for _, row := range res.Rows {
			if err := lines.Encode(row.Prediction); err != nil {
				return fmt.Errorf("writing predictions: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return report, err
	}
	if err := predictions.Flush(); err != nil {
		return report, fmt.Errorf("writing predictions: %w", err)
	}
	report = scorer.Report()
	report.Policy = judge.Policy.Revision()
	if judge.Index != nil {
		report.Index = judge.Index()
	}
	return report, nil
}

// readFirst reads a file until limit rows have come; 0 is no limit.
func readFirst(path string, limit int, progress io.Writer, use func(eval.Item) error) error {
	enough := errors.New("enough rows")
	n := 0
	err := eval.Read(path, progress, func(item eval.Item) error {
		if limit > 0 && n >= limit {
			return enough
		}
		n += len(item.Rows)
		return use(item)
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// reading is told what has been read and shows how much of the files that is: on
// a terminal, once it has taken a second.
type reading struct {
	err   io.Writer
	size  int64
	start time.Time
	done  int64
	bar   *progressbar.ProgressBar
}

func newReading(files []string, err io.Writer) *reading {
	r := &reading{err: err, start: time.Now()}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil { // a missing file is reported when it is read
			r.size += info.Size()
		}
	}
	return r
}

func (r *reading) Write(p []byte) (int, error) {
	r.done += int64(len(p))
	if r.bar == nil && time.Since(r.start) > time.Second && isTerminal(r.err) {
		r.bar = progressbar.NewOptions64(r.size, progressbar.OptionSetWriter(r.err), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("judging"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	if r.bar != nil {
		r.bar.Set64(r.done) //nolint:errcheck // nothing hangs on the bar
	}
	return len(p), nil
}

func (r *reading) finish() {
	if r.bar != nil {
		r.bar.Finish() //nolint:errcheck // likewise
	}
}

// reportFormats are the forms of a report of either subcommand.
var reportFormats = []string{"text", "json", "markdown", "html"}

type written interface {
	WriteText(io.Writer) error
	WriteMarkdown(io.Writer) error
	WriteHTML(io.Writer) error
}

func writeReport(w io.Writer, r written, format string) error {
	switch format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	case "markdown":
		return r.WriteMarkdown(w)
	case "html":
		return r.WriteHTML(w)
	}
	return r.WriteText(w)
}
