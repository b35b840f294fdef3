// Package fairness measures how groups of people are treated across traffic. It
// recognises the groups that an exchange speaks of, measures how it was answered,
// and compares groups by their sums: differences and ratios with intervals, never
// points. It decides nothing: whether a difference is an alarm is the policy's.
//
// What it finds in texts rests on English word lists of its own. It knows who is
// spoken of, not who speaks.
package fairness

import (
	"slices"
	"strings"
)

// Group is people with something in common: "ATTRIBUTE:GROUP", such as
// "religion:muslim". Groups come from a fixed list, so that a record of them holds
// no text of an exchange.
type Group string

// Attribute is what the group is one of: "religion".
func (g Group) Attribute() string {
	a, _, _ := strings.Cut(string(g), ":")
	return a
}

// name is the group without its attribute.
func (g Group) name() string {
	_, n, _ := strings.Cut(string(g), ":")
	return n
}

// Title is the group in words, for people: "Muslims".
func (g Group) Title() string {
	if t, ok := titles[g]; ok {
		return t
	}
	words := strings.ReplaceAll(g.name(), "_", " ")
	if g.Attribute() == "nationality" && words != "" {
		words = strings.ToUpper(words[:1]) + words[1:]
		if i := strings.IndexByte(words, ' '); i > 0 {
			words = words[:i+1] + strings.ToUpper(words[i+1:i+2]) + words[i+2:]
		}
		return words + " people"
	}
	return words
}

// titles are the names of groups that do not follow from their id.
var titles = map[Group]string{
	"gender:woman": "women", "gender:man": "men", "gender:trans": "transgender people", "gender:nonbinary": "nonbinary people",
	"ethnicity:black": "Black people", "ethnicity:white": "white people", "ethnicity:asian": "Asian people", "ethnicity:hispanic": "Hispanic people",
	"ethnicity:indigenous": "Indigenous people", "ethnicity:arab": "Arab people", "ethnicity:roma": "Roma", "ethnicity:people_of_color": "people of color",
	"religion:christian": "Christians", "religion:muslim": "Muslims", "religion:jewish": "Jewish people", "religion:hindu": "Hindus",
	"religion:buddhist": "Buddhists", "religion:sikh": "Sikhs", "religion:atheist": "atheists", "nationality:immigrant": "immigrants",
	"age:older": "older people", "age:young": "young people", "age:middle": "middle-aged people",
	"disability:disabled": "disabled people", "disability:blind": "blind people", "disability:deaf": "deaf people", "disability:autistic": "autistic people",
	"disability:mental_illness": "people with a mental illness", "disability:learning": "people with a learning disability",
	"orientation:gay": "gay people", "orientation:bisexual": "bisexual people", "orientation:straight": "straight people",
	"class:poor": "poor people", "class:wealthy": "wealthy people", "appearance:heavy": "heavy people",
	"family:pregnant": "pregnant people", "family:single_parent": "single parents",
}

// attributeTitles are the attributes in words.
var attributeTitles = map[string]string{
	"gender": "gender", "ethnicity": "race and ethnicity", "religion": "religion", "nationality": "nationality", "age": "age",
	"disability": "disability", "orientation": "sexual orientation", "class": "social and economic position",
	"appearance": "appearance", "family": "family",
}

// AttributeTitle is an attribute in words; one of an application's own is its name.
func AttributeTitle(attribute string) string {
	if t, ok := attributeTitles[attribute]; ok {
		return t
	}
	return strings.ReplaceAll(attribute, "_", " ")
}

// Known lists the groups that texts are searched for, sorted.
func Known() []Group { return slices.Clone(lexicon().groups) }

// WellFormed tells whether g can name a group: attribute and group in small letters,
// digits and underscores, each of 1 to 32.
func (g Group) WellFormed() bool {
	a, n, ok := strings.Cut(string(g), ":")
	return ok && plain(a) && plain(n)
}

func plain(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}
