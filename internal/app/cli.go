// Package app wires the program together: configuration, subcommands, and the
// construction of every part. It is the only package that knows them all.
package app

import (
	"context"
	"fmt"
	"io"
)

// Streams are where a subcommand reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// A command is one subcommand; run returns the exit status.
type command struct {
	name, usage string
	run         func(ctx context.Context, args []string, std Streams) int
}

// commands is filled by the files of this package, in the order of the help text.
func commands() []command {
	return []command{
		{"serve", "start the proxy", runServe},
		{"demo", "start the proxy with sample documents and a stand-in for an LLM", runDemo},
		{"ingest", "read files and folders into the ground truth", runIngest},
		{"migrate", "bring the schema of a ground truth in PostgreSQL up to date", runMigrate},
		{"sources", "list the sources of the ground truth", runSources},
		{"facts", "import, list and delete typed facts", runFacts},
		{"approved", "import, list and delete approved answers to questions", runApproved},
		{"search", "show the passages that a sentence would be checked against", runSearch},
		{"delete", "remove sources from the ground truth", runDelete},
		{"check", "check one answer and report what each sentence rests on", runCheck},
		{"eval", "judge labelled rows and score the verdicts", runEval},
		{"policy", "test or check a policy bundle, or start one of your own", runPolicy},
		{"audit", "verify the audit log, prove an entry of it, erase content", runAudit},
		{"health", "ask a running proxy whether it is ready", runHealth},
	}
}

// Main runs the subcommand that args name and returns the exit status.
func Main(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], std)
			}
		}
	}
	if len(args) > 0 && args[0] != "help" && args[0] != "-h" && args[0] != "-help" && args[0] != "--help" {
		fmt.Fprintf(std.Err, "touchstone: there is no command %q\n\n", args[0])
		usage(std.Err)
		return 64
	}
	usage(std.Out)
	return 0
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: touchstone COMMAND [OPTION...]")
	fmt.Fprintln(w)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.usage)
	}
	fmt.Fprintln(w, "\nEach command explains its options with -h.")
}
