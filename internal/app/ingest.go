package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"touchstone/groundtruth"
)

const ingestUsage = `usage: touchstone ingest [OPTION...] PATH...

Reads files, and folders with all that is below them, into the ground truth:
Markdown, plain text, HTML, PDF, CSV and JSONL. Run again, it changes only what
changed. A file that cannot be read is reported and stops nothing.

Exit status: 0 all read, 1 something could not be, 64 wrong usage, 130 interrupted.`

func runIngest(ctx context.Context, args []string, std Streams) int {
	f := newStoreFlags("ingest", ingestUsage, "default", std)
	author := authorFlag(f)
	reembed := f.Bool("reembed", false, "forget the vectors of all sources first: after a change of the embedder")
	prune := f.Bool("prune", false, "remove sources below the given folders whose file is gone")
	verbose := f.Bool("v", false, "name every file that was added, changed, skipped or removed")
	limit := Size(groundtruth.DefaultMaxFile)
	f.TextVar(&limit, "max-file", limit, "largest `SIZE` of a file")
	paths, status, ok := f.parse(args)
	switch {
	case !ok:
		return status
	case len(paths) == 0:
		return f.misused("it needs a file or a folder")
	case slices.Contains(paths, ""): // a variable that is not set would mean the working folder
		return f.misused("one of the paths is empty")
	case f.collection == "":
		return f.misused("-collection needs a name")
	}
	store, err := f.open(ctx, true)
	if err != nil {
		return f.fail(err)
	}
	defer store.Close()
	show := &ingestProgress{start: time.Now(), err: std.Err, verbose: *verbose, skipped: map[string]int{}}
	in := groundtruth.Ingester{Store: store, Collection: f.collection, MaxFile: int64(limit), Prune: *prune, Progress: show.file}
	model, r, err := f.cfg.openEmbedder()
	if err != nil {
		return f.fail(err)
	}
	if model != nil {
		defer model.Close()
		in.Embedder = embedProgress{model, show}
		if *reembed {
			err = store.ForgetVectors(ctx)
		} else {
			err = sameVectors(ctx, store, model.ID())
		}
		if err != nil {
			return f.fail(err)
		}
	} else if r != nil {
		fmt.Fprintf(std.Err, "note: the %s's model is not running, so %s: %s\n", r.name, r.without, r.problem)
	}
	n, err := in.Run(groundtruth.By(ctx, *author), paths)
	show.clear()
	if n.Skipped > 0 && !*verbose {
		fmt.Fprintf(std.Err, "skipped %s of other kinds (%s)\n", plural(n.Skipped, "file"), show.kinds())
	}
	summary := fmt.Sprintf("%d added, %d changed, %d unchanged, ", n.Added, n.Changed, n.Unchanged)
	if n.Removed > 0 || *prune {
		summary += fmt.Sprintf("%d removed, ", n.Removed)
	}
	fmt.Fprintf(std.Out, "%s%d failed; revision %s\n", summary, n.Failed, store.Revision())
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(std.Err, "interrupted: what is counted above is stored; run it again for the rest")
		return 130
	case err != nil:
		return f.fail(err)
	case n.Failed > 0:
		return exitError
	}
	return exitOK
}

// ingestProgress tells a person what becomes of the files, with a bar where it
// takes longer than a second and someone watches.
type ingestProgress struct {
	start   time.Time
	err     io.Writer
	verbose bool
	bar     *progressbar.ProgressBar
	skipped map[string]int // files by extension

	embedded int // passages
}

func (p *ingestProgress) file(done, total int, o groundtruth.Outcome) {
	if o.What == "skipped" {
		p.skipped[strings.ToLower(path.Ext(o.Source))]++
	}
	if len(o.Notices) > 0 || o.What == "failed" || p.verbose && o.What != "unchanged" {
		p.clear()
	}
	for _, note := range o.Notices {
		fmt.Fprintf(p.err, "note: %s: %s\n", printable(o.Source), note)
	}
	switch {
	case o.What == "failed":
		fmt.Fprintf(p.err, "failed: %s: %s\n", printable(o.Source), oneLine(o.Err.Error()))
	case p.verbose && o.What != "unchanged":
		fmt.Fprintf(p.err, "%s: %s\n", o.What, printable(o.Source))
	}
	p.begin(total)
	if p.bar != nil {
		p.bar.ChangeMax(total)
		p.bar.Set(done)
	}
}

// embedProgress makes vectors and tells how many passages have them.
type embedProgress struct {
	groundtruth.Embedder
	show *ingestProgress
}

func (e embedProgress) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out, err := e.Embedder.Embed(ctx, texts)
	e.show.embedded += len(texts)
	if e.show.bar != nil {
		e.show.bar.Describe(fmt.Sprintf("reading, %d passages embedded", e.show.embedded))
	} else {
		e.show.begin(-1)
	}
	return out, err
}

// begin shows a bar where it takes longer than a second and someone watches; total is
// -1 where it is not known.
func (p *ingestProgress) begin(total int) {
	if p.bar == nil && time.Since(p.start) > time.Second && isTerminal(p.err) {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.err), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription("reading"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
}

func (p *ingestProgress) clear() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

// kinds lists the extensions of skipped files, the most frequent first.
func (p *ingestProgress) kinds() string {
	var exts []string
	for ext := range p.skipped {
		exts = append(exts, ext)
	}
	slices.SortFunc(exts, func(a, b string) int {
		if d := p.skipped[b] - p.skipped[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, ext := range exts {
		if ext == "" {
			exts[i] = "no extension"
		}
	}
	if len(exts) > 6 {
		exts = append(exts[:6], "…")
	}
	return printable(strings.Join(exts, ", "))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
