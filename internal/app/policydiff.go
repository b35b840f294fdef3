package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fatih/color"

	"touchstone/policies"
)

func runPolicyFmt(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "fmt", "", "Writes the Rego of a folder in the one way that opa fmt does, and names the files it changed.")
	dir := fs.String("policies", "", "`FOLDER`")
	if code, ok := parseOperands(fs, args, 0); !ok {
		return code
	}
	changed, err := policies.Format(ctx, *dir)
	for _, name := range changed {
		fmt.Fprintln(std.Out, name)
	}
	if err != nil {
		return policyFailed(std, "fmt", err)
	}
	return exitOK
}

func runPolicyDiff(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "diff", " BUNDLE BUNDLE", "Says what the second bundle has that the first has not: rules, what they say of themselves, settings,\nand packages whose Rego differs. A bundle is a folder, a .tar.gz file, an address, or \"\" for the embedded\none. Exit status 1 with -fail when they differ.")
	output := fs.String("o", "text", "`FORMAT`: text or json")
	fail := fs.Bool("fail", false, "end with status 1 when the bundles differ")
	if code, ok := parseOperands(fs, args, 2); !ok {
		return code
	}
	if *output != "text" && *output != "json" {
		fmt.Fprintf(std.Err, "touchstone policy diff: -o %q is not text or json\n", *output)
		return exitUsage
	}
	d, err := policies.Diff(ctx, fs.Arg(0), fs.Arg(1))
	if err == nil && *output == "json" {
		enc := json.NewEncoder(std.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(d)
	} else if err == nil {
		showDiff(d, std)
	}
	if err != nil {
		return policyFailed(std, "diff", err)
	}
	if *fail && !d.Empty() {
		return exitError
	}
	return exitOK
}

func showDiff(d *policies.Difference, std Streams) {
	if d.Empty() {
		fmt.Fprintf(std.Out, "Both decide the same, %s and %s.\n", d.From, d.To)
		return
	}
	fmt.Fprintf(std.Out, "from %s to %s\n", d.From, d.To)
	for _, r := range d.Removed {
		fmt.Fprintf(std.Out, "%s rule %s: %s\n", color.RedString("-"), r.ID, r.Title)
	}
	for _, r := range d.Added {
		fmt.Fprintf(std.Out, "%s rule %s: %s (%s, owner %s)\n", color.GreenString("+"), r.ID, r.Title, r.Severity, r.Owner)
	}
	for _, name := range d.Code {
		fmt.Fprintf(std.Out, "%s the Rego of %s\n", color.YellowString("~"), name)
	}
	for _, list := range [][]policies.Change{d.Settings, d.Metadata} {
		for _, c := range list {
			switch {
			case c.From == "":
				fmt.Fprintf(std.Out, "%s %s: %s\n", color.GreenString("+"), c.Where, c.To)
			case c.To == "":
				fmt.Fprintf(std.Out, "%s %s: %s\n", color.RedString("-"), c.Where, c.From)
			default:
				fmt.Fprintf(std.Out, "%s %s: %s → %s\n", color.YellowString("~"), c.Where, c.From, c.To)
			}
		}
	}
}
