package groundtruth

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Difference is how a source differs between two states of a store.
type Difference struct {
	Collection string   `json:"collection"`
	Source     string   `json:"source"`
	What       string   `json:"what"`             // Added, Changed, Removed
	Before     *Change  `json:"before,omitempty"` // that made it what it was
	After      *Change  `json:"after,omitempty"`
	Gone       []string `json:"gone,omitempty"` // passages, facts and approved answers that it had
	New        []string `json:"new,omitempty"`
}

// Diff tells how the sources differ between two revisions, by collection and ID, and
// with texts what of them does.
func Diff(ctx context.Context, store Versioned, from, to int64, texts bool) ([]Difference, error) {
	before, err := store.Then(ctx, from)
	if err != nil {
		return nil, err
	}
	after, err := store.Then(ctx, to)
	if err != nil {
		return nil, err
	}
	list := []Difference{}
	for len(before)+len(after) > 0 {
		d := Difference{What: Changed}
		switch c := order(before, after); {
		case c < 0:
			d.What, d.Before = Removed, &before[0]
			before = before[1:]
		case c > 0:
			d.What, d.After = Added, &after[0]
			after = after[1:]
		default:
			d.Before, d.After = &before[0], &after[0]
			before, after = before[1:], after[1:]
			if d.Before.Hash == d.After.Hash {
				continue
			}
		}
		of := d.After
		if of == nil {
			of = d.Before
		}
		d.Collection, d.Source = of.Collection, of.Source
		if texts {
			if err := d.compare(ctx, store); err != nil {
				return nil, err
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// order compares the first of two lists by collection and ID.
func order(a, b []Change) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	if c := strings.Compare(a[0].Collection, b[0].Collection); c != 0 {
		return c
	}
	return strings.Compare(a[0].Source, b[0].Source)
}

// compare fills in what is gone and new.
func (d *Difference) compare(ctx context.Context, store Versioned) error {
	lines := func(c *Change) ([]string, error) {
		if c == nil {
			return nil, nil
		}
		doc, err := store.Version(ctx, c.Collection, c.Source, c.Number)
		if errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("what %s was at revision %d is not kept", c.Source, c.Number)
		}
		return doc.statements(), err
	}
	was, err := lines(d.Before)
	if err != nil {
		return err
	}
	is, err := lines(d.After)
	if err != nil {
		return err
	}
	d.Gone, d.New = without(was, is), without(is, was)
	return nil
}

// statements are what a document says, piece by piece.
func (d *Document) statements() []string {
	var out []string
	for _, p := range d.Passages {
		text := oneLine(p.Text)
		if p.Heading != "" {
			text = p.Heading + ": " + text
		}
		out = append(out, text)
	}
	for i := range d.Records.Facts {
		f := &d.Records.Facts[i]
		line := f.Statement()
		if valid := f.Valid.String(); valid != "" {
			line += " Valid " + valid + "."
		}
		out = append(out, line)
	}
	for i := range d.Records.Approved {
		a := &d.Records.Approved[i]
		out = append(out, strings.Join(a.Questions, " | ")+": "+oneLine(a.Answer))
	}
	return out
}

// without is what of a is not in b, each as often as it is there more.
func without(a, b []string) []string {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	var out []string
	for _, s := range a {
		if count[s] > 0 {
			count[s]--
			continue
		}
		out = append(out, s)
	}
	return out
}

// Latest is the number of the last change of the tenant's sources.
func Latest(ctx context.Context, store Versioned) (int64, error) {
	list, err := store.Changes(ctx, ChangeQuery{Limit: 1})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Number, nil
}

// Rollback brings the sources back to what they were at a revision, each by a change of
// its own; sources, if any are named, are the only ones. An Embedder makes the vectors
// of what comes back. It returns what it did, and goes on where it was interrupted when
// it is called again.
func Rollback(ctx context.Context, store Versioned, to int64, collection string, sources []string, e Embedder) ([]Difference, error) {
	now, err := Latest(ctx, store)
	if err != nil {
		return nil, err
	}
	list, err := Diff(ctx, store, now, to, false)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, s := range sources {
		wanted[s] = true
	}
	done := []Difference{}
	for _, d := range list {
		if collection != "" && d.Collection != collection || len(wanted) > 0 && !wanted[d.Source] {
			continue
		}
		if d.After == nil {
			if err := store.Delete(ctx, d.Collection, d.Source); err != nil && !errors.Is(err, ErrNotFound) {
				return done, err
			}
			done = append(done, d)
			continue
		}
		doc, err := store.Version(ctx, d.Collection, d.Source, d.After.Number)
		if err != nil {
			return done, err
		}
		if e != nil {
			if err := Embed(ctx, e, &doc); err != nil {
				return done, err
			}
		}
		if _, err := store.Replace(ctx, doc); err != nil {
			return done, err
		}
		done = append(done, d)
	}
	return done, nil
}
