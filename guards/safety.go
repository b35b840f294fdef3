package guards

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// findingFloor is the score from which a rating is a finding. Policies set their own
// marks above it.
const findingFloor = 0.5

// mostPrompt bounds what of a prompt an answer is read with, in bytes: its end, where
// the question is.
const mostPrompt = 600

// safety judges what a text does to people: hate, abuse, stereotypes, sexual text,
// violence, self-harm, help with crime. It needs the safety model; without it nothing is
// measured.
type safety struct{ heads }

// heads is the safety model and where its labels are.
type heads struct {
	model  Classifier
	at     map[string]int
	groups []string // labels that say which group a text is about
}

// Labels of the safety model that are categories of findings, and those that are groups.
var (
	safetyCategories = []string{"hate", "toxicity", "stereotype", "sexism", "violence", "sexual", "self_harm", "illicit"}
	groupLabels      = []string{"gender", "race", "religion", "nationality", "age", "disability", "sexual_orientation", "appearance", "socioeconomic"}
)

var errNoSafetyModel = errors.New("the safety model is not running")

func newHeads(model Classifier, needed ...string) (heads, error) {
	h := heads{model: model, at: map[string]int{}}
	if model == nil {
		return h, nil
	}
	for i, label := range model.Labels() {
		h.at[label] = i
		if slices.Contains(groupLabels, label) {
			h.groups = append(h.groups, label)
		}
	}
	for _, label := range needed {
		if _, ok := h.at[label]; !ok {
			return h, fmt.Errorf("the safety model has no label %q; it has %s", label, strings.Join(model.Labels(), ", "))
		}
	}
	return h, nil
}

// newSafety returns the guard "safety".
func newSafety(deps Deps) (Guard, error) {
	h, err := newHeads(deps.Safety, safetyCategories...)
	if err != nil {
		return nil, err
	}
	return &safety{h}, nil
}

func (*safety) Name() string { return "safety" }

// Detects says that the guard gives no verdicts on truth.
func (*safety) Detects() {}

// Check measures each claim, read with the question that it answers.
func (g *safety) Check(ctx context.Context, ex *Exchange) ([]Finding, error) {
	ratings, err := g.Rate(ctx, ex, InAnswer)
	return g.findings(ratings), err
}

// CheckPrompt measures the messages of the user.
func (g *safety) CheckPrompt(ctx context.Context, ex *Exchange) ([]Finding, error) {
	ratings, err := g.Rate(ctx, ex, InPrompt)
	return g.findings(ratings), err
}

// Rate implements Rater.
func (g *safety) Rate(ctx context.Context, ex *Exchange, phase Side) ([]Rating, error) {
	if g.model == nil {
		return nil, errNoSafetyModel
	}
	var asked questions
	with := ""
	if phase == InAnswer {
		with = promptOf(ex)
		for i := range ex.Claims {
			c := &ex.Claims[i]
			asked.claim(c, with)
		}
	} else {
		for i := range ex.Prompt {
			if m := &ex.Prompt[i]; m.Role == "user" {
				asked.text(m.Text, asUser, Rating{Side: InPrompt, Message: i})
			}
		}
	}
	labels, err := g.ask(ctx, &asked)
	if labels == nil {
		return nil, err
	}
	out := make([]Rating, 0, len(labels)*len(safetyCategories))
	for i, l := range labels {
		if l.Scores == nil {
			continue
		}
		text := asked.readings[i].Text
		group := g.groupOf(text, l.Scores)
		people := group != ""
		if group == "" { // "they" are those of the question
			group = g.groupOf(with, nil)
		}
		picks := asked.places[i].Reply && asksWho(asked.readings[i].With)
		for _, category := range safetyCategories {
			if !asked.counts(i, labels, g.at[category]) {
				continue
			}
			r := asked.places[i]
			r.Category, r.Score, r.Group = category, tempered(category, text, l.Scores[g.at[category]], people), group
			switch {
			case category == "sexism":
				r.Group = "gender"
			case category == "stereotype" && picks:
				r.Category = "assumption"
			case category != "hate" && category != "stereotype" && category != "toxicity":
				r.Group = ""
			}
			out = append(out, r)
		}
	}
	return out, err
}

// groupOf is the group that a text is about: the surest that its words name, or else
// that the model sees. scores may be nil.
func (h *heads) groupOf(text string, scores []float64) string {
	named := groupsIn(text)
	best, group := 0.5, ""
	for _, label := range h.groups {
		if scores == nil {
			break
		}
		s := scores[h.at[label]]
		if slices.Contains(named, label) {
			s++ // words count for more than the model
		}
		if s > best {
			best, group = s, label
		}
	}
	if group == "" && len(named) > 0 {
		return named[0]
	}
	return group
}

// findings are the ratings that are high enough, each span and category once, with
// reasons.
func (*safety) findings(ratings []Rating) []Finding {
	var out []Finding
	for _, r := range ratings {
		if r.Score < findingFloor {
			continue
		}
		f := Finding{Claim: r.Claim, Category: r.Category, Group: r.Group, Score: r.Score, Side: r.Side, Message: r.Message, Start: r.Start, End: r.End}
		f.Reason = safetyReason(r)
		if i := slices.IndexFunc(out, func(o Finding) bool {
			return o.Category == f.Category && o.Side == f.Side && o.Message == f.Message && o.Start == f.Start && o.End == f.End
		}); i < 0 {
			out = append(out, f)
		} else if out[i].Score < f.Score && !r.Reply { // what the claim says alone explains itself
			out[i] = f
		}
	}
	return out
}

// Names of groups in reasons.
var groupNames = map[string]string{
	"gender": "gender", "race": "race or ethnicity", "religion": "religion", "nationality": "nationality or origin", "age": "age", "disability": "disability",
	"sexual_orientation": "sexual orientation", "appearance": "appearance", "socioeconomic": "social status",
}

func safetyReason(r Rating) string {
	about := ""
	if r.Group != "" {
		about = " (" + groupNames[r.Group] + ")"
	}
	switch r.Category {
	case "hate":
		return "Demeans, threatens or shuts out people for a group they belong to" + about + "."
	case "toxicity":
		return "Insults or abuses somebody" + about + "."
	case "stereotype":
		if r.Reply {
			return "Agrees, in reply to the question, with a generalisation about a group of people" + about + "."
		}
		return "Generalises about a group of people" + about + " as if all of them were alike."
	case "assumption":
		return "Picks a person by the group they belong to" + about + ", where nothing in the text says who it was."
	case "sexism":
		return "Demeans people for their gender or says what they are fit for because of it."
	case "violence":
		return "Threatens, praises or dwells on violence."
	case "sexual":
		return "Describes sex or asks for it."
	case "self_harm":
		return "Speaks of hurting or killing oneself, or encourages it."
	}
	return "Asks for or gives help with something that is illegal or does harm." // illicit
}

// who is a question for a person.
var who = regexp.MustCompile(`(?i)\b(?:who|whom|whose|which (?:one|of|person|man|woman|boy|girl|people|candidate|applicant|employee|student|patient|friend))\b[^.!?]*\?`)

// asksWho says whether a prompt asks for one of several people that it describes by group.
func asksWho(prompt string) bool {
	return who.MatchString(prompt) && len(groupsIn(who.ReplaceAllString(prompt, ""))) > 0
}

// promptOf is the end of the question, and before it the caller's document where the
// two are short: an answer may pick a person whom the document describes.
func promptOf(ex *Exchange) string {
	question := strings.TrimSpace(ex.Question())
	if len(ex.Given) == 1 && who.MatchString(question) && len(ex.Given[0].Text)+len(question) < mostPrompt {
		question = strings.TrimSpace(ex.Given[0].Text) + " " + question
	}
	if len(question) > mostPrompt {
		question = question[len(question)-mostPrompt:]
		if _, rest, ok := strings.Cut(question, " "); ok {
			question = rest
		}
	}
	plain, _ := Plain(question)
	return plain
}
