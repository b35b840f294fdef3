package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"touchstone/groundtruth"
)

// versionVerbs are the subcommands of `sources`.
var versionVerbs = map[string]func(context.Context, []string, Streams) int{
	"log": runSourcesLog, "diff": runSourcesDiff, "rollback": runRollback, "forget": runForget,
}

// versioned opens the store for its history.
func (f *storeFlags) versioned(ctx context.Context) (groundtruth.Versioned, error) {
	store, err := f.open(ctx, false)
	if err != nil {
		return nil, err
	}
	if v, ok := store.(groundtruth.Versioned); ok {
		return v, nil
	}
	return nil, errors.Join(errors.New("this store keeps no history"), store.Close())
}

func runSourcesLog(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("sources log", "usage: touchstone sources log [OPTION...] [SOURCE]\n\nLists the changes of the ground truth, or of one source, newest first.", "", std)
	limit := f.Int("n", 50, "at most this `NUMBER`")
	output := f.String("o", "text", "output `FORMAT`: text or json")
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) > 1:
		return f.misused("it takes one source, and got %q too", rest[1])
	case *output != "text" && *output != "json":
		return f.misused("-o is text or json, not %q", *output)
	case *limit < 1:
		return f.misused("-n is a number from 1, not %d", *limit)
	}
	store, err := f.versioned(ctx)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	q := groundtruth.ChangeQuery{Collection: f.collection, Limit: *limit}
	if len(rest) > 0 {
		q.Source = rest[0]
	}
	list, err := store.Changes(ctx, q)
	if err != nil {
		return f.fail(err)
	}
	if *output == "json" {
		err = printJSON(std.Out, map[string]any{"revision": store.Revision(), "changes": list})
	} else {
		err = printChanges(std.Out, list)
	}
	if err != nil {
		return f.fail(err)
	}
	return exitOK
}

func printChanges(w io.Writer, list []groundtruth.Change) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(list) > 0 {
		fmt.Fprintln(t, "REVISION\tTIME\tAUTHOR\tWHAT\tCOLLECTION\tSOURCE")
	}
	for _, c := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Revision, c.At.Local().Format("2006-01-02 15:04:05"), printable(cmp.Or(c.Author, "-")), c.What, printable(c.Collection), printable(c.Source))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n", plural(len(list), "change"))
	return err
}

// revisionAt reads a revision, and makes sure that the one of that number is the one
// that is meant.
func revisionAt(ctx context.Context, store groundtruth.Versioned, arg string) (int64, error) {
	n, err := groundtruth.Number(arg)
	if err != nil {
		return 0, err
	}
	if arg == strconv.FormatInt(n, 10) {
		return n, nil
	}
	list, err := store.Changes(ctx, groundtruth.ChangeQuery{After: n - 1, Limit: 100_000})
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if c.Number == n && c.Revision != arg {
			return 0, fmt.Errorf("revision %d of this store is %s, not %s: is it another store's?", n, c.Revision, arg)
		}
	}
	return n, nil
}

func runSourcesDiff(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("sources diff", `usage: touchstone sources diff [OPTION...] A [B]

Shows what the ground truth says at revision B (the latest unless given) and did not
at A, and the other way round. Revisions are written as verdicts name them, 7-ab12cd34,
or as 7.`, "", std)
	names := f.Bool("names", false, "name the sources only")
	output := f.String("o", "text", "output `FORMAT`: text or json")
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) < 1 || len(rest) > 2:
		return f.misused("it takes one or two revisions")
	case *output != "text" && *output != "json":
		return f.misused("-o is text or json, not %q", *output)
	}
	store, err := f.versioned(ctx)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	var numbers [2]int64
	if numbers[1], err = groundtruth.Latest(ctx, store); err != nil {
		return f.fail(err)
	}
	for i := range rest {
		if numbers[i], err = revisionAt(ctx, store, rest[i]); err != nil {
			return f.fail(err)
		}
	}
	list, err := groundtruth.Diff(ctx, store, numbers[0], numbers[1], !*names)
	if err != nil {
		return f.fail(err)
	}
	kept := list[:0]
	for _, d := range list {
		if f.collection == "" || d.Collection == f.collection {
			kept = append(kept, d)
		}
	}
	if *output == "json" {
		err = printJSON(std.Out, map[string]any{"from": numbers[0], "to": numbers[1], "sources": kept})
	} else {
		err = printDiff(std.Out, kept)
	}
	if err != nil {
		return f.fail(err)
	}
	return exitOK
}

func printDiff(w io.Writer, list []groundtruth.Difference) error {
	for _, d := range list {
		by := ""
		if d.After != nil {
			by = fmt.Sprintf(" (revision %s, %s, %s)", d.After.Revision, printable(cmp.Or(d.After.Author, "nobody named")), d.After.At.Local().Format("2006-01-02 15:04"))
		}
		if _, err := fmt.Fprintf(w, "%s %s [%s]%s\n", d.What, printable(d.Source), printable(d.Collection), by); err != nil {
			return err
		}
		for _, text := range d.Gone {
			fmt.Fprintf(w, "  - %s\n", oneLine(text))
		}
		for _, text := range d.New {
			fmt.Fprintf(w, "  + %s\n", oneLine(text))
		}
	}
	_, err := fmt.Fprintf(w, "%s\n", plural(len(list), "source differs", "sources differ"))
	return err
}

func runRollback(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("sources rollback", `usage: touchstone sources rollback [OPTION...] REVISION [SOURCE...]

Brings the ground truth, or the sources named, back to what it was at a revision. It
makes new changes and forgets none, so that it can be undone in the same way.`, "", std)
	author := authorFlag(f)
	dry := f.Bool("dry-run", false, "only say what would change")
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) == 0:
		return f.misused("it needs a revision; `touchstone sources log` lists them")
	}
	store, err := f.versioned(ctx)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	to, err := revisionAt(ctx, store, rest[0])
	if err != nil {
		return f.fail(err)
	}
	embedder, closeIt, err := f.embedder(std)
	if err != nil {
		return f.fail(err)
	}
	defer closeIt()
	var done []groundtruth.Difference
	if *dry {
		now, err := groundtruth.Latest(ctx, store)
		if err == nil {
			done, err = groundtruth.Diff(ctx, store, now, to, false)
		}
		if err != nil {
			return f.fail(err)
		}
		done = chosen(done, f.collection, rest[1:])
	} else {
		done, err = groundtruth.Rollback(groundtruth.By(ctx, *author), store, to, f.collection, rest[1:], embedder)
	}
	for _, d := range done {
		fmt.Fprintf(std.Out, "%s %s [%s]\n", d.What, printable(d.Source), printable(d.Collection))
	}
	if err != nil {
		fmt.Fprintln(std.Err, "what is listed above is done; run it again for the rest")
		return f.fail(err)
	}
	if *dry {
		fmt.Fprintf(std.Out, "%s\n", plural(len(done), "source would change", "sources would change"))
		return exitOK
	}
	fmt.Fprintf(std.Out, "%s; revision %s\n", plural(len(done), "source changed", "sources changed"), store.Revision())
	return exitOK
}

// chosen are the differences of a collection, "" for all, and of the sources named, if
// any are.
func chosen(list []groundtruth.Difference, collection string, sources []string) []groundtruth.Difference {
	kept := list[:0]
	for _, d := range list {
		named := len(sources) == 0
		for _, s := range sources {
			named = named || s == d.Source
		}
		if named && (collection == "" || d.Collection == collection) {
			kept = append(kept, d)
		}
	}
	return kept
}

// embedder opens the model that makes vectors, if one is configured and runs.
func (f *storeFlags) embedder(std Streams) (groundtruth.Embedder, func(), error) {
	model, r, err := f.cfg.openEmbedder()
	switch {
	case err != nil:
		return nil, nil, err
	case model != nil:
		return model, func() { model.Close() }, nil
	case r != nil:
		fmt.Fprintf(std.Err, "note: the %s's model is not running, so %s: %s\n", r.name, r.without, r.problem)
	}
	return nil, func() {}, nil
}

func runForget(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("sources forget", `usage: touchstone sources forget -before REVISION|DAY [OPTION...]

Drops for good what sources were before a revision or day. The state at it and all
later ones can still be shown and brought back.`, "", std)
	before := f.String("before", "", "a `REVISION`, or a day such as 2026-03-31")
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case *before == "" || len(rest) > 0:
		return f.misused("it takes -before and no argument")
	}
	store, err := f.versioned(ctx)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	var number int64
	if day, bad := time.Parse(time.DateOnly, *before); bad == nil {
		list, err := store.Changes(ctx, groundtruth.ChangeQuery{Limit: 100_000})
		if err != nil {
			return f.fail(err)
		}
		for _, c := range list {
			if c.At.Before(day) {
				number = max(number, c.Number)
			}
		}
	} else if number, err = revisionAt(ctx, store, *before); err != nil {
		return f.fail(err)
	}
	n, err := store.Forget(ctx, number)
	if err != nil {
		return f.fail(err)
	}
	fmt.Fprintf(std.Out, "%s forgotten; the history begins at revision %d\n", plural(n, "version"), number)
	return exitOK
}
