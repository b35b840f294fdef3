package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"touchstone/groundtruth"
)

// recordKind is one kind of typed records, which a subcommand of its own imports,
// lists and deletes.
type recordKind struct {
	command, noun, media, fields string
	read                         func(name string, data []byte, author string) (groundtruth.Document, error)
	count                        func(*groundtruth.Records) int
}

var factKind = recordKind{
	command: "facts", noun: "fact", media: groundtruth.MediaFacts,
	fields: "subject, attribute, value, unit, region, product, audience, valid_from,\nvalid_to, source and author; the first three are needed",
	read:   groundtruth.ReadFacts,
	count:  func(r *groundtruth.Records) int { return len(r.Facts) },
}

var approvedKind = recordKind{
	command: "approved", noun: "approved answer", media: groundtruth.MediaApproved,
	fields: "question, answer, region, product, audience, valid_from, valid_to,\nsource and author; the first two are needed",
	read:   groundtruth.ReadApproved,
	count:  func(r *groundtruth.Records) int { return len(r.Approved) },
}

func runFacts(ctx context.Context, args []string, std Streams) int {
	return factKind.run(ctx, args, std)
}

func runApproved(ctx context.Context, args []string, std Streams) int {
	return approvedKind.run(ctx, args, std)
}

func (k recordKind) run(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 {
		switch args[0] {
		case "import":
			return k.runImport(ctx, args[1:], std)
		case "list":
			return k.runList(ctx, args[1:], std)
		case "delete":
			return k.runDelete(ctx, args[1:], std)
		}
	}
	fmt.Fprintf(std.Err, `usage: touchstone %[1]s import FILE...    read %[2]ss from CSV, JSONL or YAML
       touchstone %[1]s list [WORD...]    list them, or those that have all the words
       touchstone %[1]s delete ID...      delete single ones, or files by name

Each explains its options with -h.
`, k.command, k.noun)
	if len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		return exitOK
	}
	return exitUsage
}

func (k recordKind) flags(verb, usage, collection string, std Streams) *storeFlags {
	return newStoreFlags(k.command+" "+verb, "usage: touchstone "+k.command+" "+verb+" "+usage, collection, std)
}

// recorder opens the store for records.
func (f *storeFlags) recorder(ctx context.Context, create bool) (groundtruth.Recorder, error) {
	store, err := f.open(ctx, create)
	if err != nil {
		return nil, err
	}
	if r, ok := groundtruth.Store(store).(groundtruth.Recorder); ok {
		return r, nil
	}
	return nil, errors.Join(errors.New("this store keeps no facts"), store.Close())
}

// authorFlag adds -author, whose default is the name of the user.
func authorFlag(f *storeFlags) *string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return f.String("author", name, "`NAME` that the change is recorded under")
}

func (k recordKind) runImport(ctx context.Context, args []string, std Streams) int {
	f := k.flags("import", fmt.Sprintf(`[OPTION...] FILE...

Makes each file the source of its %ss: what it no longer holds is gone. A file
is CSV with a header (.csv, .tsv), JSONL (.jsonl) or a list in YAML (.yaml). The
fields are %s.
A file with a bad record changes nothing; the others are read all the same.

Exit status: 0 all read, 1 something could not be, 64 wrong usage.`, k.noun, k.fields), "default", std)
	author := authorFlag(f)
	paths, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(paths) == 0:
		return f.misused("it needs a file")
	case f.collection == "":
		return f.misused("-collection needs a name")
	}
	store, err := f.recorder(ctx, true)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	ctx = groundtruth.By(ctx, *author)
	before, err := store.Recorded(ctx)
	if err != nil {
		return f.fail(err)
	}
	for _, path := range paths {
		id := filepath.ToSlash(filepath.Clean(path))
		data, err := readRegular(path, groundtruth.DefaultMaxFile)
		var doc groundtruth.Document
		if err == nil {
			doc, err = k.read(path, data, *author)
		}
		if err != nil {
			status = exitError
			for line := range strings.SplitSeq(err.Error(), "\n") {
				fmt.Fprintf(std.Err, "failed: %s: %s\n", printable(id), oneLine(line))
			}
			continue
		}
		doc.ID, doc.Collection = id, f.collection
		if _, err := store.Replace(ctx, doc); err != nil {
			return f.fail(err)
		}
		fresh, gone := k.difference(before, &doc)
		fmt.Fprintf(std.Out, "%s: %s, %d new, %d gone\n", printable(id), plural(k.count(&doc.Records), k.noun), fresh, gone)
	}
	fmt.Fprintf(std.Out, "revision %s\n", store.Revision())
	return status
}

// difference counts the records that doc has and its source had not, and the other
// way round.
func (k recordKind) difference(before []groundtruth.Recorded, doc *groundtruth.Document) (fresh, gone int) {
	ids := func(r *groundtruth.Records) map[string]bool {
		out := map[string]bool{}
		for i := range r.Facts {
			out[r.Facts[i].ID] = true
		}
		for i := range r.Approved {
			out[r.Approved[i].ID] = true
		}
		return out
	}
	now, was := ids(&doc.Records), map[string]bool{}
	for i := range before {
		if before[i].ID == doc.ID && before[i].Collection == doc.Collection {
			was = ids(&before[i].Held)
		}
	}
	for id := range now {
		if !was[id] {
			fresh++
		}
	}
	for id := range was {
		if !now[id] {
			gone++
		}
	}
	return fresh, gone
}

// readRegular reads a regular file of at most limit bytes.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, reasonOf(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// reasonOf is an error of a file without its name.
func reasonOf(err error) error {
	return cmp.Or(errors.Unwrap(err), err)
}

func (k recordKind) runList(ctx context.Context, args []string, std Streams) int {
	f := k.flags("list", "[OPTION...] [WORD...]\n\nLists the "+k.noun+"s, or those that have all the words.", "", std)
	output := f.String("o", "text", "output `FORMAT`: text or json")
	at := f.String("at", "", "only what is in force on this `DAY` (2026-03-31), or now for \"now\"")
	rest, status, ok := f.parse(args)
	if !ok {
		return status
	}
	if *output != "text" && *output != "json" {
		return f.misused("-o is text or json, not %q", *output)
	}
	var when time.Time
	switch *at {
	case "":
	case "now":
		when = time.Now()
	default:
		var err error
		if when, err = time.Parse(time.DateOnly, *at); err != nil {
			return f.misused("-at is a day such as 2026-03-31, not %q", *at)
		}
	}
	store, err := f.recorder(ctx, false)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	list, err := store.Recorded(ctx)
	if err != nil {
		return f.fail(err)
	}
	here := func(collection string, valid groundtruth.Span) bool {
		return (f.collection == "" || collection == f.collection) && (when.IsZero() || valid.Place(when) == groundtruth.Present)
	}
	facts := groundtruth.AllFacts(list, func(at *groundtruth.FactIn) bool { return here(at.Collection, at.Valid) && at.Mentions(rest...) })
	approved := groundtruth.AllApproved(list, func(at *groundtruth.ApprovedIn) bool { return here(at.Collection, at.Valid) && at.Mentions(rest...) })
	if *output == "json" {
		var shown any = facts
		if k.media == groundtruth.MediaApproved {
			shown = approved
		}
		err = printJSON(std.Out, map[string]any{"revision": store.Revision(), k.command: shown})
	} else if k.media == groundtruth.MediaFacts {
		err = printFacts(std.Out, facts, store.Revision())
	} else {
		err = printApproved(std.Out, approved, store.Revision())
	}
	if err != nil {
		return f.fail(err)
	}
	return exitOK
}

func printFacts(w io.Writer, list []groundtruth.FactIn, revision string) error {
	var rows [][]string
	for i := range list {
		f := &list[i]
		rows = append(rows, []string{f.ID, f.Subject, f.Attribute, shorten(f.Amount(), 40), f.Scope.String(), f.Valid.String(), f.In, f.Author})
	}
	return printRecords(w, "ID\tSUBJECT\tATTRIBUTE\tVALUE\tFOR\tVALID\tIN\tAUTHOR", rows, "fact", revision)
}

func printApproved(w io.Writer, list []groundtruth.ApprovedIn, revision string) error {
	var rows [][]string
	for i := range list {
		a := &list[i]
		rows = append(rows, []string{a.ID, shorten(strings.Join(a.Questions, " | "), 50), shorten(a.Answer, 60), a.Scope.String(), a.Valid.String(), a.In, a.Author})
	}
	return printRecords(w, "ID\tQUESTION\tANSWER\tFOR\tVALID\tIN\tAUTHOR", rows, "approved answer", revision)
}

func printRecords(w io.Writer, header string, rows [][]string, noun, revision string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(rows) > 0 {
		fmt.Fprintln(t, header)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = printable(cmp.Or(row[i], "-"))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s; revision %s\n", plural(len(rows), noun), revision)
	return err
}

func (k recordKind) runDelete(ctx context.Context, args []string, std Streams) int {
	f := k.flags("delete", fmt.Sprintf(`[OPTION...] ID...

Deletes single %ss by ID, or all of a file by its name; `+"`touchstone %s list`"+`
shows both. The next import of the file brings back what it still holds.`, k.noun, k.command), "", std)
	author := authorFlag(f)
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) == 0:
		return f.misused("it needs an ID")
	}
	store, err := f.recorder(ctx, false)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	ctx = groundtruth.By(ctx, *author)
	for _, id := range rest {
		n, err := k.delete(ctx, store, f.collection, id)
		switch {
		case errors.Is(err, groundtruth.ErrNotFound):
			status = f.fail(fmt.Errorf("there is no %s and no file of %ss %s", k.noun, k.noun, printable(id)))
		case errors.Is(err, groundtruth.ErrShared):
			status = f.fail(err)
		case err != nil:
			return f.fail(err)
		default:
			fmt.Fprintf(std.Out, "deleted %s from %s; revision %s\n", printable(id), plural(n, "source"), store.Revision())
		}
	}
	return status
}

// delete removes a record by ID, or a whole source of records by name.
func (k recordKind) delete(ctx context.Context, store groundtruth.Recorder, collection, id string) (int, error) {
	list, err := store.Recorded(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, in := range list {
		if in.ID == id && in.Media == k.media && (collection == "" || in.Collection == collection) {
			if err := store.Delete(ctx, in.Collection, id); err != nil {
				return n, err
			}
			n++
		}
	}
	if n > 0 {
		return n, nil
	}
	return groundtruth.Drop(ctx, store, collection, id)
}
