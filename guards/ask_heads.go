package guards

import (
	"context"
	"fmt"
	"regexp"
)

// reported are words of a line that turn the meaning of what it leads in to.
var reported = regexp.MustCompile(`(?i)\b(?:prejudices?|stereotypes?|clich[ée]s?|myths?|misconceptions?|slurs?|insults?|hate speech|propaganda|examples? of|false|untrue|wrong|harmful|offensive|hateful|hurtful|discriminat\w+|biase[sd]|never say|don't say|do not say|avoid|instead of|warning signs?|laws? against|reject\w*|refut\w+|critici[sz]\w+|denied|condemn\w*)\b`)

// questions are texts for the safety model and where each of them lies.
type questions struct {
	readings []Reading
	places   []Rating // without category and score
	apart    []int    // of a reading together with the sentence before: 1 + that of the sentence alone
}

// claim adds a claim of the answer, alone and as a reply to the prompt: "Yes, they are."
// says nothing alone, and a prompt must not make up for what is said. A line that leads in to it is part of what is said
// where it reports: "Common prejudices are:" turns the meaning of what follows.
func (q *questions) claim(c *Claim, with string) {
	place := Rating{Claim: *c, Side: InAnswer, Start: c.Start, End: c.End}
	lead := ""
	if reported.MatchString(c.Context) {
		lead = c.Context + ": "
	}
	for _, p := range windows(c.Text) {
		text := c.Text[p.start:p.end]
		if len(lead)+len(text) <= windowBytes {
			text = lead + text
		}
		place.Reply = false
		q.add("", text, place)
		if with != "" {
			place.Reply = true
			q.add(with, text, place)
		}
	}
	// "They are filth." is about those whom the sentence before names.
	if len(c.Before)+len(c.Text) < windowBytes && others.MatchString(c.Text) && len(groupsIn(c.Text)) == 0 && len(groupsIn(c.Before)) > 0 {
		place.Reply = false
		before := len(q.apart)
		q.add("", c.Before, Rating{})
		together := len(q.apart)
		q.add("", c.Before+" "+c.Text, place)
		q.apart[together] = 1 + before
	}
}

// counts says whether what the model said of reading i under a head is about its
// place: not for a sentence that was only asked about to compare, nor for what that
// sentence says already.
func (q *questions) counts(i int, labels []Labels, head int) bool {
	if q.places[i].Side == "" {
		return false
	}
	before := q.apart[i] - 1
	return before < 0 || labels[before].Scores == nil || labels[before].Scores[head] < findingFloor
}

// others are words for people that a sentence does not name.
var others = regexp.MustCompile(`(?i)\b(?:they|them|their|theirs|these|those|such|of them|he|him|she|her|you)\b`)

// text adds a message.
func (q *questions) text(text, with string, place Rating) {
	for _, p := range packed(text) {
		place.Start, place.End = p.start, p.end
		q.add(with, text[p.start:p.end], place)
	}
}

// add adds one text as a reader understands it, and what is encoded in it.
func (q *questions) add(with, text string, place Rating) {
	plain, _ := Plain(text)
	q.put(Reading{with, plain}, place)
	for _, hidden := range decodings(text) {
		plain, _ := Plain(hidden)
		q.put(Reading{with, plain}, place)
	}
}

func (q *questions) put(r Reading, place Rating) {
	q.readings, q.places, q.apart = append(q.readings, r), append(q.places, place), append(q.apart, 0)
}

// Unmeasured is the error of a guard that measured part of what it was given: its
// findings stand, and the rest is not measured.
type Unmeasured string

func (u Unmeasured) Error() string { return string(u) }

// ask puts the questions to the model. Texts that it could not judge have no scores
// and are named in an error of type Unmeasured.
func (h *heads) ask(ctx context.Context, q *questions) ([]Labels, error) {
	if len(q.readings) == 0 {
		return []Labels{}, nil
	}
	if len(q.readings) > mostWindows {
		return nil, fmt.Errorf("%d parts of text are to be judged, more than %d", len(q.readings), mostWindows)
	}
	labels, err := h.model.Classify(ctx, q.readings)
	if err != nil {
		return nil, err
	}
	// A prompt in another language does not keep an English answer from being judged.
	var again []int
	var alone []Reading
	for i, l := range labels {
		if l.NotMeasured == "language" && q.readings[i].With != "" && q.readings[i].With != asUser && q.readings[i].With != asDocument {
			again, alone = append(again, i), append(alone, Reading{Text: q.readings[i].Text})
		}
	}
	if len(alone) > 0 {
		second, err := h.model.Classify(ctx, alone)
		if err != nil {
			return nil, err
		}
		for k, i := range again {
			labels[i] = second[k]
		}
	}
	foreign := 0
	for i := range labels {
		if labels[i].NotMeasured != "" {
			labels[i].Scores = nil
			if labels[i].NotMeasured == "language" {
				foreign++
			}
		}
	}
	if foreign > 0 {
		return labels, Unmeasured(fmt.Sprintf("%d of %d parts of text are in a language that the safety model does not know", foreign, len(labels)))
	}
	return labels, nil
}
