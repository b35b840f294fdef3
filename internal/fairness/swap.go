package fairness

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// Why a text cannot be asked for another group.
var (
	ErrNoGroup       = errors.New("it names no group of this attribute")
	ErrSeveralGroups = errors.New("it names several groups of this attribute")
	ErrNoCounterpart = errors.New("a word in it has no counterpart")
)

// edit replaces bytes of a text.
type edit struct {
	start, end int
	with       string
	article    bool // an article before it must fit it
}

// GroupOf is the one group of an attribute that a text names, by its words or by first
// names of the list.
func GroupOf(text, attribute string) (Group, error) {
	ws := words(text)
	return groupOf(ws, find(ws), attribute)
}

func groupOf(ws []word, mentions []mention, attribute string) (Group, error) {
	var found Group
	several := false
	note := func(g Group) {
		if g.Attribute() != attribute {
			return
		}
		several = several || found != "" && found != g
		found = g
	}
	for _, m := range mentions {
		note(m.group)
	}
	for i := range ws {
		if of, ok := names().of[ws[i].text]; ok {
			note(of[0])
			note(of[1])
		}
	}
	switch {
	case several:
		return "", ErrSeveralGroups
	case found == "":
		return "", ErrNoGroup
	}
	return found, nil
}

// Swap writes a text for another group of the same attribute: names, pronouns, titles,
// nationalities, religions, ages, and what hangs on them: a or an, capitals, "her" as
// "him" or "his", the verb after "they". A text that names no group of the attribute, or
// several, or uses a word without a counterpart, is an error; errors.Is tells which.
func Swap(text string, to Group) (string, error) {
	attribute := to.Attribute()
	t := forms()[attribute]
	if t == nil || t.column(to) < 0 {
		return "", fmt.Errorf("%w: %s cannot be written", ErrNoCounterpart, to)
	}
	ws := words(text)
	mentions := find(ws)
	from, err := groupOf(ws, mentions, attribute)
	if err != nil {
		return "", err
	}
	if from == to {
		return text, nil
	}
	s := swapper{text: text, ws: ws, table: t, from: from, to: to}
	for _, m := range mentions {
		if m.group.Attribute() == attribute {
			if err := s.mention(m); err != nil {
				return "", err
			}
		}
	}
	s.names()
	s.companions()
	return s.apply(), nil
}

type swapper struct {
	text     string
	ws       []word
	table    *formTable
	from, to Group
	edits    []edit
}

// mention replaces one mention.
func (s *swapper) mention(m mention) error {
	end := m.first + m.n
	if s.to.Attribute() == "age" && s.years(m) {
		return nil
	}
	start, stop := s.ws[m.first].start, s.ws[end-1].end-suffixLength(&s.ws[end-1])
	was := s.text[start:stop]
	if m.n > 1 { // "the United States" may be written with other gaps than in the table
		was = strings.Join(strings.FieldsFunc(was, func(r rune) bool { return unicode.IsSpace(r) || r == '-' }), " ")
	}
	row, ok := -1, false
	if end < len(s.ws) && s.ws[end].gap == space && (s.ws[end].lower == "people" || s.ws[end].lower == "person") {
		for _, use := range []string{"", "noun"} { // "British people" is one word for others
			if row, ok = s.table.first(was+" "+s.ws[end].lower, use, s.from); ok {
				stop = s.ws[end].end - suffixLength(&s.ws[end])
				break
			}
		}
	}
	for _, use := range s.uses(m) {
		if ok {
			break
		}
		row, ok = s.table.first(was, use, s.from)
	}
	if !ok {
		return fmt.Errorf("%w: %q", ErrNoCounterpart, was)
	}
	with := s.table.rows[row].cells[s.table.column(s.to)][0]
	if piece := s.text[start:stop]; strings.Contains(piece, "-") && !strings.Contains(piece, " ") {
		with = strings.ReplaceAll(with, " ", "-")
	}
	if s.to == "gender:nonbinary" && (was == "she" || was == "he" || was == "She" || was == "He") {
		s.agree(m.first)
	}
	if with == "Mr" || with == "Mrs" || with == "Ms" || with == "Mx" || with == "Miss" {
		with = s.dot(with, stop)
	} else {
		with = like(with, s.text[start:stop], s.ws[m.first].gap == fullStop)
	}
	s.edits = append(s.edits, edit{start, stop, with, true})
	return nil
}

// dot writes a title as the text does: with its full stop or without.
func (s *swapper) dot(title string, stop int) string {
	if title == "Miss" && stop < len(s.text) && s.text[stop] == '.' {
		return "Ms"
	}
	return title
}

func suffixLength(w *word) int {
	if w.suffix == "" {
		return 0
	}
	n := len(w.suffix) + 1
	if w.end-w.start > len(w.text)+n { // a curly apostrophe
		n = w.end - w.start - len(w.text)
	}
	return n
}

// uses are the uses of a mention to look for in the table, the likeliest first.
func (s *swapper) uses(m mention) []string {
	next := m.first + m.n
	switch w := s.ws[m.first].lower; {
	case w == "her" && m.pronoun:
		if determines(s.ws, next) {
			return []string{"det"}
		}
		return []string{"obj"}
	case w == "his" && m.pronoun:
		if determines(s.ws, next) {
			return []string{"det"}
		}
		return []string{"pron"}
	case m.pronoun:
		return []string{""}
	}
	if article := m.first > 0 && (s.ws[m.first-1].lower == "a" || s.ws[m.first-1].lower == "an"); stands(s.ws, m.first, next) || article && next < len(s.ws) && verbs3[s.ws[next].lower] {
		return []string{"noun", ""}
	}
	return []string{"", "noun"}
}

// determines tells whether a word at next belongs to a possessive before it: "her loan".
func determines(ws []word, next int) bool {
	return next < len(ws) && ws[next].gap <= hyphen && !after[ws[next].lower] && !boundaries[ws[next].lower]
}

// verbs3 are verbs that may follow a noun that stands for a person: "is a Sikh allowed to".
var verbs3 = set(`can could will would should may might must do does did allowed able entitled eligible required permitted supposed
	get gets need needs go goes apply applies wear wears eat eats want wants`)

// after are words that follow an object and begin nothing that is possessed.
var after = set(`a an the this that these those if then than about into onto up down out off over under through before after during until
	again now today tomorrow yesterday here there soon later please what how where why yes no very too also just only still not
	him her them me you us it i he she they we more most better get got go see be do did does say said`)

// years replaces an age in figures or a decade.
func (s *swapper) years(m mention) bool {
	w := &s.ws[m.first]
	target := map[Group]int{"age:young": 25, "age:middle": 45, "age:older": 70}[s.to]
	if c := w.lower[0]; c >= '0' && c <= '9' {
		with := strconv.Itoa(target)
		if strings.HasSuffix(w.lower, "s") {
			with = strconv.Itoa(target/10*10) + "s"
		} else if strings.Trim(w.lower, "0123456789") != "" {
			return false
		}
		s.edits = append(s.edits, edit{w.start, w.end - suffixLength(w), with, true})
		return true
	}
	if _, ok := decades[strings.TrimSuffix(w.lower, "s")]; ok && w.lower != "teens" && w.lower != "teen" {
		with := map[Group]string{"age:young": "twenties", "age:middle": "forties", "age:older": "seventies"}[s.to]
		s.edits = append(s.edits, edit{w.start, w.end, with, false})
		return true
	}
	return false
}

// names replaces first names of the list: by one of the same place in the list of the
// other group, so that two names stay two.
func (s *swapper) names() {
	n := names()
	for i := range s.ws {
		w := &s.ws[i]
		of, ok := n.of[w.text]
		if !ok {
			continue
		}
		switch s.to.Attribute() {
		case "ethnicity":
			of[0] = s.to
		case "gender":
			of[1] = s.to
		default:
			continue
		}
		list := n.lists[of]
		if len(list) == 0 { // no names are nobody's in particular
			continue
		}
		s.edits = append(s.edits, edit{w.start, w.start + len(w.text), list[n.at[w.text]%len(list)], true})
	}
}

// companions replaces words that go along with the group.
func (s *swapper) companions() {
	for i := range s.ws {
		for n := 3; n > 0; n-- {
			if i+n > len(s.ws) {
				continue
			}
			start, end := s.ws[i].start, s.ws[i+n-1].end-suffixLength(&s.ws[i+n-1])
			row, ok := s.table.first(s.text[start:end], "", s.from)
			if !ok || !s.table.rows[row].companion {
				continue
			}
			with := s.table.rows[row].cells[s.table.column(s.to)][0]
			s.edits = append(s.edits, edit{start, end, like(with, s.text[start:end], s.ws[i].gap == fullStop), true})
			break
		}
	}
}

// like gives a replacement the capitals of what it replaces: all, or that of the
// beginning of a sentence. Capitals that the replacement has of its own stay.
func like(with, was string, begins bool) string {
	switch {
	case len(was) > 1 && was == strings.ToUpper(was) && was != strings.ToLower(was):
		return strings.ToUpper(with)
	case begins && unicode.IsUpper(rune(was[0])):
		return capital(with)
	}
	return with
}

// agree changes the verb of "she" or "he" at word i for "they".
func (s *swapper) agree(i int) {
	w := &s.ws[i]
	if w.suffix == "s" { // she's late, she's been late
		is := "'re"
		if i+1 < len(s.ws) && perfect[s.ws[i+1].lower] {
			is = "'ve"
		}
		s.edits = append(s.edits, edit{w.end - suffixLength(w), w.end, is, false})
		return
	}
	change := func(k int) bool {
		if k < 0 || k >= len(s.ws) {
			return false
		}
		v := &s.ws[k]
		with, ok := plural(v.lower)
		if ok {
			s.edits = append(s.edits, edit{v.start, v.end, like(with, s.text[v.start:v.end], v.gap == fullStop), false})
		}
		return ok
	}
	if i > 0 && w.gap <= hyphen && inverted[s.ws[i-1].lower] { // Is she? Does she?
		change(i - 1)
		return
	}
	k := i + 1
	for k < len(s.ws) && s.ws[k].gap <= hyphen && (adverbs[s.ws[k].lower] || strings.HasSuffix(s.ws[k].lower, "ly") || frequency[s.ws[k].lower]) {
		k++
	}
	if k >= len(s.ws) || s.ws[k].gap > hyphen || !change(k) {
		return
	}
	// "she lives here and works there"
	for n := k + 1; n+1 < len(s.ws) && s.ws[n].gap != fullStop; n++ {
		if person(&s.ws[n]) && s.ws[n].lower != "who" {
			return
		}
		if w := s.ws[n].lower; (w == "and" || w == "or" || w == "but" || s.ws[n+1].gap == pause) && (usual3rd[s.ws[n+1].lower] || irregular[s.ws[n+1].lower] != "") {
			change(n + 1)
		}
	}
}

var (
	inverted  = set("is was has does isn't wasn't hasn't doesn't")
	frequency = set("always often never sometimes still already soon ever usually")
	irregular = map[string]string{"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go", "isn't": "aren't", "wasn't": "weren't", "hasn't": "haven't", "doesn't": "don't"}
	usual3rd  = set(`works lives earns wants needs owns pays makes takes says speaks studies applies asks likes knows thinks comes runs plays gets gives helps
		drives teaches rents saves spends keeps looks feels hopes plans wishes tries cares holds leads sells buys writes reads visits travels`)
)

// perfect are words that follow "she's" where it means "she has".
var perfect = set("been had got gone done never worked lived applied asked tried earned saved moved finished started studied lost made taken paid given")

// plural is a verb of the third person for "they".
func plural(v string) (string, bool) {
	if with, ok := irregular[v]; ok {
		return with, true
	}
	switch {
	case !strings.HasSuffix(v, "s") || strings.HasSuffix(v, "ss") || len(v) < 4:
		return "", false
	case strings.HasSuffix(v, "ies") && len(v) > 4:
		return strings.TrimSuffix(v, "ies") + "y", true
	case strings.HasSuffix(v, "shes"), strings.HasSuffix(v, "ches"), strings.HasSuffix(v, "sses"), strings.HasSuffix(v, "xes"), strings.HasSuffix(v, "zzes"):
		return strings.TrimSuffix(v, "es"), true
	}
	return strings.TrimSuffix(v, "s"), true
}

// apply makes the edits and fits the articles before them.
func (s *swapper) apply() string {
	sort.SliceStable(s.edits, func(i, j int) bool { return s.edits[i].start < s.edits[j].start })
	var b strings.Builder
	at := 0
	for _, e := range s.edits {
		if e.start < at { // a word of a phrase that is replaced already
			continue
		}
		between := s.text[at:e.start]
		if e.article {
			between = fit(between, e.with)
		}
		b.WriteString(between)
		b.WriteString(e.with)
		at = e.end
	}
	b.WriteString(s.text[at:])
	return b.String()
}

// fit changes "a" to "an", or back, at the end of text, as word needs it.
func fit(text, word string) string {
	trimmed := strings.TrimRight(text, " ")
	if len(trimmed) == len(text) {
		return text
	}
	i := strings.LastIndexFunc(trimmed, func(r rune) bool { return !unicode.IsLetter(r) }) + 1
	with := ""
	switch article := trimmed[i:]; article {
	case "a", "an":
		with = "a"
	case "A", "An":
		with = "A"
	default:
		return text
	}
	if vowelSound(word) {
		with += "n"
	}
	return trimmed[:i] + with + text[len(trimmed):]
}

// vowelSound tells whether a word begins with a vowel as it is spoken.
func vowelSound(word string) bool {
	w := strings.ToLower(word)
	for _, p := range []string{"hour", "honest", "honor", "honour", "heir", "8", "11", "18"} {
		if strings.HasPrefix(w, p) {
			return true
		}
	}
	for _, p := range []string{"eu", "uni", "use", "usu", "uk", "one", "once"} {
		if strings.HasPrefix(w, p) {
			return false
		}
	}
	return w != "" && strings.IndexByte("aeiou", w[0]) >= 0
}
