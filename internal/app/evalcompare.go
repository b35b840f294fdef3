package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"touchstone/eval"
)

const compareUsage = `usage: touchstone eval compare -data FILE... [OPTION...] A.jsonl B.jsonl

Says whether the predictions in B are better than those in A, which both come from
touchstone eval run -predictions on the same data, named in the same order. Gains have
95% intervals by paired bootstrap over documents. Ends with status 1 under -fail when B
is worse beyond chance, overall or on a data set.

`

// runEvalCompare sets two predictions files against one another.
func runEvalCompare(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("eval compare", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, compareUsage); fs.PrintDefaults() }
	var data []string
	fs.Func("data", "labelled `FILE` or pattern that both runs judged; may be given more than once", func(s string) error {
		data = append(data, s)
		return nil
	})
	output := fs.String("o", "text", "report `FORMAT`: text, json, markdown or html")
	fail := fs.Bool("fail", false, "end with status 1 when B is worse beyond chance")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	misuse := ""
	switch {
	case fs.NArg() != 2:
		misuse = "name two predictions files, after the options"
	case len(data) == 0:
		misuse = "name the judged files with -data: predictions hold no labels"
	case !slices.Contains(reportFormats, *output):
		misuse = fmt.Sprintf("-o %q is not text, json, markdown or html", *output)
	}
	if misuse != "" {
		fmt.Fprintln(std.Err, "touchstone eval compare:", misuse)
		return exitUsage
	}
	c, err := compare(ctx, data, fs.Arg(0), fs.Arg(1), std.Err)
	if err == nil {
		err = writeReport(std.Out, c, *output)
	}
	if err != nil {
		fmt.Fprintln(std.Err, "touchstone eval compare:", err)
		return exitError
	}
	if *fail && c.Worse() {
		fmt.Fprintln(std.Err, "touchstone eval compare:", c.Summary())
		return exitError
	}
	return exitOK
}

// compare reads the data once and both predictions beside it.
func compare(ctx context.Context, data []string, a, b string, progress io.Writer) (c eval.Comparison, err error) {
	files, err := eval.Files(data)
	if err != nil {
		return c, err
	}
	bar := newReading(files, progress)
	defer bar.finish()
	var saved [2]*eval.Saved
	var scorers [2]eval.Scorer
	for i, path := range [2]string{a, b} {
		if saved[i], err = eval.OpenSaved(path); err != nil {
			return c, err
		}
		defer saved[i].Close() //nolint:errcheck // it is only read
	}
	for _, f := range files {
		err := eval.Read(f, bar, func(item eval.Item) error {
			for i := range saved {
				res, err := saved[i].Result(item)
				if err != nil {
					return err
				}
				scorers[i].Add(res)
			}
			return ctx.Err()
		})
		if err != nil {
			return c, err
		}
	}
	if err := errors.Join(saved[0].End(), saved[1].End()); err != nil {
		return c, err
	}
	return eval.Compare(saved[0].Name(), saved[1].Name(), &scorers[0], &scorers[1])
}
