package fairness

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed groups.txt
var groupWords string

// class says when a term is a mention; groups.txt explains each.
type class uint8

const (
	anyClass class = iota
	personClass
	nounClass
	pronounClass
	titleClass
	fromClass
	notClass
)

var classes = map[string]class{"any": anyClass, "person": personClass, "noun": nounClass, "pronoun": pronounClass, "title": titleClass, "from": fromClass, "not": notClass}

// term is a word or phrase that may name a group.
type term struct {
	rest  []string // words after the first
	exact string   // the first word as it must be written; "" in any case
	class class
	group Group
}

// list is groups.txt, read.
type list struct {
	terms  map[string][]term // by first word, the longest first
	groups []Group
}

var lexicon = sync.OnceValue(func() *list {
	l := &list{terms: map[string][]term{}}
	number := 0
	for line := range strings.Lines(groupWords) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		head, terms, ok := strings.Cut(line, ": ")
		group, kind, spaced := strings.Cut(head, " ")
		c, known := classes[kind]
		if !ok || !spaced || !known {
			panic(fmt.Sprintf("groups.txt:%d: %q is no line of the form ATTRIBUTE:GROUP CLASS: terms", number, line)) // a test reads it
		}
		if c != notClass && !slices.Contains(l.groups, Group(group)) {
			l.groups = append(l.groups, Group(group))
		}
		for text := range strings.SplitSeq(terms, ",") {
			text, exact := strings.CutPrefix(strings.TrimSpace(text), "=")
			ws := words(text)
			t := term{class: c, group: Group(group)}
			if exact {
				t.exact = ws[0].text
			}
			for _, w := range ws[1:] {
				t.rest = append(t.rest, w.lower+w.tail())
			}
			first := ws[0].lower
			if len(t.rest) == 0 || ws[0].suffix == "" {
				l.terms[first] = append(l.terms[first], t)
				continue
			}
			l.terms[first+ws[0].tail()] = append(l.terms[first+ws[0].tail()], t)
		}
	}
	for _, ts := range l.terms {
		slices.SortStableFunc(ts, func(a, b term) int { return len(b.rest) - len(a.rest) })
	}
	slices.Sort(l.groups)
	return l
})

// tail is the suffix as it is written.
func (w *word) tail() string {
	if w.suffix == "" {
		return ""
	}
	return "'" + w.suffix
}

// Mentions are the groups that a text speaks of, each once, sorted. Word senses are
// told by what stands beside a word: "Black applicants" and "she is Black" name a
// group, "a black coat" does not. Pronouns count only where no other word tells the
// gender. It reads the first 20,000 words.
func Mentions(text string) []Group {
	var found, weak []Group
	for _, m := range find(words(text)) {
		to := &found
		if m.pronoun {
			to = &weak
		}
		if !slices.Contains(*to, m.group) {
			*to = append(*to, m.group)
		}
	}
	return sorted(found, weak)
}

// mention is n words from first that name a group.
type mention struct {
	first, n int
	group    Group
	pronoun  bool
}

// find lists the mentions in a text, in order and apart.
func find(ws []word) []mention {
	l := lexicon()
	var out []mention
	barred := map[string]int{} // attribute → the word before which no term of it counts
	for i := 0; i < len(ws); {
		if g, n := age(ws, i); n > 0 {
			out = append(out, mention{i, n, g, false})
			i += n
			continue
		}
		n := 1
		for _, t := range l.candidates(&ws[i]) {
			if !t.at(ws, i) {
				continue
			}
			if t.class == notClass {
				barred[t.group.Attribute()] = i + 1 + len(t.rest)
				continue
			}
			if i < barred[t.group.Attribute()] || !t.means(ws, i) {
				continue
			}
			n = 1 + len(t.rest)
			out = append(out, mention{i, n, t.group, t.class == pronounClass})
			break
		}
		i += n
	}
	return out
}

// Spoken is a text without the documents that an application put into it, in tags such
// as <context> and <documents>: what those speak of is not what is asked.
func Spoken(text string) string {
	if !strings.Contains(text, "</") {
		return text
	}
	return documents.ReplaceAllString(text, " ")
}

var documents = regexp.MustCompile(`(?is)<context(?:\s[^>]*)?>.*?</context>|<documents(?:\s[^>]*)?>.*?</documents>|<document(?:\s[^>]*)?>.*?</document>`)

// sorted are the strong groups, and the weak ones of attributes that have no strong.
func sorted(strong, weak []Group) []Group {
	out := slices.Clone(strong)
	for _, g := range weak {
		if !slices.ContainsFunc(strong, func(s Group) bool { return s.Attribute() == g.Attribute() }) {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return out
}

// candidates are the terms that may begin with w, the longest first.
func (l *list) candidates(w *word) []term {
	ts := l.terms[w.lower]
	if w.suffix == "" {
		return ts
	}
	more := l.terms[w.lower+w.tail()]
	return append(slices.Clone(more), ts...)
}

// at tells whether the term stands at word i, within one clause.
func (t *term) at(ws []word, i int) bool {
	if t.exact != "" && ws[i].text != t.exact || i+len(t.rest) >= len(ws) {
		return false
	}
	for k, want := range t.rest {
		w := &ws[i+1+k]
		if w.gap > hyphen && !(w.gap == pause && w.lower == "s") || w.lower != want && w.lower+w.tail() != want {
			return false
		}
	}
	return true
}

// means tells whether the term at word i is a mention there.
func (t *term) means(ws []word, i int) bool {
	next := i + 1 + len(t.rest)
	switch t.class {
	case personClass:
		return beside(ws, i, next)
	case nounClass:
		return beside(ws, i, next) || stands(ws, i, next)
	case titleClass:
		return next < len(ws) && ws[next].capital() && ws[next].gap != pause
	case fromClass:
		return origin(ws, i)
	}
	return true
}

// beside tells whether the words from i to next describe a person: one that follows,
// perhaps after further adjectives, or the subject of a sentence.
func beside(ws []word, i, next int) bool {
	for k, steps := next, 0; k < len(ws) && steps < 4; k, steps = k+1, steps+1 {
		w := &ws[k]
		if w.gap == fullStop || w.gap == pause && !adjective(w.lower) {
			break
		}
		if persons[w.lower] {
			return w.suffix == "" // "black men's shoes" is about shoes
		}
		if !adjective(w.lower) && w.lower != "and" && w.lower != "or" {
			break
		}
	}
	return predicate(ws, i) && closed(ws, next)
}

// adjective tells whether a word may stand between an adjective and its person.
func adjective(w string) bool {
	if modifiers[w] {
		return true
	}
	for _, t := range lexicon().terms[w] {
		if len(t.rest) == 0 && (t.class == personClass || t.class == nounClass || t.class == anyClass) {
			return true
		}
	}
	return false
}

// predicate tells whether the words before i are a person and a form of "to be".
func predicate(ws []word, i int) bool {
	k := i - 1
	for k >= 0 && adverbs[ws[k].lower] && ws[k+1].gap <= hyphen {
		k--
	}
	if k < 0 || ws[k+1].gap > hyphen {
		return false
	}
	w := &ws[k]
	switch {
	case w.suffix == "m" || w.suffix == "re" || w.suffix == "s":
		return subjects[w.lower]
	case w.lower == "as":
		return k > 0 && (ws[k-1].lower == "identify" || ws[k-1].lower == "identifies" || ws[k-1].lower == "identified")
	case !toBe[w.lower]:
		return false
	}
	return k > 0 && w.gap <= hyphen && person(&ws[k-1])
}

// person tells whether w stands for a person.
func person(w *word) bool { return persons[w.lower] || subjects[w.lower] }

// closed tells whether nothing at next goes on with the words before it.
func closed(ws []word, next int) bool {
	return next >= len(ws) || ws[next].gap >= pause || boundaries[ws[next].lower]
}

// stands tells whether the words from i to next stand for a person: "a German who".
func stands(ws []word, i, next int) bool {
	if i == 0 || ws[i].gap > hyphen {
		return false
	}
	switch ws[i-1].lower {
	case "a", "an", "another", "every", "any", "fellow":
		return closed(ws, next)
	case "the":
		return next < len(ws) && ws[next].gap <= hyphen && (ws[next].lower == "are" || ws[next].lower == "were")
	}
	return false
}

// origin tells whether the country at i is where a person is from.
func origin(ws []word, i int) bool {
	if i < 2 || ws[i-1].lower != "from" || ws[i].gap > hyphen || ws[i-1].gap > hyphen {
		return false
	}
	k := i - 2
	if ws[k].lower == "originally" && k > 0 {
		k--
	}
	w := &ws[k]
	switch {
	case persons[w.lower]:
		return true
	case w.suffix == "m" || w.suffix == "re" || w.suffix == "s":
		return subjects[w.lower]
	case toBe[w.lower] || comes[w.lower]:
		return k > 0 && person(&ws[k-1])
	}
	return false
}

// age reads an age in years at word i, of n words; n is 0 where there is none.
func age(ws []word, i int) (g Group, n int) {
	w := ws[i].lower
	if c := w[0]; (c < '0' || c > '9') && (w[len(w)-1] != 's' || i < 2 || ws[i-2].lower != "in") {
		return "", 0
	}
	decade, isDecade := decades[strings.TrimSuffix(w, "s")]
	at := func(k int) string {
		if k < 0 || k >= len(ws) || k > i && ws[k].gap == fullStop {
			return ""
		}
		return ws[k].lower
	}
	if isDecade && strings.HasSuffix(w, "s") && at(i-2) == "in" && (at(i-1) == "my" || at(i-1) == "his" || at(i-1) == "her" || at(i-1) == "their") {
		return ageGroup(decade), 1
	}
	years, err := strconv.Atoi(at(i))
	if err != nil || years < 13 || years > 115 {
		return "", 0
	}
	unit := at(i + 1)
	if (unit == "year" || unit == "years" || unit == "yr" || unit == "yrs") && (at(i+2) == "old" || at(i+2) == "olds") {
		next := i + 3
		article := at(i-1) == "a" || at(i-1) == "an" || at(i-1) == "the"
		if at(i+2) == "olds" || beside(ws, i, next) || article && closed(ws, next) {
			return ageGroup(years), 3
		}
		return "", 0
	}
	end := i + 1
	if unit == "years" {
		end++
	}
	switch before := at(i - 1); before {
	case "aged", "age":
		for k := i - 2; k >= 0 && k >= i-5 && ws[k+1].gap != fullStop; k-- {
			if person(&ws[k]) && closed(ws, end) {
				return ageGroup(years), end - i
			}
		}
	case "over", "above", "under":
		if i >= 2 && persons[ws[i-2].lower] && closed(ws, end) && (before == "under") == (years <= 35) && (years <= 35 || years >= 55) {
			return ageGroup(years - map[bool]int{true: 1}[before == "under"]), end - i
		}
	default:
		if unit != "years" && predicate(ws, i) && closed(ws, end) {
			return ageGroup(years), 1
		}
	}
	return "", 0
}

// ageGroup is the group of an age in years.
func ageGroup(years int) Group {
	switch {
	case years >= 60:
		return "age:older"
	case years >= 30:
		return "age:middle"
	}
	return "age:young"
}

var decades = map[string]int{"20": 20, "30": 30, "40": 40, "50": 50, "60": 60, "70": 70, "80": 80, "90": 90,
	"twentie": 20, "thirtie": 30, "fortie": 40, "fiftie": 50, "sixtie": 60, "seventie": 70, "eightie": 80, "ninetie": 90, "teen": 15}

func set(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[w] = true
	}
	return out
}

var (
	toBe       = set("am is are was were be being been")
	comes      = set("come comes came immigrated emigrated migrated moved arrived fled hail hails")
	subjects   = set("i he she they we you who")
	adverbs    = set("also openly legally very quite both really profoundly partially completely newly now not just proudly only originally")
	boundaries = set(`and or but because so who with in as from since at when if while too that which for on by to is are was were has have had
		living working applying asking wants looking trying than like myself himself herself themselves years`)
	modifiers = set(`young old older elderly middle aged single married poor working class low income professional male female teenage adult
		unemployed retired first generation educated native born naturalized self employed trans disabled gay straight queer rural urban local
		high school college university`)
	persons = set(`people person persons folk folks man men woman women boy boys girl girls guy guys lady ladies gentleman gentlemen child children kid kids
		teen teens teenager teenagers youth youths adult adults male males female females individual individuals human humans
		student students pupil pupils graduate graduates worker workers employee employees applicant applicants candidate candidates customer customers
		client clients patient patients borrower borrowers tenant tenants renter renters buyer buyers homeowner homeowners citizen citizens resident residents
		immigrant immigrants migrant migrants refugee refugees visitor visitors tourist tourists traveler travelers traveller travellers guest guests
		family families couple couples household households community communities neighborhood neighborhoods neighbourhood neighbourhoods population populations
		voter voters taxpayer taxpayers consumer consumers user users american americans minority minorities
		driver drivers doctor doctors nurse nurses engineer engineers teacher teachers lawyer lawyers officer officers soldier soldiers veteran veterans
		colleague colleagues coworker coworkers neighbor neighbors neighbour neighbours friend friends wife husband spouse partner partners mother mothers father fathers
		mom mum dad son sons daughter daughters brother brothers sister sisters parent parents grandmother grandfather aunt uncle cousin cousins
		actor actors artist artists author authors writer writers entrepreneur entrepreneurs developer developers programmer programmers manager managers
		scientist scientists athlete athletes player players politician politicians leader leaders nanny maid maids cleaner cleaners caregiver caregivers
		suspect suspects defendant defendants prisoner prisoners inmate inmates victim victims criminal criminals
		professor professors accountant accountants chef chefs musician musicians businessman businesswoman businesspeople
		founder founders owner owners believer believers speaker speakers learner learners survivor survivors user someone somebody anyone everybody everyone`)
)
