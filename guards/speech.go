package guards

import "regexp"

// What the model alone takes for hate too often, and words tell: objecting to what
// somebody said, using of oneself a word that is a slur from others, and scolding
// things. Each lowers the odds; it does not clear what the model is sure of, so that
// such words are no way round the guard.
const temper = 8 // times

var (
	speech      = regexp.MustCompile(`(?i)\b(?:call(?:s|ed|ing)?|say(?:s|ing)?|said|tell(?:s|ing)?|told|wr(?:ote|ite|iting|itten)|shout(?:s|ed|ing)?|yell(?:s|ed|ing)?|threaten(?:s|ed|ing)?|mock(?:s|ed|ing)?|us(?:e|ed|ing) (?:the|that) (?:word|slur)|hatred|contempt|insult(?:s|ed|ing)?|slurs?|words?|jokes?|rants?|prejudices?|opinions?|slogans?|statements?|claims?|messages?|bully(?:ing)?|bullied)\b`)
	disapproval = regexp.MustCompile(`(?i)\b(?:not (?:ok|okay|alright|acceptable|fine|funny|true|right)|(?:isn't|aren't|wasn't|never) (?:ok|okay|acceptable|funny|true|right|fine)|wrong|stop|has to end|should never|shouldn't|should not|must not|mustn't|unacceptable|inappropriate|how dare|ashamed|shameful|shame on|in jail|illegal|a crime|banned|reported|removed|fired|call(?:ing)? out|hurtful|offensive|hateful|disrespectful|racist|sexist|homophobic|prejudiced?|discriminat\w+|why would (?:you|any)|lost (?:all )?respect|does(?:n't| not) count|don't you dare|no right|have to stop|quit|apologi[sz]e[ds]?|refuse to|reject(?:s|ed)?|condemn(?:s|ed)?|object(?:s|ed)? to|problem is you|part of the problem|cruel|disgrace)\b`)
	oneself     = regexp.MustCompile(`(?i)\b(?:us|fellow|we are|we're|i'm an?|i am an?|being an?|call ourselves|my|proud)(?: \w+){0,2} (?:fag\w*|queers?|dykes?|trann\w+|nigg\w+|bitch\w*|crip\w*|sluts?|whores?|hoes?)\b`)
	somebody    = regexp.MustCompile(`(?i)\b(?:you|your|yours|u|ur|y'all|they|them|their|he|him|his|she|her|people|persons?|folks?|guys?|kids?|child(?:ren)?|humans?|everyone|everybody|anyone|somebody|nobody|those|these|breed|race|kind|sort|scum|ones)\b`)
)

// tempered is the score of a category with the odds lowered where the words of a text
// speak against it. people: a group of people is named or seen.
func tempered(category, text string, score float64, people bool) float64 {
	by := 1.0
	switch category {
	case "hate", "stereotype", "sexism", "toxicity":
		if speech.MatchString(text) && disapproval.MatchString(text) || oneself.MatchString(text) {
			by *= temper
		}
		if category == "hate" && !people && !somebody.MatchString(text) {
			by *= temper
		}
	}
	if by == 1 || score <= 0 || score >= 1 {
		return score
	}
	odds := score / (1 - score) / by
	return odds / (1 + odds)
}
