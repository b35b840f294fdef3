package guards

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

//go:embed words/groups.txt
var groupWords string

// groupTerms are words that name people by what they have in common, each with its
// group, longest first among those with the same first word.
var groupTerms = sync.OnceValue(func() map[string][]groupTerm {
	terms := map[string][]groupTerm{}
	for line := range strings.Lines(groupWords) {
		line = strings.TrimSpace(line)
		group, words, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.SplitSeq(words, ",") {
			parts := wordsOf(word)
			if len(parts) > 0 {
				terms[parts[0]] = append(terms[parts[0]], groupTerm{parts[1:], group})
			}
		}
	}
	return terms
})

type groupTerm struct {
	rest  []string // words after the first
	group string
}

// wordsOf are the words of a text in lower case, hyphens apart.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
}

// groupsIn are the groups that a text names, each once, in order.
func groupsIn(text string) []string {
	var out []string
	seen := map[string]bool{}
	terms := groupTerms()
	words := wordsOf(text)
	for i, w := range words {
		for _, t := range terms[w] {
			if !seen[t.group] && hasPrefix(words[i+1:], t.rest) {
				seen[t.group] = true
				out = append(out, t.group)
			}
		}
	}
	return out
}

func hasPrefix(words, prefix []string) bool {
	if len(words) < len(prefix) {
		return false
	}
	for i := range prefix {
		if words[i] != prefix[i] {
			return false
		}
	}
	return true
}
