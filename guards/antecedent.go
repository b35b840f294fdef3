package guards

import (
	"strings"
	"unicode/utf8"
)

const (
	maxContext = 200 // bytes of Claim.Context
	maxLead    = 90  // bytes of each of its parts
)

// outline is what a Cutter remembers of the text above a claim: headings, list
// lead-ins and what the last sentences were about.
type outline struct {
	heading string
	leads   []lead // lead-in and items above the current one, outermost first
	label   string // of the current list item
	first   bool   // the next claim is the first of its item

	topic  string // what the last sentences were about
	before string // the topic before
	person string // the last topic that is spelt like a person's name
	isHer  bool   // person has been called he or she
	plural string
}

// lead is a list item, or the sentence that announces a list, by indentation.
type lead struct {
	indent int
	text   string
}

// item starts a list item.
func (o *outline) item() {
	o.first, o.label = true, ""
}

// place gives a claim its context and remembers what it adds.
func (o *outline) place(c *Claim, s *sentence, u unit, indent int, header, cells []string) {
	switch u {
	case heading:
		o.leads, o.label = o.leads[:0], ""
		o.heading = title(c.Text)
		o.topic, o.before, o.person, o.plural, o.isHer = "", "", "", "", false
		return
	case headerRow, code:
		return
	case row:
		c.Context = join(o.heading, pairs(header, cells))
		return
	case item:
		if o.first {
			for len(o.leads) > 0 && o.leads[len(o.leads)-1].indent >= indent {
				o.leads = o.leads[:len(o.leads)-1]
			}
		}
		parts := []string{o.heading}
		for _, l := range o.leads {
			if l.indent < indent {
				parts = append(parts, l.text)
			}
		}
		if !o.first {
			parts = append(parts, o.label)
		}
		parts = append(parts, o.antecedent(s))
		c.Context = join(parts...)
		if o.first {
			o.label = label(c.Text)
			text := o.label
			if text == "" {
				text = clean(c.Text)
			}
			if len(o.leads) < 8 {
				o.leads = append(o.leads, lead{indent, text})
			}
		}
		o.first = false
	default:
		o.leads, o.label = o.leads[:0], ""
		c.Context = join(o.heading, o.antecedent(s))
		if s.last == ':' || s.last == '：' {
			o.leads = append(o.leads, lead{-1, clean(c.Text)})
		}
	}
	if c.NotClaim == "" {
		o.remember(s)
	} else if c.NotClaim == isLeadIn && o.topic == "" {
		o.remember(s)
	}
}

// dullTitles say nothing about what stands below them.
var dullTitles = set("summary overview conclusion answer introduction details notes note response result results analysis explanation background steps example examples")

// title is the text of a heading, "" when it says nothing of its subject.
func title(text string) string {
	text = clean(text)
	if dullTitles[strings.ToLower(text)] || strings.HasPrefix(strings.ToLower(text), "key ") {
		return ""
	}
	return text
}

// pairs names each cell of a table row by its column.
func pairs(header, cells []string) string {
	if len(header) == 0 {
		return ""
	}
	var b strings.Builder
	for i, cell := range cells {
		if i >= len(header) || header[i] == "" || cell == "" {
			continue
		}
		if b.Len()+len(header[i])+len(cell)+4 > maxContext {
			break
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(clean(header[i]))
		b.WriteString(": ")
		b.WriteString(clean(cell))
	}
	return b.String()
}

// join puts the parts of a context together. When they are too many the last,
// which are the nearest, stay.
func join(parts ...string) string {
	n := 0
	first := len(parts)
	for first > 0 && n+len(parts[first-1])+2 <= maxContext {
		first--
		n += len(parts[first]) + 2
	}
	out := ""
	for _, p := range parts[first:] {
		if p == "" || strings.Contains(out, p) {
			continue
		}
		if out != "" {
			out += "; "
		}
		out += p
	}
	return out
}

// clean drops emphasis and a final colon and cuts a text to maxLead bytes.
func clean(text string) string {
	if strings.ContainsAny(text, "*_`\n") {
		text = strings.Join(strings.Fields(strings.NewReplacer("**", "", "__", "", "`", "", "*", "").Replace(text)), " ")
	}
	return clip(strings.TrimRight(text, ":： "), maxLead)
}

// clip cuts a text to n bytes at the end of a word.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	cut := strings.LastIndexByte(text[:n+1], ' ')
	if cut <= n/2 {
		for cut = n; cut > 0 && !utf8.RuneStart(text[cut]); cut-- {
		}
	}
	return text[:cut]
}

// label is what a list item is about when it says so: "**Basic:** $5" or
// "Basic - $5".
func label(text string) string {
	if strings.HasPrefix(text, "**") {
		if end := strings.Index(text[2:], "**"); end > 0 && end < maxLead {
			return clean(text[2 : 2+end])
		}
	}
	for _, sep := range []string{": ", " – ", " — ", " - "} {
		if end := strings.Index(text, sep); end > 0 && end <= 40 {
			return clean(text[:end])
		}
	}
	return ""
}

// pronoun is the kind of antecedent that a pronoun wants.
type pronoun uint8

const (
	noPronoun pronoun = iota
	forPerson
	forMany
	forThing
)

var pronouns = map[string]pronoun{
	"he": forPerson, "she": forPerson, "his": forPerson, "her": forPerson, "him": forPerson, "he's": forPerson, "she's": forPerson,
	"they": forMany, "their": forMany, "these": forMany, "those": forMany, "them": forMany, "both": forMany, "they're": forMany,
	"it": forThing, "its": forThing, "this": forThing, "that": forThing, "it's": forThing, "such": forThing,
}

// antecedent is what the pronoun near the start of a sentence most likely
// stands for, "" when there is none.
func (o *outline) antecedent(s *sentence) string {
	var want pronoun
	for i := 0; i < len(s.words) && i < 5 && want == noPronoun; i++ {
		w := s.words[i]
		p := pronouns[string(s.norm[w.normStart:w.normEnd])]
		if i == 1 && !introductory[s.word(0)] {
			break // "Zenith says it is not"
		}
		if i > 0 && (s.at(i, "that") || s.at(i, "this") || s.at(i, "such") || s.at(i, "those") || s.at(i, "these")) {
			continue
		}
		if i > 0 && w.capital && !w.clause {
			break // a name comes first
		}
		want = p
	}
	switch want {
	case forPerson:
		o.isHer = o.person != ""
		return either(o.person, o.topic)
	case forMany:
		return either(o.plural, o.topic)
	case forThing:
		if o.isHer && o.topic == o.person {
			return o.before
		}
		return o.topic
	}
	return ""
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// remember notes what a sentence is about: its first name, or else the words
// before its verb.
func (o *outline) remember(s *sentence) {
	start := 0
	if at := s.comma(0); at > 0 && at <= 8 && introductory[s.word(0)] {
		start = at // "In July 1898, the couple announced"
	}
	if start >= len(s.words) || pronouns[s.word(start)] != noPronoun {
		return // still about the same
	}
	from, to, verbAt := -1, -1, -1
	for i := start; i < len(s.words); i++ {
		w := s.words[i]
		norm := s.norm[w.normStart:w.normEnd]
		if verbAt < 0 && i > start && finiteVerbs[string(norm)] {
			verbAt = i
		}
		name := w.capital && !common[string(norm)] && (i > start || i+1 < len(s.words) && s.words[i+1].capital && !s.words[i+1].comma || w.end-w.start > 1 && isAllCaps(s.text[w.start:w.end]))
		switch {
		case from < 0 && name && (verbAt < 0 || i < verbAt):
			from, to = i, i
		case from >= 0 && to == i-1 && !w.comma && (name || w.capital || w.digit):
			to = i
		}
		if verbAt >= 0 && (from >= 0 || i > verbAt) {
			break
		}
	}
	named := from >= 0
	if !named {
		if generic[s.word(start)] || verbAt-start > 7 || verbAt == start {
			return
		}
		from, to = start, verbAt-1
		if verbAt < 0 { // a verb that is not listed: the first words will do
			to = start + 1
			if s.at(start, "the") || s.at(start, "a") || s.at(start, "an") {
				to++
			}
			to = min(to, len(s.words)-1)
		}
	}
	text := clip(s.text[s.words[from].start:s.words[to].end], maxLead)
	if strings.ContainsAny(text, "\n|") {
		return
	}
	if text != o.topic {
		o.topic, o.before = text, o.topic
	}
	if named && to-from == 1 && !s.words[from].digit && !s.words[to].digit {
		o.isHer = o.isHer && o.person == text
		o.person = text
	}
	if last := s.word(to); strings.HasSuffix(last, "s") && !strings.HasSuffix(last, "ss") || verbAt > 0 && (s.at(verbAt, "are") || s.at(verbAt, "were") || s.at(verbAt, "have")) {
		o.plural = text
	}
}

func isAllCaps(s string) bool { return strings.ToUpper(s) == s }

var introductory = set("in on at for from if when while after before since because although though as according based during under with without by unlike until once to overall however therefore additionally also yes no unfortunately finally first second next then meanwhile instead")

var generic = set("you i we there here what how when where if to in on at for from please yes no so and but or not each all some most any")

var common = set("the a an in on at for from if when while but and or so there here as to with by you your i we our it its this that these those he she they his her their what how who where which no not yes all some most each many both any one after before under during overall however although though since because based according")
