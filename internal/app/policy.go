package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"touchstone/policies"
)

// policyVerbs are the subcommands of `touchstone policy`.
func policyVerbs() []command {
	return []command{
		{"test", "run the Rego tests of a bundle and tell what they cover", runPolicyTest},
		{"check", "compile a bundle as the proxy would: syntax, schema, capabilities, METADATA, settings, format", runPolicyCheck},
		{"fmt", "write the Rego of a folder as opa fmt does", runPolicyFmt},
		{"eval", "decide on one recorded answer, and say why each rule fired or did not", runPolicyEval},
		{"diff", "say what one bundle has that another has not", runPolicyDiff},
		{"replay", "decide recorded traffic again by another bundle", runReplay},
		{"threshold", "try every threshold of a rule on recorded traffic, and suggest one", runThreshold},
		{"promotion", "say whether a rule in shadow or canary is ready for more", runPromotion},
		{"report", "report on a period: obligations, rules, decisions, exceptions, evidence", runPolicyReport},
		{"switch", "put a route of a running proxy to shadow or block, or back", runPolicySwitch},
		{"init", "write the embedded bundle to a folder, as a start of your own", runPolicyInit},
	}
}

// runPolicy is the tool of those who own the rules.
func runPolicy(ctx context.Context, args []string, std Streams) int {
	usage := func(w io.Writer) {
		fmt.Fprint(w, "usage: touchstone policy VERB [OPTION...]\n\n")
		for _, v := range policyVerbs() {
			fmt.Fprintf(w, "  %-9s %s\n", v.name, v.usage)
		}
		fmt.Fprint(w, "\nEach verb explains its options with -h. A bundle is a folder, a .tar.gz file or an http address;\nwithout -policies, the embedded bundle is meant.\n")
	}
	if len(args) > 0 {
		if i := slices.IndexFunc(policyVerbs(), func(v command) bool { return v.name == args[0] }); i >= 0 {
			return policyVerbs()[i].run(ctx, args[1:], std)
		}
		if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
			usage(std.Out)
			return exitOK
		}
		fmt.Fprintf(std.Err, "touchstone policy: there is no verb %q\n\n", args[0])
	}
	usage(std.Err)
	return exitUsage
}

// policyFlags are the options of a verb; operands names what follows them.
func policyFlags(std Streams, verb, operands, about string) *flag.FlagSet {
	fs := flag.NewFlagSet("policy "+verb, flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: touchstone policy %s [OPTION...]%s\n\n%s\n\n", verb, operands, about)
		fs.PrintDefaults()
	}
	return fs
}

// parseOperands parses options and takes n operands; ok is false when the command is
// over, with the status to return.
func parseOperands(fs *flag.FlagSet, args []string, n int) (code int, ok bool) {
	out, usage := fs.Output(), fs.Usage
	fs.SetOutput(io.Discard) // a mistake is one line, which the whole usage would bury
	fs.Usage = func() {}
	err := fs.Parse(args)
	fs.SetOutput(out)
	fs.Usage = usage
	bad := func(format string, a ...any) (int, bool) {
		fmt.Fprintf(out, "touchstone %s: %s; -h explains the options\n", fs.Name(), fmt.Sprintf(format, a...))
		return exitUsage, false
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.Usage()
		return exitOK, false
	case err != nil:
		return bad("%v", err)
	case fs.NArg() > n && n == 0 && fs.Lookup("policies") != nil:
		return bad("%q is not an option: use -policies %[1]s", fs.Arg(0))
	case fs.NArg() > n && strings.HasPrefix(fs.Arg(n), "-"):
		return bad("options come before %s", fs.Arg(0))
	case fs.NArg() > n:
		return bad("%q is one too many", fs.Arg(n))
	case fs.NArg() < n:
		return bad("something is missing")
	}
	return exitOK, true
}

// policyFailed tells an error of a verb.
func policyFailed(std Streams, verb string, err error) int {
	fmt.Fprintf(std.Err, "touchstone policy %s: %v\n", verb, err)
	return exitError
}

func runPolicyCheck(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "check", "", "Compiles a bundle as the proxy would, strictly and against the schema of input, runs its tests,\nand looks at settings, METADATA and format. Exit status 1 when something is wrong.")
	dir := fs.String("policies", "", "`BUNDLE`: a folder, a .tar.gz file or an address")
	if code, ok := parseOperands(fs, args, 0); !ok {
		return code
	}
	if err := policies.Check(ctx, *dir); err != nil {
		return policyFailed(std, "check", err)
	}
	engine, err := policies.Load(ctx, *dir)
	if err != nil {
		return policyFailed(std, "check", err)
	}
	for _, r := range engine.List() {
		fmt.Fprintf(std.Out, "%-32s %-8s %-8s %-8s %-14s %-12s %s\n", r.ID, r.Action, r.State, r.Severity, r.Principle, r.Owner, r.Title)
	}
	for _, e := range engine.Exceptions(time.Now()) {
		fmt.Fprintf(std.Out, "exception %s of %s, until %s: %s\n", e.ID, e.Rule, e.Until, e.State)
	}
	fmt.Fprintf(std.Out, "%d rules in order, revision %s\n", len(engine.Rules()), engine.Revision())
	return exitOK
}

func runPolicyInit(_ context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "init", " FOLDER", "Writes the embedded bundle to a folder, which must be empty or not there, with what stock opa\nneeds to check it: schemas/input.json and capabilities.json.")
	if code, ok := parseOperands(fs, args, 1); !ok {
		return code
	}
	if err := policyInit(fs.Arg(0), std); err != nil {
		return policyFailed(std, "init", err)
	}
	return exitOK
}

// policyInit writes the embedded bundle to dir, which must not have files yet.
func policyInit(dir string, std Streams) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the directory: %w", err)
	}
	if err := policies.WriteStarter(dir); err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	fmt.Fprintf(std.Out, "Wrote the default bundle to %s. Read %s, edit %s, then run: touchstone policy test -policies %s\n",
		dir, filepath.Join(dir, "README.md"), filepath.Join(dir, "data.yaml"), dir)
	return nil
}
