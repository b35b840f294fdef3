package guards

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a unit of text is when it is not a claim. When in doubt it is one: a
// claim that is missed passes unverified.
const (
	isCode        = "code"
	isHeading     = "heading"
	isSymbols     = "symbols"
	isQuestion    = "question"
	isGreeting    = "greeting"
	isClosing     = "closing"
	isRefusal     = "refusal"
	isSelf        = "self-description"
	isLeadIn      = "lead-in"
	isMeta        = "meta"
	isOpinion     = "opinion"
	isInstruction = "instruction"
)

// classify says why there is nothing to check in a unit, or "" if there is.
func classify(s *sentence, u unit) string {
	switch {
	case u == code:
		return classifyCode(s)
	case len(s.words) == 0:
		return isSymbols
	case u == headerRow && !s.statesFigure():
		return isHeading
	case u == heading:
		return classifyHeading(s)
	case u == row || u == headerRow || len(s.words) > 64:
		return ""
	}
	return classifyFrom(s, 0)
}

// classifyCode takes a code block for code unless one of its lines is a sentence
// of prose: a fence must not carry a statement past the check.
func classifyCode(s *sentence) string {
	i, end := 0, 0
	for line := range strings.Lines(s.text) {
		end += len(line)
		words, verb := 0, false
		for ; i < len(s.words) && s.words[i].start < end; i++ {
			words++
			verb = verb || finiteVerbs[s.word(i)]
		}
		line = strings.TrimLeft(line, "> \t")
		if r, _ := utf8.DecodeRuneInString(line); words > 2 && verb && (unicode.IsUpper(r) || unicode.IsNumber(r)) && !strings.ContainsAny(line, "{}[];=<>") {
			return ""
		}
	}
	return isCode
}

// classifyHeading takes a heading for one unless it states something: a
// heading has no finite verb, or asks, or is short.
func classifyHeading(s *sentence) string {
	colon := strings.IndexByte(s.text, ':')
	value := colon > 0 && strings.ContainsAny(s.text[colon:], "0123456789") || strings.Contains(s.text, "\n") || s.statesFigure()
	if s.last == '?' || questionWords[s.word(0)] && !s.statesFigure() {
		return isHeading
	}
	if value || s.verb && len(s.words) > 3 || s.namesDo() {
		return classifyFrom(s, 0)
	}
	return isHeading
}

// classifyFrom classifies the sentence from its i-th word on.
func classifyFrom(s *sentence, i int) string {
	if i >= len(s.words) {
		return ""
	}
	if s.last == '?' && i == 0 {
		if isPureQuestion(s) {
			return isQuestion
		}
		return ""
	}
	if next, ok := s.atAny(i, interjections); ok && !s.exact() {
		switch {
		case next == len(s.words) || next == len(s.words)-1 && s.words[next].capital:
			return isGreeting // "Hello!", "Hi Anna,"
		case s.words[next].comma || s.words[next].clause:
			return classifyFrom(s, next) // "Sure, here's a summary:"
		}
	}
	exact := s.exact()
	if !exact {
		if next, ok := s.atAny(i, greetings); ok && plainRest(s, next) {
			return isGreeting
		}
		if next, ok := s.atAny(i, closings); ok && closingRest(s, next) {
			return isClosing
		}
		if next, ok := s.atAny(i, selfDescriptions); ok && selfRest(s, next) {
			return isSelf
		}
		if next, ok := s.atAny(i, refusals); ok && refusalRest(s, next) {
			return isRefusal
		}
		if reason := opinion(s, i); reason != "" {
			return reason
		}
	}
	if reason := leadIn(s, i); reason != "" {
		return reason
	}
	if !exact && instruction(s, i) {
		return isInstruction
	}
	return ""
}

// isPureQuestion reports whether a sentence with a question mark only asks. "Did
// you know that the fee is $5?", "Why is the fee $5?" and "The fee is $5, right?"
// also state.
func isPureQuestion(s *sentence) bool {
	if next, ok := s.atAny(0, presuming); ok {
		return !s.facts() && !s.verbFrom(next) && (len(s.words)-next < 2 || topical[s.word(next)])
	}
	exact := s.exact()
	if s.at(0, "why") && (s.digits || s.link) || s.at(0, "isn't it") && contentClause(s, 2) {
		return false
	}
	stated := false
	for i := 0; i < len(s.words) && i < 12; i++ {
		word := s.word(i)
		starts := i == 0 || i < 6 && s.words[i].comma && len(s.words)-i > 3 || i == 1 && joining[s.word(0)] || s.words[i].clause && !stated
		stated = stated || finiteVerbs[word]
		if starts && inverted[word] || (starts || i < 3 && !exact) && questionWords[word] { // "To whom is it sent?"
			return true
		}
	}
	return !exact && !s.verb
}

// plainRest reports whether what follows a greeting states nothing: it is short
// and adds no clause of its own.
func plainRest(s *sentence, i int) bool {
	if s.at(0, "welcome") && len(s.words) > 6 {
		return false
	}
	return len(s.words) <= 16 && s.comma(i) < 0 && !hasConnective(s, i) && !(s.at(0, "i understand your") && s.verbFrom(i))
}

// closingRest is plainRest for the end of an answer: no name but a polite one.
func closingRest(s *sentence, i int) bool {
	if hasReason(s, i) || len(s.words) > 24 || contentClause(s, i) {
		return false
	}
	if _, ok := s.atAny(i, telling); ok || s.at(0, "enjoy") && s.verbFrom(i) {
		return false // "I'm happy to confirm the refund was approved."
	}
	at := s.comma(i)
	return at < 0 || !s.verbFrom(at) || s.at(at, "please") || s.at(at, "and i") || s.at(at, "i") || s.at(at, "feel free") || s.at(at, "let me")
}

// selfRest reports whether a sentence about the assistant says nothing of
// anything else.
func selfRest(s *sentence, i int) bool {
	at := s.comma(i)
	if at < 0 {
		return s.names == 0 || len(s.words) <= 10
	}
	if next, ok := s.atAny(at, refusals); ok {
		return refusalRest(s, next)
	}
	return !s.verbFrom(at) || s.at(at, "i am not") || s.at(at, "i'm not") || s.at(at, "i do not") || s.at(at, "i don't")
}

// refusalRest reports whether a refusal is not followed by a statement: "I can't
// say, but the fee is waived".
func refusalRest(s *sentence, i int) bool {
	if _, ok := s.atAny(i, assuring); ok || s.at(i-2, "i won't") && !s.at(i, "be able") && !s.at(i, "help") && !s.at(i, "provide") && !s.at(i, "share") && !s.at(i, "speculate") && !s.at(i, "answer") {
		return false
	}
	for ; i < len(s.words); i++ {
		if !s.words[i].comma && !s.at(i, "but") && !s.at(i, "however") && !s.at(i, "because") && !s.at(i, "since") {
			continue
		}
		j := i
		for s.at(j, "but") || s.at(j, "however") || s.at(j, "so") || s.at(j, "and") {
			j++
		}
		if !s.verbFrom(j) && j == i {
			continue
		}
		if s.at(j, "i can") || s.at(j, "i'd") || s.at(j, "i would") || s.at(j, "i'm happy") || s.at(j, "please") || s.at(j, "you may want") || s.at(j, "you might want") || s.at(j, "feel free") {
			continue
		}
		if s.at(i, "since") || s.at(i, "because") || s.words[i].comma && j == i && !s.at(i, "which") && !s.at(i, "as") {
			if !s.at(i, "because") && !s.at(i, "since") && s.names == 0 && asides[s.word(i)] {
				continue
			}
		}
		return false
	}
	return true
}

// opinion recognises what the assistant thinks or advises where that leaves
// nothing to look up.
func opinion(s *sentence, i int) string {
	if s.names > 0 || hasReason(s, i) {
		return ""
	}
	if next, ok := s.atAny(i, advising); ok && asking[s.word(next)] && len(s.words) <= 20 && !s.verbFrom(next) {
		return isOpinion
	}
	if _, ok := s.atAny(i, opinions); ok && !contentClause(s, i) {
		for j := i; j < len(s.words); j++ {
			if evaluations[s.word(j)] {
				return isOpinion
			}
		}
	}
	if next, ok := s.atAny(i, exclamations); ok && len(s.words) <= 12 && s.comma(i) < 0 && !s.verbFrom(next) {
		return isOpinion
	}
	return ""
}

// leadIn recognises what only announces the text that follows.
func leadIn(s *sentence, i int) string {
	if s.digits || s.link || s.colonInside() {
		return ""
	}
	colon := s.last == ':' || s.last == '：'
	for _, at := range []int{i, s.comma(i)} {
		if at < 0 || at > i && !colon {
			continue
		}
		for s.at(at, "and") || s.at(at, "then") || s.at(at, "so") {
			at++
		}
		if next, ok := s.atAny(at, announcements); ok {
			if rest := s.comma(next); rest >= 0 && s.verbFrom(rest) || hasConnective(s, next) {
				return ""
			}
			if !colon && (contentClause(s, next) || s.at(next, "why") && s.verbFrom(next)) {
				return ""
			}
			return isLeadIn
		}
	}
	if _, ok := s.atAny(i, summing); ok && colon && len(s.words) <= 10 && !s.verb {
		return isLeadIn
	}
	if _, ok := s.atAny(i, sources); ok && !s.verbFrom(i) && len(s.words) <= 10 && s.names == 0 && s.comma(i+1) < 0 {
		return isMeta
	}
	if !colon || s.counts > 0 {
		return ""
	}
	if !s.verb && len(s.words) <= 6 {
		return isLeadIn // "A few things to plan for:", "**Key points:**"
	}
	if n := len(s.words); n <= 12 && s.comma(i+3) < 0 && !hasReason(s, i) && (announcing[s.word(n-1)] || s.word(n-2) == "following" || s.word(n-2) == "these") {
		return isLeadIn // "The plan includes:", "follow these steps:"
	}
	return ""
}

// instruction recognises an imperative that names nothing to look up. Only
// advice to get in touch or look elsewhere, and clicks, count: "Do not
// refrigerate" is a statement about a product.
func instruction(s *sentence, i int) bool {
	for more := true; more; {
		i, more = s.atAny(i, urging)
	}
	if hasReason(s, i) || lateVerb(s, i) || len(s.words)-i > 24 {
		return false
	}
	if _, ok := s.atAny(i, clicks); ok {
		return true
	}
	if _, ok := s.atAny(i, picks); ok {
		return len(s.words)-i <= 12 && strings.ContainsAny(s.text, "\"*“")
	}
	_, ok := s.atAny(i, imperatives)
	return ok && s.names == 0 && !((s.at(i, "let's remember") || s.at(i, "let's not forget")) && s.verbFrom(i+2))
}

// lateVerb reports whether a clause behind a comma, a dash or "that" states something.
func lateVerb(s *sentence, i int) bool {
	for j := i + 1; j < len(s.words); j++ {
		if (s.words[j].comma || s.words[j].clause || s.at(j, "that")) && s.verbFrom(j) && !s.at(j, "if") && !s.at(j, "or") && !s.at(j, "and") {
			return true
		}
	}
	return false
}

// hasReason reports whether a clause gives a reason or a description.
func hasReason(s *sentence, i int) bool {
	for ; i < len(s.words); i++ {
		if s.at(i, "because") || s.at(i, "since") || s.at(i, "which") || s.at(i, "whose") || s.at(i, "who is") || s.at(i, "but") || s.at(i, "as it") || s.at(i, "as the") || s.at(i, "as they") {
			return true
		}
	}
	return false
}

// hasConnective reports whether a further clause is joined on.
func hasConnective(s *sentence, i int) bool {
	if hasReason(s, i) {
		return true
	}
	for ; i < len(s.words); i++ {
		if (s.at(i, "and") || s.at(i, "although") || s.at(i, "while")) && s.verbFrom(i) {
			return true
		}
	}
	return false
}

// contentClause reports whether "that" opens a clause with a verb of its own:
// "I think it is great that pets are allowed", not "I think that is great".
func contentClause(s *sentence, i int) bool {
	for ; i+1 < len(s.words); i++ {
		if s.at(i, "that") && !finiteVerbs[s.word(i+1)] && s.verbFrom(i+2) && s.word(i+1) != "you" && s.word(i+1) != "i" {
			return true
		}
	}
	return false
}

// statesFigure reports whether a heading, which may well be numbered, has a
// figure that can be looked up: money, a share, a time, a date, a phone number
// or a link.
func (s *sentence) statesFigure() bool {
	if s.link {
		return true
	}
	if !s.digits {
		return false
	}
	if strings.ContainsAny(s.text, "$€£¥₹%") {
		return true
	}
	figures := 0
	for i, w := range s.words {
		if !w.digit {
			continue
		}
		figures += w.normEnd - w.normStart
		next, before := s.word(i+1), s.word(i-1)
		if countWords[next] || measured[next] || dating[before] && w.normEnd-w.normStart == 4 {
			return true
		}
	}
	return figures >= 7 && len(s.words) <= 8 && !strings.Contains(s.text, "|")
}

// namesDo reports whether a name is the subject of a verb in the past: "Marie
// Curie invented radium".
func (s *sentence) namesDo() bool {
	for i := 1; i+1 < len(s.words); i++ {
		if s.words[i-1].capital && !s.words[i].capital && len(s.word(i)) > 4 && strings.HasSuffix(s.word(i), "ed") {
			return true
		}
	}
	return false
}
