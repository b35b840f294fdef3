package guards

import "strings"

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
		return isCode
	case len(s.words) == 0:
		return isSymbols
	case u == headerRow:
		return isHeading
	case u == heading:
		return classifyHeading(s)
	case u == row || len(s.words) > 64:
		return ""
	}
	return classifyFrom(s, 0)
}

// classifyHeading takes a heading for one unless it states something: a
// heading has no finite verb, or asks, or is short.
func classifyHeading(s *sentence) string {
	colon := strings.IndexByte(s.text, ':')
	value := colon > 0 && strings.ContainsAny(s.text[colon:], "0123456789") || strings.ContainsAny(s.text, "$€£%\n")
	if s.last == '?' || questionWords[s.word(0)] {
		return isHeading
	}
	if value || s.verb && len(s.words) > 3 {
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
// you know that the fee is $5?" and "The fee is $5, right?" also state.
func isPureQuestion(s *sentence) bool {
	if s.at(0, "did you know") || s.at(0, "are you aware") || s.at(0, "you know") {
		return !s.facts() && !s.verbFrom(3)
	}
	if !s.exact() && !(s.verb && s.names > 0) {
		return true
	}
	for i := 0; i < len(s.words) && i < 6; i++ {
		if (i == 0 || s.words[i].comma && len(s.words)-i > 3) && (questionWords[s.word(i)] || inverted[s.word(i)]) {
			return true
		}
	}
	return false
}

// plainRest reports whether what follows a greeting states nothing: it is short
// and adds no clause of its own.
func plainRest(s *sentence, i int) bool {
	if s.at(0, "welcome") && len(s.words) > 6 {
		return false
	}
	return len(s.words) <= 16 && s.comma(i) < 0 && !hasConnective(s, i)
}

// closingRest is plainRest for the end of an answer: no name but a polite one.
func closingRest(s *sentence, i int) bool {
	if hasReason(s, i) || len(s.words) > 24 {
		return false
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
			if !s.at(i, "because") && !s.at(i, "since") && s.names == 0 {
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
	if _, ok := s.atAny(i, opinions); ok {
		for j := i; j < len(s.words); j++ {
			if evaluations[s.word(j)] {
				return isOpinion
			}
		}
	}
	if _, ok := s.atAny(i, exclamations); ok && len(s.words) <= 12 && s.comma(i) < 0 {
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
			return isLeadIn
		}
	}
	if _, ok := s.atAny(i, summing); ok && colon && len(s.words) <= 10 && !s.verb {
		return isLeadIn
	}
	if _, ok := s.atAny(i, sources); ok && !s.verbFrom(i) && len(s.words) <= 10 && s.names == 0 {
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
	return ok && s.names == 0
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
