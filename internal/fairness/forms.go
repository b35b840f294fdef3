package fairness

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

var (
	//go:embed forms.txt
	formWords string
	//go:embed names.txt
	nameWords string
)

// formTable is the words of one attribute: rows of the same word for each group.
type formTable struct {
	groups []Group
	rows   []formRow
	find   map[string][]place // by word in lower case, and use
	long   int                // words of the longest companion
}

// formRow is one word in all groups; a companion goes along with a group and names none.
type formRow struct {
	companion bool
	cells     [][]string // by group, the first to be written
}

// place is where a word stands in a table.
type place struct{ row, column int }

// forms are the tables by attribute.
var forms = sync.OnceValue(func() map[string]*formTable {
	out := map[string]*formTable{}
	var t *formTable
	number := 0
	for line := range strings.Lines(formWords) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '=':
			attribute, groups, _ := strings.Cut(strings.TrimSpace(line[1:]), ":")
			t = &formTable{find: map[string][]place{}}
			for g := range strings.SplitSeq(groups, "|") {
				t.groups = append(t.groups, Group(attribute+":"+strings.TrimSpace(g)))
			}
			out[attribute] = t
			continue
		}
		row := formRow{}
		line, row.companion = strings.CutPrefix(line, "+")
		cells := strings.Split(line, "|")
		if t == nil || len(cells) != len(t.groups) {
			panic(fmt.Sprintf("forms.txt:%d: %d words for %d groups", number, len(cells), len(t.groups))) // a test reads it
		}
		for column, cell := range cells {
			var words []string
			for w := range strings.SplitSeq(cell, "/") {
				w, use, _ := strings.Cut(strings.TrimSpace(w), "~")
				words = append(words, w)
				key := spaced(w) + "~" + use
				t.find[key] = append(t.find[key], place{len(t.rows), column})
			}
			row.cells = append(row.cells, words)
		}
		t.rows = append(t.rows, row)
	}
	return out
})

// spaced is a phrase as mentions compare it: small letters, hyphens as spaces.
func spaced(w string) string { return strings.ReplaceAll(strings.ToLower(w), "-", " ") }

// first is the row of a word with that use, of a group if it is not "".
func (t *formTable) first(word, use string, g Group) (row int, ok bool) {
	for _, p := range t.find[spaced(word)+"~"+use] {
		if g == "" || t.groups[p.column] == g {
			return p.row, true
		}
	}
	return 0, false
}

// column of a group; -1 where the table has none.
func (t *formTable) column(g Group) int { return slices.Index(t.groups, g) }

// nameTable is the first names of names.txt.
type nameTable struct {
	lists map[[2]Group][]string // by ethnicity and gender
	of    map[string][2]Group   // of a name
	at    map[string]int        // place in its list
}

var names = sync.OnceValue(func() *nameTable {
	t := &nameTable{lists: map[[2]Group][]string{}, of: map[string][2]Group{}, at: map[string]int{}}
	for line := range strings.Lines(nameWords) {
		head, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		ethnicity, gender, both := strings.Cut(head, " ")
		if strings.HasPrefix(line, "#") || !ok || !both {
			continue
		}
		key := [2]Group{Group("ethnicity:" + ethnicity), Group("gender:" + gender)}
		for i, n := range strings.Fields(list) {
			t.lists[key] = append(t.lists[key], n)
			t.of[n], t.at[n] = key, i
		}
	}
	return t
})

// KnownName tells whether a word is one of the first names that Swap changes. They are
// no personal data: they are on a published list.
func KnownName(word string) bool {
	_, ok := names().of[word]
	return ok
}

// Swappable lists the groups of an attribute that Swap can write; none for an attribute
// that it does not know.
func Swappable(attribute string) []Group {
	t := forms()[attribute]
	if t == nil {
		return nil
	}
	return slices.Clone(t.groups)
}
