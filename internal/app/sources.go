package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"touchstone/groundtruth"
)

// storeFlags are the options of the subcommands that work on the ground truth.
type storeFlags struct {
	*flag.FlagSet
	config, store, collection, tenant string
	cfg                               *Config // of the file, or the default; set by open
}

func newStoreFlags(name, usage, collection string, std Streams) *storeFlags {
	f := &storeFlags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(std.Err)
	f.Usage = func() { fmt.Fprint(std.Err, usage, "\n\n"); f.PrintDefaults() }
	f.StringVar(&f.config, "config", "", "configuration `FILE` that names the store")
	f.StringVar(&f.store, "store", "", "`PATH` of the store (default \""+Default().GroundTruth.Path+"\")")
	f.StringVar(&f.collection, "collection", collection, "`NAME` of the collection")
	f.StringVar(&f.tenant, "tenant", "", "`NAME` of the tenant whose ground truth it is (default the one without a name)")
	return f
}

// parse reads options before, between and after the other arguments, which it
// returns. When ok is false the command ends with status.
func (f *storeFlags) parse(args []string) (rest []string, status int, ok bool) {
	for {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, 0, false
		} else if err != nil {
			return nil, exitUsage, false
		}
		left := f.Args()
		if len(left) == 0 {
			break
		}
		if n := len(args) - len(left); n > 0 && args[n-1] == "--" {
			rest = append(rest, left...)
			break
		}
		rest, args = append(rest, left[0]), left[1:]
	}
	if f.config != "" && f.store != "" {
		fmt.Fprintf(f.Output(), "touchstone %s: -config and -store both name the store: give one of them\n", f.Name())
		return nil, exitUsage, false
	}
	return rest, 0, true
}

// open opens the store; unless create is set, there must be one.
func (f *storeFlags) open(ctx context.Context, create bool) (groundtruth.Store, error) {
	f.cfg = Default()
	if f.config != "" {
		cfg, err := LoadConfig(f.config)
		if err != nil {
			return nil, err
		}
		f.cfg = cfg
	}
	truth := f.cfg.GroundTruth
	truth.Path = cmp.Or(f.store, truth.Path)
	if _, err := os.Stat(truth.Path); !create && truth.Postgres.DSN.Reveal() == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no ground truth at %s: `touchstone ingest PATH` makes one", truth.Path)
	}
	store, err := truth.open(ctx, unlogged())
	if err != nil {
		return nil, err
	}
	return store.For(f.tenant), nil
}

// fail reports an error of a subcommand.
func (f *storeFlags) fail(err error) int {
	fmt.Fprintf(f.Output(), "touchstone %s: %v\n", f.Name(), err)
	return exitError
}

// misused reports wrong usage.
func (f *storeFlags) misused(format string, args ...any) int {
	fmt.Fprintf(f.Output(), "touchstone %s: %s\n\n", f.Name(), fmt.Sprintf(format, args...))
	f.Usage()
	return exitUsage
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

const sourcesUsage = `usage: touchstone sources [OPTION...]
       touchstone sources log [SOURCE]            its changes, newest first
       touchstone sources diff A [B]              what two revisions say differently
       touchstone sources rollback REVISION       back to what it was
       touchstone sources forget -before REVISION drop older versions for good

Lists the sources of the ground truth.`

func runSources(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 {
		if run := versionVerbs[args[0]]; run != nil {
			return run(ctx, args[1:], std)
		}
	}
	f := newStoreFlags("sources", sourcesUsage, "", std)
	output := f.String("o", "text", "output `FORMAT`: text or json")
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) > 0:
		return f.misused("it takes no argument, and got %q", rest[0])
	case *output != "text" && *output != "json":
		return f.misused("-o is text or json, not %q", *output)
	}
	store, err := f.open(ctx, false)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	list, err := store.Sources(ctx, f.collection)
	if err != nil {
		return f.fail(err)
	}
	if *output == "json" {
		err = printJSON(std.Out, struct {
			Revision string               `json:"revision"`
			Sources  []groundtruth.Source `json:"sources"`
		}{store.Revision(), list})
	} else {
		err = printSources(std.Out, list, store.Revision())
	}
	if err != nil {
		return f.fail(err)
	}
	return exitOK
}

func printSources(w io.Writer, list []groundtruth.Source, revision string) error {
	passages := 0
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(list) > 0 {
		fmt.Fprintln(t, "COLLECTION\tSOURCE\tTITLE\tPASSAGES\tFACTS\tBYTES\tREVISION\tUPDATED")
	}
	for _, s := range list {
		passages += s.Passages
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", printable(s.Collection), printable(s.ID), oneLine(shorten(s.Title, 40)), s.Passages, s.Facts+s.Approved, s.Bytes, s.Revision,
			s.Updated.Local().Format("2006-01-02 15:04"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s, %s; revision %s\n", plural(len(list), "source"), plural(passages, "passage"), revision)
	return err
}

// plural counts: "1 source", "2 sources". many is for nouns that form it otherwise.
func plural(n int, noun string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shorten cuts text after a word so that it has at most n characters, and says
// so by an ellipsis.
func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	cut := string([]rune(text)[:n-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// printable is a name as it is, or quoted where it holds what a terminal would
// obey or not show.
func printable(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return name
	}
	return strconv.Quote(name)
}

// searchHit is a passage in `search -o json`.
type searchHit struct {
	groundtruth.Evidence
	Text  string  `json:"text"`
	Quote *string `json:"quote,omitempty"` // hides Evidence.Quote, which only a verdict sets
}

func runSearch(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("search", "usage: touchstone search [OPTION...] QUERY\n\nShows the passages that a sentence would be checked against, best first.", "", std)
	k := f.Int("k", groundtruth.DefaultK, "`NUMBER` of passages")
	output := f.String("o", "text", "output `FORMAT`: text or json")
	f.Lookup("collection").Usage = "`NAME` of the one collection to search (default all)"
	rest, status, ok := f.parse(args)
	query := strings.Join(rest, " ")
	switch {
	case !ok:
		return status
	case strings.TrimSpace(query) == "":
		return f.misused("it needs something to search for")
	case *k < 1:
		return f.misused("-k is a number of passages from 1, not %d", *k)
	case *output != "text" && *output != "json":
		return f.misused("-o is text or json, not %q", *output)
	}
	store, err := f.open(ctx, false)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	list, err := store.Sources(ctx, f.collection)
	if err != nil {
		return f.fail(err)
	}
	if len(list) == 0 && f.collection != "" {
		return f.fail(f.noCollection(ctx, store))
	}
	var collections []string
	for _, s := range list {
		collections = append(collections, s.Collection)
	}
	q := groundtruth.Query{Collections: slices.Compact(collections), Text: query, K: *k}
	if slices.ContainsFunc(list, func(s groundtruth.Source) bool { return s.Embedding != "" }) {
		if err := f.embed(ctx, &q); err != nil {
			return f.fail(err)
		}
	}
	hits, err := store.Search(ctx, q)
	if err != nil {
		return f.fail(err)
	}
	if *output == "json" {
		shown := make([]searchHit, len(hits))
		for i, h := range hits {
			shown[i] = searchHit{Evidence: h, Text: h.Text}
		}
		err = printJSON(std.Out, struct {
			Revision string      `json:"revision"`
			Passages []searchHit `json:"passages"`
		}{store.Revision(), shown})
	} else {
		err = printHits(std.Out, hits)
	}
	if err != nil {
		return f.fail(err)
	}
	return exitOK
}

// embed gives a query its vector, where there is a model for it.
func (f *storeFlags) embed(ctx context.Context, q *groundtruth.Query) error {
	model, _, err := f.cfg.openEmbedder()
	if err != nil || model == nil {
		return err
	}
	defer model.Close()
	made, err := model.Embed(ctx, []string{q.Text})
	if err != nil {
		return err
	}
	q.Vector, q.Embedding = made[0], model.ID()
	return nil
}

// noCollection says that the collection does not exist, and which do.
func (f *storeFlags) noCollection(ctx context.Context, store groundtruth.Store) error {
	list, err := store.Sources(ctx, "")
	if err != nil {
		return err
	}
	var names []string
	for _, s := range list { // ordered by collection
		if name := printable(s.Collection); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no collection %s: the ground truth is empty", printable(f.collection))
	}
	return fmt.Errorf("there is no collection %s; there are: %s", printable(f.collection), strings.Join(names, ", "))
}

func printHits(w io.Writer, hits []groundtruth.Evidence) error {
	if len(hits) == 0 {
		_, err := fmt.Fprintln(w, "nothing found")
		return err
	}
	for i, h := range hits {
		where := h.Source
		if h.Heading != "" {
			where += " > " + h.Heading
		}
		if _, err := fmt.Fprintf(w, "%d. %s  [%s, score %.2f, revision %s]\n   %s\n", i+1, printable(where), printable(h.Collection), h.Score, h.Revision, oneLine(shorten(h.Text, 300))); err != nil {
			return err
		}
	}
	return nil
}

func runDelete(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("delete", "usage: touchstone delete [OPTION...] SOURCE...\n\nRemoves sources from the ground truth; `touchstone sources` lists them.", "default", std)
	author := authorFlag(f)
	rest, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(rest) == 0:
		return f.misused("it needs the name of a source")
	}
	store, err := f.open(ctx, false)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	ctx = groundtruth.By(ctx, *author)
	for _, id := range rest {
		switch err := store.Delete(ctx, f.collection, id); {
		case errors.Is(err, groundtruth.ErrNotFound):
			status = f.fail(f.missing(ctx, store, id))
		case err != nil:
			return f.fail(err)
		default:
			fmt.Fprintf(std.Out, "deleted %s from collection %s; revision %s\n", printable(id), printable(f.collection), store.Revision())
		}
	}
	return status
}

// missing says that a source does not exist, and which ones may be meant.
func (f *storeFlags) missing(ctx context.Context, store groundtruth.Store, id string) error {
	list, err := store.Sources(ctx, "")
	if err != nil {
		return err
	}
	type near struct {
		name     string
		distance int
	}
	var names []near
	for _, s := range list {
		if s.ID == id {
			return fmt.Errorf("%s is not in collection %s but in %s: add -collection %s", printable(id), f.collection, s.Collection, s.Collection)
		}
		if s.Collection != f.collection {
			continue
		}
		d := levenshtein.ComputeDistance(strings.ToLower(s.ID), strings.ToLower(id))
		if path.Base(s.ID) == path.Base(id) || strings.Contains(s.ID, id) {
			d = min(d, 1)
		}
		if d <= max(2, len(id)/3) {
			names = append(names, near{s.ID, d})
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no source %s in collection %s", printable(id), f.collection)
	}
	slices.SortStableFunc(names, func(a, b near) int { return a.distance - b.distance })
	var meant []string
	for _, n := range names[:min(3, len(names))] {
		meant = append(meant, printable(n.name))
	}
	return fmt.Errorf("there is no source %s in collection %s; did you mean %s?", printable(id), f.collection, strings.Join(meant, " or "))
}
