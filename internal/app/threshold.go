package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"touchstone/internal/review"
	"touchstone/policies"
)

const thresholdAbout = `Tries every threshold of a rule on recorded traffic: how often it would fire, and, by what
reviewers ruled, how often rightly. Suggests the one at which it fires most and still wrongly in
no more exchanges than -false-blocks says. With -check FILE, the JSON of an earlier analysis, it
says whether that still holds: exit status 1 when the scores have drifted.`

func runThreshold(ctx context.Context, args []string, std Streams) int {
	var t traffic
	fs := policyFlags(std, "threshold", " RULE", thresholdAbout)
	t.flags(fs)
	bundle := fs.String("policies", "", "`BUNDLE`: a folder, a .tar.gz file or an address; without it, the embedded one")
	setting := fs.String("setting", "threshold", "the `NAME` of the rule's setting, a number from 0 to 1")
	bound := fs.Float64("false-blocks", 0.01, "`SHARE` of exchanges in which the rule may fire wrongly")
	check := fs.String("check", "", "`FILE` with the JSON of an earlier analysis: does it still hold?")
	output := fs.String("o", "text", "`FORMAT`: text, json or html")
	if code, ok := parseOperands(fs, args, 1); !ok {
		return code
	}
	misuse := ""
	switch {
	case *output != "text" && *output != "json" && *output != "html":
		misuse = fmt.Sprintf("-o %q is not text, json or html", *output)
	case !(*bound > 0 && *bound < 1):
		misuse = fmt.Sprintf("-false-blocks %v is no share between 0 and 1", *bound)
	case *check != "" && *output == "html":
		misuse = "-check writes text or json"
	}
	if misuse != "" {
		fmt.Fprintln(std.Err, "touchstone policy threshold:", misuse)
		return exitUsage
	}
	var then *review.Threshold
	if *check != "" {
		var err error
		if then, err = earlier(*check, fs.Arg(0), *setting); err != nil {
			return policyFailed(std, "threshold", err)
		}
	}
	tuning := review.Tuning{FalseBlocks: *bound}
	now, err := t.tune(ctx, &tuning, *bundle, fs.Arg(0), *setting, std)
	switch {
	case err != nil:
	case then != nil:
		err = tellDrift(std, now.DriftFrom(then), *output)
	case *output == "json":
		err = json.NewEncoder(std.Out).Encode(now)
	case *output == "html":
		err = now.WriteHTML(std.Out)
	default:
		err = now.WriteText(std.Out)
	}
	if err != nil {
		return policyFailed(std, "threshold", err)
	}
	return exitOK
}

func (t *traffic) tune(ctx context.Context, tuning *review.Tuning, bundle, rule, setting string, std Streams) (*review.Threshold, error) {
	_, log, span, err := t.open(time.Now())
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // it is only read
	if tuning.Probe, err = policies.NewProbe(ctx, bundle, rule, setting); err != nil {
		return nil, err
	}
	bar := newCounting(std.Err, "trying thresholds")
	defer bar.finish()
	tuning.Span, tuning.Progress = span, bar.at
	return tuning.Run(ctx, log)
}

// earlier reads an analysis made before.
func earlier(path, rule, setting string) (*review.Threshold, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the earlier analysis: %w", err)
	}
	var then review.Threshold
	if err := json.Unmarshal(text, &then); err != nil {
		return nil, fmt.Errorf("%s is no analysis as -o json writes it: %w", path, err)
	}
	if then.Rule != rule || then.Setting != setting {
		return nil, fmt.Errorf("%s is about the setting %q of %q, not %q of %q", path, then.Setting, then.Rule, setting, rule)
	}
	return &then, nil
}

// tellDrift writes whether an analysis holds; that it does not is an error.
func tellDrift(std Streams, d review.Drift, output string) error {
	var err error
	if output == "json" {
		err = json.NewEncoder(std.Out).Encode(d)
	} else {
		_, err = fmt.Fprintln(std.Out, d)
	}
	if err == nil && d.Verdict == review.Expired {
		err = errors.New("the analysis no longer holds: make a new one")
	}
	return err
}
