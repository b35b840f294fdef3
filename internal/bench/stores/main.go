// Command stores measures the stores of ground truth on a made-up corpus: loading,
// searching, and how many of the right passages a search finds. It writes a table in
// Markdown.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"touchstone/groundtruth"
	"touchstone/groundtruth/postgres"
	"touchstone/internal/pgtest"
)

func main() {
	var b bench
	flag.IntVar(&b.passages, "n", 100_000, "`NUMBER` of passages of the large collection")
	flag.IntVar(&b.dims, "dims", 384, "`NUMBER` of components of a vector")
	flag.IntVar(&b.questions, "q", 500, "`NUMBER` of questions")
	flag.Float64Var(&b.noise, "noise", 1, "`LENGTH` of what sets a passage apart from its cluster's centre of length 1")
	stores := flag.String("stores", "embedded,postgres", "which to measure")
	dsn := flag.String("dsn", os.Getenv(pgtest.Variable), "`ADDRESS` of a database to fill; by default a server of its own")
	flag.BoolVar(&b.loaded, "loaded", false, "the database of -dsn was filled by an earlier run with the same options")
	flag.Parse()
	if err := b.run(context.Background(), strings.Split(*stores, ","), *dsn); err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		os.Exit(1)
	}
}

type bench struct {
	passages, dims, questions int
	noise                     float64
	loaded                    bool

	parts []part
}

// part is one tenant's collection in the store and the questions about it.
type part struct {
	name, tenant, collection string
	passages                 int
	questions                []groundtruth.Query
	right                    []map[string]bool // the ten nearest passages of each question, by float32
}

func (b *bench) run(ctx context.Context, stores []string, dsn string) error {
	b.parts = []part{
		{name: "large", collection: "default", passages: b.passages},
		{name: "tenth of it, another tenant's", tenant: "tenth", collection: "default", passages: b.passages / 10},
		{name: "hundredth, another tenant's", tenant: "hundredth", collection: "default", passages: b.passages / 100},
	}
	start := time.Now()
	b.ask()
	fmt.Fprintf(os.Stderr, "questions and their answers by comparing everything: %s\n", time.Since(start).Round(time.Second))
	fmt.Printf("%d passages of 100 words and %d components, and %d and %d of two other tenants; %d questions each; noise %g.\n",
		b.parts[0].passages, b.dims, b.parts[1].passages, b.parts[2].passages, b.questions, b.noise)
	for _, name := range stores {
		var err error
		switch name {
		case "embedded":
			err = b.embedded(ctx)
		case "postgres":
			err = b.postgres(ctx, dsn)
		default:
			err = fmt.Errorf("there is no store %q", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// documents calls each with every document of a part, in order and always the same.
func (b *bench) documents(number int, each func(groundtruth.Document) error) error {
	p := &b.parts[number]
	c := newCorpus(uint64(number+1), p.passages, b.dims, b.noise)
	for i := range p.passages / 10 {
		if err := each(c.document(p.collection, i)); err != nil {
			return err
		}
	}
	return nil
}

// ask makes the questions of each part and finds their right answers.
func (b *bench) ask() {
	for number := range b.parts {
		p := &b.parts[number]
		c := newCorpus(uint64(number+100), p.passages, b.dims, b.noise)
		type near struct {
			name   string
			cosine float32
		}
		every := max(1, p.passages/10/b.questions)
		i := 0
		b.documents(number, func(d groundtruth.Document) error {
			if i++; i%every == 0 && len(p.questions) < b.questions {
				p.questions = append(p.questions, c.question(p.collection, &d.Passages[c.rng.IntN(10)]))
			}
			return nil
		})
		best := make([][]near, len(p.questions))
		var wg sync.WaitGroup
		work := make(chan groundtruth.Document, 16)
		var mu sync.Mutex
		for range 2 {
			wg.Go(func() {
				own := make([][]near, len(p.questions))
				for d := range work {
					for q := range p.questions {
						for j := range d.Passages {
							cosine := dot(p.questions[q].Vector, d.Passages[j].Vector)
							if len(own[q]) == 10 && cosine <= own[q][9].cosine {
								continue
							}
							own[q] = append(own[q], near{fmt.Sprintf("%s#%d", d.ID, j), cosine})
							slices.SortFunc(own[q], func(a, b near) int { return cmp.Compare(b.cosine, a.cosine) })
							own[q] = own[q][:min(10, len(own[q]))]
						}
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for q := range own {
					best[q] = append(best[q], own[q]...)
				}
			})
		}
		b.documents(number, func(d groundtruth.Document) error { work <- d; return nil })
		close(work)
		wg.Wait()
		for q := range best {
			slices.SortFunc(best[q], func(a, b near) int { return cmp.Compare(b.cosine, a.cosine) })
			right := map[string]bool{}
			for _, n := range best[q][:10] {
				right[n.name] = true
			}
			p.right = append(p.right, right)
		}
	}
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a); i += 4 {
		s0, s1, s2, s3 = s0+a[i]*b[i], s1+a[i+1]*b[i+1], s2+a[i+2]*b[i+2], s3+a[i+3]*b[i+3]
	}
	return s0 + s1 + s2 + s3
}

// load fills a store and reports how fast.
func (b *bench) load(ctx context.Context, s groundtruth.Store) error {
	for number := range b.parts {
		p := &b.parts[number]
		view := s.For(p.tenant)
		settle := func(context.Context) error { return nil }
		if l, ok := view.(groundtruth.Loader); ok {
			view, settle = l.Load()
		}
		var spent time.Duration // without making the documents
		done := 0
		err := b.documents(number, func(d groundtruth.Document) error {
			start := time.Now()
			_, err := view.Replace(ctx, d)
			spent += time.Since(start)
			if done += len(d.Passages); done%max(10_000, p.passages/20) == 0 {
				fmt.Fprintf(os.Stderr, "%s: %d passages in %s\n", p.name, done, spent.Round(time.Second))
			}
			return err
		})
		if err != nil {
			return err
		}
		start := time.Now()
		if err := settle(ctx); err != nil {
			return err
		}
		settled := time.Since(start)
		fmt.Printf("- %s: %d passages stored in %.1f s and indexed in %.1f s, %.0f/s\n", p.name, p.passages, spent.Seconds(), settled.Seconds(),
			float64(p.passages)/(spent+settled).Seconds())
	}
	return nil
}

// search asks all questions and prints a row for each part and kind of search.
func (b *bench) search(ctx context.Context, s groundtruth.Store, name string) error {
	for _, p := range b.parts {
		view := s.For(p.tenant)
		for _, kind := range []string{"hybrid", "vector", "words"} {
			var took []time.Duration
			found := 0
			for range 2 { // the first time warms
				took, found = took[:0], 0
				for i, q := range p.questions {
					switch kind {
					case "vector":
						q.Text = ""
					case "words":
						q.Vector = nil
					}
					start := time.Now()
					hits, err := view.Search(ctx, q)
					if err != nil {
						return err
					}
					took = append(took, time.Since(start))
					for _, h := range hits {
						if p.right[i][fmt.Sprintf("%s#%d", h.Source, h.Passage)] {
							found++
						}
					}
				}
			}
			slices.Sort(took)
			recall := "-"
			if kind == "vector" {
				recall = fmt.Sprintf("%.3f", float64(found)/float64(10*len(p.questions)))
			}
			fmt.Printf("| %s | %s | %s | %s | %s | %s |\n", name, p.name, kind, ms(took[len(took)/2]), ms(took[len(took)*99/100]), recall)
		}
	}
	start := time.Now()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < len(b.parts[0].questions); i += 4 {
				if _, err := s.Search(ctx, b.parts[0].questions[i]); err != nil {
					fmt.Fprintln(os.Stderr, "stores:", err)
				}
			}
		})
	}
	wg.Wait()
	fmt.Printf("| %s | large | hybrid, four at once | %.0f/s | | |\n", name, float64(len(b.parts[0].questions))/time.Since(start).Seconds())
	return nil
}

const header = "\n| store | collection | search | p50 ms | p99 ms | recall@10 |\n| --- | --- | --- | --- | --- | --- |\n"

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func (b *bench) embedded(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "touchstone-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "truth.db")
	fmt.Printf("\n## Embedded\n\n")
	s, err := groundtruth.Open(ctx, path)
	if err != nil {
		return err
	}
	if err := b.load(ctx, s); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	debug.FreeOSMemory()
	before := resident()
	start := time.Now()
	if s, err = groundtruth.Open(ctx, path); err != nil {
		return err
	}
	defer s.Close()
	took := time.Since(start)
	debug.FreeOSMemory()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Printf("- opened in %.2f s; %d MiB more resident; file of %d MiB\n", took.Seconds(), (resident()-before)>>20, info.Size()>>20)
	fmt.Print(header)
	return b.search(ctx, s, "embedded")
}

// resident is the memory of this process in bytes; 0 where it is not known.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	var size, pages int64
	if err == nil {
		fmt.Sscan(string(data), &size, &pages)
	}
	return pages * int64(os.Getpagesize())
}

func (b *bench) postgres(ctx context.Context, dsn string) error {
	if dsn == "" {
		server, err := pgtest.Start(ctx, "fsync=on", "shared_buffers=1GB", "max_wal_size=4GB")
		if err != nil {
			return err
		}
		defer server.Stop()
		dsn = server.DSN("postgres")
	}
	if _, _, err := postgres.Migrate(ctx, dsn); err != nil {
		return err
	}
	fmt.Printf("\n## PostgreSQL\n\n")
	s, err := postgres.Open(ctx, postgres.Options{DSN: dsn})
	if err != nil {
		return err
	}
	defer s.Close()
	if !b.loaded {
		if err := b.load(ctx, s); err != nil {
			return err
		}
	}
	size, err := pgtest.Ask(ctx, dsn, `SELECT string_agg(format('%s %s MiB', what, bytes >> 20), ', ') FROM (
		SELECT 'table with texts' AS what, pg_table_size('touchstone.passages') AS bytes
		UNION ALL SELECT 'vector indexes', sum(pg_relation_size(indexrelid))::bigint FROM pg_stat_user_indexes WHERE indexrelname LIKE 'passages_near_%'
		UNION ALL SELECT 'word indexes', sum(pg_relation_size(indexrelid))::bigint FROM pg_stat_user_indexes WHERE indexrelname LIKE 'passages_words_%') s`)
	if err != nil {
		return err
	}
	fmt.Printf("- %s\n", size)
	fmt.Print(header)
	for _, ef := range []int{40, 100} {
		s, err := postgres.Open(ctx, postgres.Options{DSN: dsn, EfSearch: ef})
		if err != nil {
			return err
		}
		if err := b.search(ctx, s, fmt.Sprintf("postgres, ef_search %d", ef)); err != nil {
			return err
		}
		s.Close()
	}
	return nil
}
