// Command names makes the tagger of guards/pii from labelled text, and measures it.
//
//	go run ./eval/train/names -data DIR -made made.jsonl -names names.txt -plain DIR [-out guards/pii/tagger.bin]
//
// DIR holds the sets of the area pii (btc-ner, wnut17-ner, presidio-synth) as gzipped
// JSON lines; made.jsonl comes from made.py. Without -out it learns from a part of
// the sets and prints what it finds in the rest: other sections of the tweets, other
// templates, by group and never by row.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"touchstone/guards/pii"
)

func main() {
	data := flag.String("data", "", "`DIR` of the labelled sets")
	made := flag.String("made", "", "`FILE` of made-up sentences")
	plain := flag.String("plain", "", "`DIR` of texts whose small words are common")
	known := flag.String("names", "", "`FILE` of names, a line each: first NAME, last NAME")
	out := flag.String("out", "", "`FILE` to write the tagger to, made from all rows")
	part := flag.Bool("part", false, "with -out: learn from the part of the rows that is not held out")
	rounds := flag.Int("rounds", 8, "`NUMBER` of times that each row is learnt from")
	flag.Parse()
	if err := run(*data, *made, *plain, *known, *out, *rounds, *part); err != nil {
		fmt.Fprintf(os.Stderr, "names: %v\n", err)
		os.Exit(1)
	}
}

func run(data, made, plain, known, out string, rounds int, part bool) error {
	rows, err := readAll(data, made)
	if err != nil {
		return err
	}
	own, err := authored()
	if err != nil {
		return err
	}
	rows = append(rows, own...)
	common, err := commonWords(plain, rows)
	if err != nil {
		return err
	}
	var train, dev []row
	for _, r := range rows {
		if (out == "" || part) && r.heldOut() {
			dev = append(dev, r)
			continue
		}
		train = append(train, r)
	}
	var examples []pii.Example
	for _, r := range train {
		for range r.times() {
			examples = append(examples, r.example())
		}
	}
	words := pii.Lists{Common: common}
	if words.First, words.Last, err = nameLists(known); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pii.Learn(&b, examples, words, rounds, 1); err != nil {
		return err
	}
	fmt.Printf("%d rows, %d common words, %d bytes\n", len(train), len(common), b.Len())
	if out != "" {
		return os.WriteFile(out, b.Bytes(), 0o644)
	}
	scanner, err := pii.NewWith(bytes.NewReader(b.Bytes()))
	if err != nil {
		return err
	}
	measure(scanner, dev)
	return nil
}

// row is one labelled text.
type row struct {
	ID       string  `json:"id"`
	Source   string  `json:"source"`
	Text     string  `json:"text"`
	Spans    [][]any `json:"spans"`
	Template int     `json:"template"`
}

// heldOut tells rows to measure with: a section of the tweets, the dev part of
// WNUT17, a quarter of the templates.
func (r *row) heldOut() bool {
	switch {
	case strings.HasPrefix(r.Source, "btc"):
		return strings.HasPrefix(r.ID, "f.")
	case strings.HasPrefix(r.Source, "wnut17"):
		return r.Source == "wnut17/dev"
	case r.Source == "authored":
		return strings.HasSuffix(r.ID, "3") // passages whose number ends so
	case strings.HasPrefix(r.Source, "presidio"):
		return r.Template%5 == 1
	}
	return false
}

// times is how often a row counts: the made-up templates are few and much like
// ordinary business text.
func (r *row) times() int {
	if strings.HasPrefix(r.Source, "made") {
		return 1
	}
	return 3
}

var labels = map[string]string{
	"PER": "person", "PERSON": "person", "person": "person", "STREET_ADDRESS": "address", "ZIP_CODE": "address", "address": "address",
	"LOC": "place", "GPE": "place", "place": "place", "ORG": "organisation", "CORPORATION": "organisation", "GROUP": "organisation",
	"ORGANIZATION": "organisation", "organisation": "organisation",
}

// bytesAt turns offsets in characters into offsets in bytes.
func bytesAt(text string) []int {
	var at []int
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

func (r *row) marked() []pii.Marked {
	at := bytesAt(r.Text)
	var out []pii.Marked
	for _, s := range r.Spans {
		from, to := int(s[0].(float64)), int(s[1].(float64))
		if l := labels[s[2].(string)]; l != "" && from >= 0 && to < len(at) {
			out = append(out, pii.Marked{Start: at[from], End: at[to], Label: l})
		}
	}
	return out
}

func (r *row) example() pii.Example { return pii.Example{Text: r.Text, Spans: r.marked()} }

func readAll(dir, made string) ([]row, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no sets in %s: %w", dir, err)
	}
	if made != "" {
		files = append(files, made)
	}
	var rows []row
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		var in io.Reader = f
		if strings.HasSuffix(name, ".gz") {
			if in, err = gzip.NewReader(f); err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			var r row
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			rows = append(rows, r)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return rows, nil
}

// commonWords are those that stand in small letters at least so often in plain
// texts, and hardly ever in a name.
func commonWords(dir string, rows []row) ([]string, error) {
	const least = 4
	small := map[string]int{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err == nil && strings.HasSuffix(name, ".gz") {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
				data, err = io.ReadAll(z)
			}
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		pii.Words(string(data), func(w string, low bool) {
			if low {
				small[strings.ToLower(w)]++
			}
		})
		return nil
	})
	if dir != "" && err != nil {
		return nil, err
	}
	named := map[string]int{}
	for _, r := range rows {
		marks := r.marked()
		for _, m := range marks {
			pii.Words(r.Text[m.Start:m.End], func(w string, low bool) {
				if low && m.Label == "person" {
					named[strings.ToLower(w)]++
				}
			})
		}
		if strings.HasPrefix(r.Source, "made") {
			continue
		}
		pii.Words(r.Text, func(w string, low bool) {
			if low {
				small[strings.ToLower(w)]++
			}
		})
	}
	var out []string
	for w, n := range small {
		if n >= least && n > 60*named[w] {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out, nil
}

//go:embed persons.txt
var persons string

// authored are the passages of the repository's own data, line by line, in which the
// people are those of persons.txt.
func authored() ([]row, error) {
	var names []string
	for line := range strings.Lines(persons) {
		if !strings.HasPrefix(line, "#") {
			for name := range strings.SplitSeq(strings.TrimSpace(line), "; ") {
				names = append(names, regexp.QuoteMeta(name))
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	person := regexp.MustCompile(`(^|[^\pL\pN])(` + strings.Join(names, "|") + `)($|[^\pL\pN])`)
	var rows []row
	for _, set := range []string{"retail", "work", "world"} {
		data, err := os.ReadFile(filepath.Join("eval", "data", "authored", set+".jsonl"))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			var p struct{ ID, Passage string }
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				return nil, fmt.Errorf("reading %s: %w", set, err)
			}
			for text := range strings.SplitSeq(p.Passage, "\n\n") {
				r := row{ID: p.ID, Source: "authored", Text: text}
				for at := 0; ; {
					m := person.FindStringSubmatchIndex(text[at:])
					if m == nil {
						break
					}
					from, to := at+m[4], at+m[5]
					r.Spans = append(r.Spans, []any{float64(utf8.RuneCountInString(text[:from])), float64(utf8.RuneCountInString(text[:to])), "person"})
					at = to
				}
				rows = append(rows, r)
			}
		}
	}
	return rows, nil
}

// nameLists reads the names that made.py lists.
func nameLists(name string) (first, last []string, err error) {
	if name == "" {
		return nil, nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(data)) {
		kind, n, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "first":
			first = append(first, n)
		case "last":
			last = append(last, n)
		}
	}
	return first, last, nil
}

// measure prints precision, recall and F1 of names and addresses, by set. A find is
// right where it overlaps a marked span of its kind, and such a span found where a find
// overlaps it; exact counts equal ends.
func measure(s *pii.Scanner, dev []row) {
	type count struct{ found, right, marked, hit, exact int }
	sums := map[string]*count{}
	for _, r := range dev {
		set, _, _ := strings.Cut(r.Source, "/")
		for label, category := range map[string]string{"person": pii.Person, "address": pii.Address} {
			key := set + " " + label
			if sums[key] == nil {
				sums[key] = &count{}
			}
			c := sums[key]
			var gold []pii.Marked
			for _, m := range r.marked() {
				if m.Label == label {
					gold = append(gold, m)
				}
			}
			hit := make([]bool, len(gold))
			for _, f := range s.Scan(r.Text) {
				if f.Category != category || f.Score < 0.5 {
					continue
				}
				c.found++
				right := false
				for i, m := range gold {
					if f.Start < m.End && m.Start < f.End {
						right, hit[i] = true, true
						if f.Start == m.Start && f.End == m.End {
							c.exact++
						}
					}
				}
				if os.Getenv("SHOW") == "scores" {
					fmt.Println("SCORE", label, f.Score, right)
				}
				if right {
					c.right++
				} else if os.Getenv("SHOW") == set {
					fmt.Printf("  WRONG %q in %q\n", r.Text[f.Start:f.End], r.Text)
				}
			}
			c.marked += len(gold)
			for i, h := range hit {
				if h {
					c.hit++
				} else if os.Getenv("SHOW") == set {
					fmt.Printf("  MISSED %q in %q\n", r.Text[gold[i].Start:gold[i].End], r.Text)
				}
			}
		}
	}
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for k := range sums {
			if !yield(k) {
				return
			}
		}
	}) {
		c := sums[key]
		p, r := float64(c.right)/float64(max(c.found, 1)), float64(c.hit)/float64(max(c.marked, 1))
		fmt.Printf("%-24s precision %.3f recall %.3f F1 %.3f, exact %.3f of %d marked\n", key, p, r, 2*p*r/max(p+r, 1e-9), float64(c.exact)/float64(max(c.marked, 1)), c.marked)
	}
}
