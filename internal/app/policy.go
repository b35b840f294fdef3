package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fatih/color"

	"touchstone/policies"
)

const policyUsage = `usage: touchstone policy test  [-policies DIR] [-run REGEXP] [-v]
       touchstone policy check [-policies DIR]
       touchstone policy init  DIR
       touchstone policy replay [OPTION...] (-h explains)

test runs the Rego tests of a bundle (exit status 1 when one fails), check compiles
it as the proxy would and looks at its formatting, init writes the embedded bundle to
DIR as a start of your own. Without -policies, the embedded bundle is meant.
`

func runPolicy(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 && args[0] == "replay" {
		return runReplay(ctx, args[1:], std)
	}
	var dir, run string
	var verbose bool
	opts := flag.NewFlagSet("policy", flag.ContinueOnError)
	opts.SetOutput(std.Err)
	opts.Usage = func() { fmt.Fprint(std.Err, policyUsage) }
	opts.StringVar(&dir, "policies", "", "bundle `DIR`")
	opts.StringVar(&run, "run", "", "only tests whose name matches `REGEXP`")
	opts.BoolVar(&verbose, "v", false, "name the tests that pass too")
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	if err := opts.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	var err error
	switch {
	case verb == "test" && opts.NArg() == 0:
		err = policyTest(ctx, dir, run, verbose, std)
	case verb == "check" && opts.NArg() == 0:
		if err = policies.Check(ctx, dir); err == nil {
			err = describePolicy(ctx, dir, std)
		}
	case (verb == "test" || verb == "check") && dir == "" && opts.NArg() == 1:
		fmt.Fprintf(std.Err, "touchstone policy %s: %q is not an option: use -policies %[2]s\n", verb, opts.Arg(0))
		return exitUsage
	case verb == "init" && opts.NArg() == 1:
		err = policyInit(opts.Arg(0), std)
	default:
		opts.Usage()
		return exitUsage
	}
	if err != nil {
		fmt.Fprintln(std.Err, "touchstone policy "+verb+":", err)
		return exitError
	}
	return exitOK
}

func policyTest(ctx context.Context, dir, run string, verbose bool, std Streams) error {
	report, err := policies.Test(ctx, dir, run)
	if err != nil {
		return err
	}
	for _, r := range report.Results {
		switch {
		case !r.Pass:
			fmt.Fprintf(std.Out, "%s %s\n     %s: %s\n", color.RedString("FAIL"), r.Name, r.At, r.Why)
		case verbose:
			fmt.Fprintf(std.Out, "%s %s\n", color.GreenString("ok  "), r.Name)
		}
	}
	failed := report.Failed()
	fmt.Fprintf(std.Out, "%d passed, %d failed", len(report.Results)-failed, failed)
	if run == "" { // part of the tests says nothing of coverage
		fmt.Fprintf(std.Out, "; they cover %.1f%% of the rules", report.Coverage)
		for i, at := range report.Uncovered {
			if i == 10 {
				fmt.Fprintf(std.Out, "\n  and %d more", len(report.Uncovered)-i)
				break
			}
			fmt.Fprintf(std.Out, "\n  not covered: %s", at)
		}
	}
	fmt.Fprintln(std.Out)
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d tests failed", failed, len(report.Results))
	case len(report.Results) == 0:
		return errors.New("no test ran: tests are rules named test_... in files named ..._test.rego")
	}
	return nil
}

// describePolicy lists what is in a bundle that is in order.
func describePolicy(ctx context.Context, dir string, std Streams) error {
	engine, err := policies.Load(ctx, dir)
	if err != nil {
		return err
	}
	for _, r := range engine.Rules() {
		fmt.Fprintf(std.Out, "%-32s %-8s %-14s %-12s %s\n", r.ID, r.Severity, r.Principle, r.Owner, r.Title)
	}
	fmt.Fprintf(std.Out, "%d rules in order, revision %s\n", len(engine.Rules()), engine.Revision())
	return nil
}

// policyInit writes the embedded bundle to dir, which must not have files yet.
func policyInit(dir string, std Streams) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the directory: %w", err)
	}
	if err := os.CopyFS(dir, policies.Default()); err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	fmt.Fprintf(std.Out, "Wrote the default bundle to %s. Edit %s, then run: touchstone policy test -policies %s\n",
		dir, filepath.Join(dir, "data.yaml"), dir)
	return nil
}
