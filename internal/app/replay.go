package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"touchstone/internal/audit"
	"touchstone/internal/review"
	"touchstone/policies"
)

const replayUsage = `usage: touchstone policy replay [OPTION...]

Decides recorded traffic again by another bundle and tells what would be different.
It needs no text, only what the guards measured, so that erased entries count too. The
same bundle gives the same decisions.

Options:
`

// traffic is which recorded exchanges a command looks at.
type traffic struct {
	config, log  string
	since, until string
	filter       audit.Filter
}

func (t *traffic) flags(fs *flag.FlagSet) {
	fs.StringVar(&t.config, "config", "", "configuration `FILE`, which names the audit log")
	fs.StringVar(&t.log, "log", "", "the audit log's `FILE`; without it, that of the configuration")
	fs.StringVar(&t.since, "since", "7d", "from this `TIME` on: a span before now (7d, 12h), a day (2026-11-24) or a time (2026-11-24T10:00:00Z); \"\" for all")
	fs.StringVar(&t.until, "until", "", "until this `TIME`; without it, now")
	fs.StringVar(&t.filter.App, "app", "", "only the application `NAME`")
	fs.StringVar(&t.filter.Route, "route", "", "only the route `NAME`")
	fs.StringVar(&t.filter.Model, "model", "", "only the model `NAME`")
}

// open reads the configuration, and opens the log it or -log names.
func (t *traffic) open(now time.Time) (cfg *Config, log *audit.Reader, span audit.Span, err error) {
	cfg = Default()
	if t.config != "" {
		if cfg, err = LoadConfig(t.config); err != nil {
			return cfg, nil, span, err
		}
	}
	span.Filter = t.filter
	if span.From, err = moment("since", t.since, now); err != nil {
		return cfg, nil, span, err
	}
	if span.To, err = moment("until", t.until, now); err != nil {
		return cfg, nil, span, err
	}
	path := cfg.Audit.Path
	if t.log != "" {
		path = t.log
	}
	log, err = audit.OpenReader(path)
	return cfg, log, span, err
}

// moment reads a time: a span before now, a day, or a time. "" is the zero time.
func moment(name, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil && days >= 0 && days < 36500 {
			return now.Add(-time.Duration(days) * 24 * time.Hour), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("-%s %q is no time: write a span before now (7d, 12h), a day (2026-11-24) or a time (2026-11-24T10:00:00Z)", name, s)
}

// replayOptions are what policy replay was asked for.
type replayOptions struct {
	traffic
	policies, against, output, fail string
	list                            int
}

func runReplay(ctx context.Context, args []string, std Streams) int {
	var o replayOptions
	fs := flag.NewFlagSet("policy replay", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, replayUsage); fs.PrintDefaults() }
	o.flags(fs)
	fs.StringVar(&o.policies, "policies", "", "the candidate: a bundle's `DIR` or archive; without it, the embedded bundle")
	fs.StringVar(&o.against, "against", "", "compare with the decisions of the bundle in `DIR`, instead of those made then")
	fs.StringVar(&o.output, "o", "text", "`FORMAT`: text, json or html")
	fs.IntVar(&o.list, "list", 10, "text: `N` exchanges of each kind of difference")
	fs.StringVar(&o.fail, "fail", "", "end with status 1 when `KIND` is different: any, blocked (newly) or allowed (newly); blocked=0.001 tolerates that share")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	limit, err := o.limit()
	switch {
	case err != nil:
	case o.output != "text" && o.output != "json" && o.output != "html":
		err = fmt.Errorf("-o %q is not text, json or html", o.output)
	}
	if err != nil {
		fmt.Fprintln(std.Err, "touchstone policy replay:", err)
		return exitUsage
	}
	r, err := o.run(ctx, std)
	if err == nil {
		switch o.output {
		case "json":
			err = json.NewEncoder(std.Out).Encode(r)
		case "html":
			err = r.WriteHTML(std.Out)
		default:
			err = r.WriteText(std.Out, o.list)
		}
	}
	if err == nil {
		err = limit(r)
	}
	if err != nil {
		fmt.Fprintln(std.Err, "touchstone policy replay:", err)
		return exitError
	}
	return exitOK
}

// limit reads -fail.
func (o *replayOptions) limit() (func(*review.Replay) error, error) {
	if o.fail == "" {
		return func(*review.Replay) error { return nil }, nil
	}
	kind, number, given := strings.Cut(o.fail, "=")
	most := 0.0
	if given {
		var err error
		if most, err = strconv.ParseFloat(number, 64); err != nil || !(most >= 0 && most <= 1) {
			return nil, fmt.Errorf("-fail %s: %q is no share from 0 to 1", o.fail, number)
		}
	}
	count := map[string]func(*review.Delta) int{
		"any":     (*review.Delta).Different,
		"blocked": func(d *review.Delta) int { return d.Blocked },
		"allowed": func(d *review.Delta) int { return d.Allowed },
	}[kind]
	if count == nil {
		return nil, fmt.Errorf("-fail %q is not any, blocked or allowed", kind)
	}
	return func(r *review.Replay) error {
		if n := count(&r.Total); float64(n) > most*float64(r.Total.Exchanges) {
			return errors.New(r.Summary())
		}
		return nil
	}, nil
}

func (o *replayOptions) run(ctx context.Context, std Streams) (*review.Replay, error) {
	cfg, log, span, err := o.open(time.Now())
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // it is only read
	r := review.Replaying{Span: span, OnFailure: cfg.onFailure}
	if r.Candidate, err = patient(ctx, o.policies); err != nil {
		return nil, err
	}
	if o.against != "" {
		if r.Against, err = patient(ctx, o.against); err != nil {
			return nil, err
		}
	}
	bar := newCounting(std.Err, "replaying")
	defer bar.finish()
	r.Progress = bar.at
	return r.Run(ctx, log)
}

// patient loads a bundle that decides about what is over.
func patient(ctx context.Context, bundle string) (*policies.Engine, error) {
	e, err := policies.Load(ctx, bundle)
	if err != nil {
		return nil, err
	}
	return e.Patient(10 * time.Second), nil
}

// onFailure is what a route does when its policy cannot decide; "" blocks.
func (c *Config) onFailure(route string) policies.Action {
	for _, r := range c.Routes {
		if r.Name == route {
			return r.OnFailure
		}
	}
	return ""
}

// counting is a progress bar for entries of the log, on a terminal and when it takes
// longer than a second.
type counting struct {
	err   io.Writer
	what  string
	start time.Time
	bar   *progressbar.ProgressBar
}

func newCounting(err io.Writer, what string) *counting {
	return &counting{err: err, what: what, start: time.Now()}
}

func (c *counting) at(done, of int64) {
	if c.bar == nil && time.Since(c.start) > time.Second && isTerminal(c.err) {
		c.bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription(c.what),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowIts())
	}
	if c.bar != nil {
		c.bar.Set64(done) //nolint:errcheck // nothing hangs on the bar
	}
}

func (c *counting) finish() {
	if c.bar != nil {
		c.bar.Finish() //nolint:errcheck // nothing hangs on the bar
	}
}
