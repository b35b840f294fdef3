package guards

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Marks of chat formats. In a message a person may ask about them; in a document they
// have no business.
var (
	chatTokens = regexp.MustCompile(`<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|end_header_id|eot_id)\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant)(?:_prompt|_message)?>`)
	roleLines  = regexp.MustCompile(`(?im)^[ \t>#*]*(?:system|assistant|developer)(?: (?:prompt|message|override|note))?[ \t]*(?:\]|\*\*)?:[ \t]*\S`)
)

// structural finds what needs no understanding: hidden text and role markers.
func structural(text string, place Rating) []Rating {
	var out []Rating
	if n, from, to := hidden(text); n > 0 {
		r := place
		r.Category, r.Start, r.End = "hidden_text", from, to
		r.Score = 0.6
		if n >= 8 {
			r.Score = 0.9
		}
		out = append(out, r)
	}
	add := func(at []int, score float64) {
		if at != nil {
			r := place
			r.Category, r.Start, r.End, r.Score = "role_marker", at[0], at[1], score
			out = append(out, r)
		}
	}
	if place.Side == InPrompt {
		add(chatTokens.FindStringIndex(text), 0.6)
	} else if at := chatTokens.FindStringIndex(text); at != nil {
		add(at, 0.9)
	} else {
		add(roleLines.FindStringIndex(text), 0.6)
	}
	return out
}

// hidden counts characters that nobody sees and that no script needs where they stand,
// and says where the first and the last are. A single one is chance.
func hidden(text string) (n, from, to int) {
	prev := rune(-1)
	for i, r := range text {
		size := utf8.RuneLen(r)
		switch {
		case r < utf8.RuneSelf:
		case r >= 0xE0020 && r <= 0xE007E && !isPicture(prev): // tags spell words; flags of regions have them too
			n += 4
		case r == '\u200B' || r == '\u2060' || r == '\u2062' || r == '\u2063' || r == '\u2064' || (r == '\u200C' || r == '\u200D' || r == '\uFEFF') && prev >= 0 && prev < utf8.RuneSelf && isLatin(byte(prev)):
			n++
		case r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069':
			if !unicode.In(prev, unicode.Arabic, unicode.Hebrew) {
				n++
			}
		default:
			prev = r
			continue
		}
		if r >= utf8.RuneSelf {
			if to == 0 {
				from = i
			}
			to = i + max(size, 1)
			continue // what is hidden is no neighbour
		}
		prev = r
	}
	if n < 2 {
		return 0, 0, 0
	}
	return n, from, to
}

func isPicture(r rune) bool { return r >= 0x1F000 || r >= 0xE0000 }

// addressing are words of a text that speaks to its reader or to an assistant.
var addressing = regexp.MustCompile(`(?i)\b(?:you|your|yours|yourself|assistants?|ai|a\.i\.|llms?|gpt|chatgpt|claude|gemini|copilot|bots?|chatbots?|language models?|models?|users?|prompts?|instructions?|ignore|disregard|forget|override|system|answers?|repl(?:y|ies)|respon[sd]e?s?|output|summar\w+|please|now|instead|always|never|must|do not|don't|password|secret|tool|function|call|execute|import|require|exec|eval|system|subprocess|requests?|curl|wget)\b|\?`)

// orderVerbs are verbs that begin orders.
var orderVerbs = wordSet(`add act answer append apply approve ask assist begin book build buy call calculate change check choose click compare complete
	compose compute confirm consider continue convert convince copy correct count create decode define delete deliver describe design detail determine develop
	direct disclose display download draft draw email embed emphasize enable encode encourage encrypt end ensure enter estimate evaluate examine execute explain
	explore export express extract fetch fill find finish fix follow format forward generate get give go grant guess guide help hide highlight hold identify
	illustrate imagine implement improve include incorporate inform insert insist install instruct integrate introduce invent keep leave let limit link list look
	make mask mention modify move name navigate notify obtain offer omit open order organize output perform persuade pick plan play post predict prepare present pretend
	print produce promote propose provide publish put raise rank read rearrange recite recommend record redirect refer reject remember remind remove
	rename reorder rephrase replace report represent request reset resolve respond restrict return reveal reverse review rewrite role run say scan schedule search select send
	set share shift show shuffle shut sign simulate skip solve sort speak specify spell split start state stop store substitute suggest sum summarise summarize
	swap switch take talk teach tell test think track transfer transform translate transmit treat try turn type unlock update upload urge use utilize verify visit
	vote wait warn watch write what what's who whom whose where when why how can could would should is are do does did if`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// addresses says whether a line could be an instruction: it speaks to somebody, asks,
// or begins like an order. It is wide on purpose: what it leaves out is not judged.
func addresses(line string) bool {
	plain, d := Plain(line)
	if d != (Disguise{}) || addressing.MatchString(plain) || len(decodings(line)) > 0 {
		return true
	}
	words := wordsOf(plain)
	for i := 0; i < len(words) && i < 3; i++ { // "- Step 1: write ..."
		if orderVerbs[words[i]] {
			return true
		}
	}
	return false
}
