package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// corpus is a made-up company's knowledge base: passages that state facts about
// products, and answers about them. The same seed gives the same text.
type corpus struct {
	passages []passage
	filler   []string // words, the commonest first
}

// passage states some of the facts about one subject.
type passage struct {
	subject string
	facts   []fact
	filler  string // a sentence of common words, as real passages have
}

// fact is a template and the value put into it.
type fact struct {
	template int
	value    string
}

// templates say one fact in the words of a manual and in the words of an
// assistant. %s is the subject, %v the value; want makes a value.
var templates = []struct {
	manual, assistant string
	want              func(r *rand.Rand) string
}{
	{"The %s costs EUR %v a month, billed in advance.", "You pay EUR %v every month for the %s.", cents(5, 90)},
	{"A parcel with the %s is delivered within %v working days.", "The %s should arrive within %v working days.", number(2, 21)},
	{"The warranty on the %s lasts %v months from the date of purchase.", "The %s is covered by a warranty of %v months.", number(6, 60)},
	{"Up to %v users may share one licence of the %s.", "One licence of the %s can be shared by up to %v users.", number(3, 400)},
	{"The %s was released on %v.", "We released the %s on %v.", date},
	{"The %s includes %v GB of storage.", "With the %s you get %v GB of storage.", number(5, 900)},
	{"Support for the %s answers within %v hours.", "If you have the %s, support gets back to you within %v hours.", number(1, 72)},
	{"%v is responsible for the %s.", "The person in charge of the %s is %v.", person},
	{"The %s is made in %v.", "The %s comes from our plant in %v.", place},
	{"Returns of the %s are accepted for %v days after delivery.", "The %s can be sent back for %v days after it was delivered.", number(7, 90)},
	{"The %s weighs %v kg without its packaging.", "Without the packaging, the %s weighs %v kg.", cents(1, 40)},
	{"A cancelled order for the %s is refunded in %v days.", "After a cancellation, the refund for the %s takes %v days.", number(3, 30)},
	{"The %s draws %v watts at full load.", "At full load the %s needs %v watts.", number(5, 2200)},
	{"The discount on the %s is %v% for schools.", "Schools get the %s with %v% off.", number(5, 45)},
	{"The current version of the %s is %v.", "The %s is now at version %v.", version},
	{"Data of the %s is kept for %v years in the archive.", "The archive keeps the data of the %s for %v years.", number(1, 12)},
}

func number(low, high int) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return fmt.Sprint(low + r.IntN(high-low)) }
}

func cents(low, high int) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return fmt.Sprintf("%d.%d5", low+r.IntN(high-low), r.IntN(10)) }
}

func date(r *rand.Rand) string {
	months := []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	return fmt.Sprintf("%d %s %d", 1+r.IntN(28), months[r.IntN(12)], 2009+r.IntN(17))
}

func version(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d.%d", 1+r.IntN(9), r.IntN(20), r.IntN(10))
}

func person(r *rand.Rand) string { return title(name(r, 2)) + " " + title(name(r, 3)) }
func place(r *rand.Rand) string  { return title(name(r, 3)) }

// name is a pronounceable made-up word.
func name(r *rand.Rand, syllables int) string {
	var b strings.Builder
	for range syllables {
		b.WriteByte("bdfgklmnprstvz"[r.IntN(14)])
		b.WriteByte("aeiou"[r.IntN(5)])
		if r.IntN(3) == 0 {
			b.WriteByte("lnrs"[r.IntN(4)])
		}
	}
	return b.String()
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// newCorpus makes n passages.
func newCorpus(n int, seed uint64) *corpus {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &corpus{}
	for range 5000 {
		c.filler = append(c.filler, name(r, 2+r.IntN(2)))
	}
	// Word frequencies of real text fall about as 1/rank.
	zipf := rand.NewZipf(r, 1.1, 4, uint64(len(c.filler)-1))
	kinds := []string{"router", "plan", "lamp", "scanner", "ledger", "heater", "camera", "policy", "charger", "licence", "desk", "sensor"}
	grades := []string{"Basic", "Plus", "Pro", "Max", "Mini", "Select"}
	for len(c.passages) < n {
		line := title(name(r, 2+r.IntN(2))) // a product line with several products, which retrieval has to tell apart
		for range 1 + r.IntN(4) {
			p := passage{subject: fmt.Sprintf("%s %s %s", line, grades[r.IntN(len(grades))], kinds[r.IntN(len(kinds))])}
			for _, t := range r.Perm(len(templates))[:4] {
				p.facts = append(p.facts, fact{t, templates[t].want(r)})
			}
			words := make([]string, 14)
			for i := range words {
				words[i] = c.filler[zipf.Uint64()]
			}
			p.filler = title(strings.Join(words, " ")) + "."
			c.passages = append(c.passages, p)
		}
	}
	c.passages = c.passages[:n]
	return c
}

func fill(template, subject, value string) string {
	return strings.Replace(strings.Replace(template, "%s", subject, 1), "%v", value, 1)
}

// perFile is how many passages one document holds.
const perFile = 20

// write puts the passages into a folder as Markdown documents, a section each.
func (c *corpus) write(dir string) error {
	for start := 0; start < len(c.passages); start += perFile {
		var b strings.Builder
		fmt.Fprintf(&b, "# Handbook, part %d\n", start/perFile+1)
		for _, p := range c.passages[start:min(start+perFile, len(c.passages))] {
			fmt.Fprintf(&b, "\n## %s\n\n", p.subject)
			for _, f := range p.facts {
				b.WriteString(fill(templates[f.template].manual, p.subject, f.value) + " ")
			}
			b.WriteString(p.filler + "\n")
		}
		path := filepath.Join(dir, fmt.Sprintf("part-%03d.md", start/perFile+1))
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			return fmt.Errorf("writing the knowledge base: %w", err)
		}
	}
	return nil
}

// sentences in one answer.
const sentences = 12

// claim is one sentence of an answer and how it stands to its passage.
type claim struct{ text, kind string }

const (
	right   = "right"   // what the passage says, in other words
	changed = "changed" // another value
	open    = "open"    // something the passage does not say
)

// claims are the sentences of the n-th answer: about three in five right, one in
// five changed and one in five open. No two answers are the same.
func (c *corpus) claims(n uint64) []claim {
	r := rand.New(rand.NewPCG(n, 3))
	out := make([]claim, 0, sentences)
	for range sentences {
		p := c.passages[r.IntN(len(c.passages))]
		f := p.facts[r.IntN(len(p.facts))]
		switch r.IntN(5) {
		case 0:
			f.value = templates[f.template].want(r)
		case 1:
			f.template = r.IntN(len(templates))
			f.value = templates[f.template].want(r)
		}
		kind := open
		for _, have := range p.facts {
			if have == f {
				kind = right
			} else if have.template == f.template {
				kind = changed
			}
		}
		out = append(out, claim{fill(templates[f.template].assistant, p.subject, f.value), kind})
	}
	return out
}

// answer is the text of the n-th answer, by sentence.
func (c *corpus) answer(n uint64) []string {
	out := make([]string, 0, sentences)
	for _, one := range c.claims(n) {
		out = append(out, one.text)
	}
	return out
}
