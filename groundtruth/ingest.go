package groundtruth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultMaxFile is the largest file that is read, in bytes.
const DefaultMaxFile = 64 << 20

// An Ingester brings a collection up to date with files.
type Ingester struct {
	Store      Store
	Collection string
	MaxFile    int64    // in bytes; 0 means DefaultMaxFile
	Embedder   Embedder // makes the vectors of passages; nil: sources are found by words only
	Prune      bool     // remove sources below the given folders whose file is gone
	// Progress, when set, is called after each file with what became of it.
	Progress func(done, total int, o Outcome)
}

// Outcome says what became of one file.
type Outcome struct {
	Source  string
	What    string // added, changed, unchanged, removed, skipped, failed
	Err     error  // why it failed or was skipped
	Notices []string
}

// Counts is how many files had each outcome.
type Counts struct{ Added, Changed, Unchanged, Removed, Skipped, Failed int }

// Run reads files, and folders with all that is below them but hidden names,
// and stores each file whose content is not stored yet. A file that cannot be
// read is an Outcome and stops nothing. The error is of ctx, between two files,
// of the store or of the embedder.
func (in *Ingester) Run(ctx context.Context, paths []string) (Counts, error) {
	var n Counts
	settle := func(context.Context) error { return nil }
	if l, ok := in.Store.(Loader); ok {
		loading := *in
		loading.Store, settle = l.Load()
		in = &loading
	}
	stored, err := in.Store.Sources(ctx, in.Collection)
	if err != nil {
		return n, fmt.Errorf("listing the sources: %w", err)
	}
	known := make(map[string]Source, len(stored))
	for _, src := range stored {
		known[src.ID] = src
	}
	files, bad, folders := find(ctx, paths)
	total := len(files) + len(bad)
	report := func(o Outcome) {
		switch o.What {
		case "added":
			n.Added++
		case "changed":
			n.Changed++
		case "unchanged":
			n.Unchanged++
		case "removed":
			n.Removed++
		case "skipped":
			n.Skipped++
		default:
			n.Failed++
		}
		if in.Progress != nil {
			in.Progress(n.Added+n.Changed+n.Unchanged+n.Skipped+n.Failed, total, o)
		}
	}
	for _, o := range bad {
		report(o)
	}
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		seen[f.id] = true
		o, err := in.file(ctx, f, known)
		if err != nil {
			return n, err
		}
		report(o)
	}
	if !in.Prune {
		return n, cmp.Or(ctx.Err(), settle(ctx))
	}
	for _, src := range stored {
		if seen[src.ID] || !below(src.ID, folders) || slices.ContainsFunc(bad, func(o Outcome) bool {
			return o.What == "failed" && below(src.ID, []string{o.Source}) // what cannot be listed is not gone
		}) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := in.Store.Delete(ctx, in.Collection, src.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return n, err
		}
		report(Outcome{Source: src.ID, What: "removed"})
	}
	return n, settle(ctx)
}

// file stores one file. The error is the store's, the embedder's, or that of ctx.
func (in *Ingester) file(ctx context.Context, f entry, known map[string]Source) (Outcome, error) {
	o := Outcome{Source: f.id}
	data, err := readFile(f.path, in.MaxFile)
	if err != nil {
		o.What, o.Err = "failed", err
		return o, nil
	}
	media := Media(f.path, data)
	if media == "" && !f.named {
		o.What, o.Err = "skipped", ErrUnknownType
		return o, nil
	}
	src, stored := known[f.id]
	if stored && src.Hash == Hash(media, data) && (in.Embedder == nil || src.Embedding == in.Embedder.ID()) {
		o.What = "unchanged"
		return o, nil
	}
	doc, notices, err := Read(ctx, f.path, data)
	o.Notices = notices
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	if err != nil {
		o.What, o.Err = "failed", err
		return o, nil
	}
	doc.ID, doc.Collection = f.id, in.Collection
	if err := doc.Check(); err != nil { // the name of the file is not text
		o.What, o.Err = "failed", err
		return o, nil
	}
	if in.Embedder != nil {
		if err := Embed(ctx, in.Embedder, &doc); err != nil {
			return o, err
		}
	}
	if _, err := in.Store.Replace(ctx, doc); err != nil {
		return o, err
	}
	o.What = "added"
	if stored {
		o.What = "changed"
	}
	return o, nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = DefaultMaxFile
	}
	st, err := os.Stat(name)
	if err != nil {
		return nil, cause(err)
	}
	if !st.Mode().IsRegular() { // opening a named pipe would wait for a writer
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(f, limit+1))
	if err != nil {
		return nil, cause(err)
	}
	if n > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	if n == 0 {
		return nil, errors.New("it is empty")
	}
	return data.Bytes(), nil
}

// cause leaves off the path, which is reported beside it.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// entry is a file to read; named when the caller gave it by name.
type entry struct {
	path, id string
	named    bool
}

// find lists the files that paths mean, each once, the outcomes of what cannot
// be listed, and the folders among paths that could.
func find(ctx context.Context, paths []string) (files []entry, bad []Outcome, folders []string) {
	listed := map[string]bool{}
	add := func(name string, named bool) {
		if id := filepath.ToSlash(filepath.Clean(name)); !listed[id] {
			listed[id] = true
			files = append(files, entry{name, id, named})
		}
	}
	for _, p := range paths {
		p = filepath.Clean(p)
		st, err := os.Stat(p)
		if err != nil {
			bad = append(bad, Outcome{Source: filepath.ToSlash(p), What: "failed", Err: cause(err)})
			continue
		}
		if !st.IsDir() {
			add(p, true)
			continue
		}
		folders = append(folders, filepath.ToSlash(p))
		root := os.DirFS(p)
		// The callback returns nothing but fs.SkipDir and the error of ctx, which Run checks itself.
		_ = fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
			full := filepath.Join(p, filepath.FromSlash(name))
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				bad = append(bad, Outcome{Source: filepath.ToSlash(full), What: "failed", Err: cause(err)})
				return fs.SkipDir
			case name != "." && strings.HasPrefix(e.Name(), "."):
				if e.IsDir() {
					return fs.SkipDir
				}
				return nil
			case e.IsDir():
				return nil
			}
			if e.Type()&fs.ModeSymlink != 0 { // a link to a file counts, as Kubernetes mounts them; one to a folder could go in circles
				if st, err := fs.Stat(root, name); err == nil && st.IsDir() {
					return nil
				}
			} else if !e.Type().IsRegular() {
				return nil
			}
			if ext := strings.ToLower(path.Ext(name)); ext == "" || medias[ext] != "" {
				add(full, false)
			} else {
				bad = append(bad, Outcome{Source: filepath.ToSlash(full), What: "skipped", Err: ErrUnknownType})
			}
			return nil
		})
	}
	return files, bad, folders
}

// below reports whether id is one of the folders or lies below one.
func below(id string, folders []string) bool {
	for _, f := range folders {
		switch {
		case f == ".":
			if !path.IsAbs(id) && id != ".." && !strings.HasPrefix(id, "../") {
				return true
			}
		case id == f || strings.HasPrefix(id, strings.TrimSuffix(f, "/")+"/"):
			return true
		}
	}
	return false
}
