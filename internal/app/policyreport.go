package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/review"
	"touchstone/policies"
)

const policyReportAbout = `Reports on a period: for each obligation in the METADATA of rules what they did, how right they were by
reviewers, what exceptions held back, and where the evidence stands in the audit log.`

func runPolicyReport(ctx context.Context, args []string, std Streams) int {
	var t traffic
	fs := policyFlags(std, "report", "", policyReportAbout)
	t.flags(fs)
	bundle := fs.String("policies", "", "`BUNDLE`: a folder, a .tar.gz file or an address; without it, that of the configuration, or the embedded one")
	output := fs.String("o", "text", "`FORMAT`: text, json or html")
	if code, ok := parseOperands(fs, args, 0); !ok {
		return code
	}
	if *output != "text" && *output != "json" && *output != "html" {
		fmt.Fprintf(std.Err, "touchstone policy report: -o %q is not text, json or html\n", *output)
		return exitUsage
	}
	r, err := t.report(ctx, *bundle, std)
	switch {
	case err != nil:
	case *output == "json":
		err = json.NewEncoder(std.Out).Encode(r)
	case *output == "html":
		err = r.WriteHTML(std.Out)
	default:
		err = r.WriteText(std.Out)
	}
	if err != nil {
		return policyFailed(std, "report", err)
	}
	return exitOK
}

func (t *traffic) report(ctx context.Context, bundle string, std Streams) (*review.Compliance, error) {
	cfg, log, span, err := t.open(time.Now())
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // it is only read
	from := cfg.Policies.source()
	if bundle != "" {
		from = policies.At(bundle)
	}
	engine, err := policies.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	path := cfg.Audit.Path
	if t.log != "" {
		path = t.log
	}
	// A log that was never signed has no head, which the report says.
	head, _ := audit.LastCheckpoint(ctx, path)
	bar := newCounting(std.Err, "reading")
	defer bar.finish()
	return (&review.Reporting{Span: span, Policy: engine.Revision(), Rules: engine.List(), Exceptions: engine.Exceptions(time.Now()),
		Checkpoint: head, Progress: bar.at}).Run(ctx, log)
}
