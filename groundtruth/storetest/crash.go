package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
)

// Kills is how often a test kills something: TOUCHSTONE_KILLS times, or a few.
func Kills(few int) int {
	if n, err := strconv.Atoi(os.Getenv("TOUCHSTONE_KILLS")); err == nil {
		return n
	}
	return few
}

// childJob names, in the environment of a child process, what it is to do with the
// store until it is killed.
const childJob = "STORETEST_JOB"

// Child does the work of a child process and reports whether this is one. A test
// binary calls it first in TestMain.
func Child(open func() (groundtruth.Store, error)) bool {
	job := os.Getenv(childJob)
	if job == "" {
		return false
	}
	s, err := open()
	if err == nil {
		if folder, ok := strings.CutPrefix(job, "ingest "); ok {
			err = ingestOnce(s, folder)
		} else {
			w := Writer{Out: os.Stdout}
			fmt.Sscan(job, &w.Next)
			err = w.Run(ctx, s)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	return true
}

// A Writer changes a store, one numbered step after the other, and writes a step's
// number once the store has acknowledged it.
type Writer struct {
	Out  io.Writer
	Next int
}

const writerSources = 5

// edition is what a step makes of its source; nil deletes it. Every passage says
// which one it is.
func edition(step int) (id string, doc *groundtruth.Document) {
	id = fmt.Sprintf("doc-%d", step%writerSources)
	if step%11 == 0 {
		return id, nil
	}
	passages := make([]string, 20+step%7)
	for i := range passages {
		passages[i] = fmt.Sprintf("marker edition%d of %d passages, number%d", step, len(passages), i)
	}
	d := Note("c", id, fmt.Sprintf("edition %d", step), passages...)
	if step%2 == 0 {
		d = withVectors(d, "m", func(i int) []float32 { return []float32{1, float32(i), float32(step % 13), 3} })
	}
	return id, &d
}

// Run works until ctx ends or the store fails.
func (w *Writer) Run(ctx context.Context, s groundtruth.Store) error {
	for {
		id, doc := edition(w.Next)
		var err error
		if doc == nil {
			if err = s.Delete(ctx, "c", id); errors.Is(err, groundtruth.ErrNotFound) {
				err = nil
			}
		} else {
			_, err = s.Replace(ctx, *doc)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(w.Out, w.Next)
		w.Next++
	}
}

// Verify holds that a store is as steps 0 to next-1 left it, or as the step that was
// under way left it, and returns the step that comes next. Sources are whole: what is
// listed is found, passage by passage.
func Verify(t *testing.T, s groundtruth.Store, next int) int {
	t.Helper()
	want := func(next int) map[string]string { // source to hash
		m := map[string]string{}
		for step := max(0, next-11*writerSources); step < next; step++ {
			if id, doc := edition(step); doc == nil {
				delete(m, id)
			} else {
				m[id] = doc.Hash
			}
		}
		return m
	}
	got := map[string]string{}
	passages := map[string]int{}
	for _, src := range sources(t, s, "c") {
		got[src.ID], passages[src.ID] = src.Hash, src.Passages
	}
	before, after := fmt.Sprint(want(next)), fmt.Sprint(want(next+1))
	switch fmt.Sprint(got) {
	case before:
	case after:
		next++
	default:
		t.Fatalf("after step %d the sources are\n%v\nnot\n%s\nnor\n%s", next-1, got, before, after)
	}
	vector := []float32{1, 2, 3, 4}
	for _, q := range []groundtruth.Query{{Text: "marker"}, {Text: "marker", Vector: vector, Embedding: "m"}} {
		q.Collections, q.K = []string{"c"}, groundtruth.MaxK
		found := map[string]int{}
		for _, h := range search(t, s, q) {
			found[h.Source]++
			if !strings.Contains(h.Text, strings.ReplaceAll(h.Title, " ", "")+" ") {
				t.Errorf("%s, %s holds %q", h.Source, h.Title, h.Text)
			}
		}
		if fmt.Sprint(found) != fmt.Sprint(passages) {
			t.Errorf("after step %d passages %v are found, and %v are listed", next-1, found, passages)
		}
	}
	return next
}

// KilledWriter kills a process while it changes a store, at random moments, and looks
// at what it left. environment lets the child open the store that open opens.
func KilledWriter(t *testing.T, kills int, environment []string, open func(t *testing.T) groundtruth.Store) {
	next := 1
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for range kills {
		acknowledged := killChild(t, fmt.Sprint(next), environment, 1+rng.IntN(30), time.Duration(rng.IntN(20_000))*time.Microsecond)
		fmt.Sscan(acknowledged[len(acknowledged)-1], &next)
		s := open(t)
		next = Verify(t, s, next+1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// KilledIngest kills a process while it ingests a folder of files that all changed.
func KilledIngest(t *testing.T, kills int, environment []string, open func(t *testing.T) groundtruth.Store) {
	folder := t.TempDir()
	const files = 60
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for round := range kills {
		for i := range files {
			text := fmt.Sprintf("# File %d\n", i)
			for p := range 3 + i%5 {
				text += fmt.Sprintf("\n## Part %d\n\nround%d marker of file%d.\n", p, round, i)
			}
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.md", i)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		acknowledged := killChild(t, "ingest "+folder, environment, 1+rng.IntN(files-10), time.Duration(rng.IntN(5_000))*time.Microsecond)
		s := open(t)
		done, whole := map[string]bool{}, map[string]int{}
		for _, line := range acknowledged {
			done[line] = true
		}
		hits := search(t, s, groundtruth.Query{Collections: []string{"files"}, Text: "marker", K: groundtruth.MaxK})
		for _, h := range hits {
			whole[h.Source]++
		}
		for _, h := range hits {
			if done[h.Source] && !strings.Contains(h.Text, fmt.Sprintf("round%d ", round)) {
				t.Errorf("round %d: %s was acknowledged and holds %q", round, h.Source, h.Text)
			}
		}
		for _, src := range sources(t, s, "files") {
			var i int
			fmt.Sscanf(filepath.Base(src.ID), "%d.md", &i)
			if src.Passages != 3+i%5 || whole[src.ID] != src.Passages {
				t.Errorf("round %d: %s has %d of %d passages", round, src.ID, whole[src.ID], 3+i%5)
			}
			delete(done, src.ID)
		}
		if len(done) > 0 {
			t.Errorf("round %d: acknowledged and not there: %v", round, done)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// ingestOnce ingests the folder and says which file was stored.
func ingestOnce(s groundtruth.Store, folder string) error {
	in := groundtruth.Ingester{Store: s, Collection: "files", Progress: func(_, _ int, o groundtruth.Outcome) { fmt.Println(o.Source) }}
	_, err := in.Run(ctx, []string{folder})
	return err
}

// killChild starts a child process, kills it some time after it has acknowledged a
// number of changes, and returns what it acknowledged.
func killChild(t *testing.T, job string, environment []string, changes int, after time.Duration) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childJob+"="+job), environment...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if acknowledged = append(acknowledged, lines.Text()); len(acknowledged) == changes {
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
	}
	err = cmd.Wait()
	if len(acknowledged) < changes {
		t.Fatalf("the child acknowledged %d changes and ended: %v", len(acknowledged), err)
	}
	return acknowledged
}
