package groundtruth

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// givenSize is about how many bytes of a caller's text are compared at once: a
// paragraph or two.
const givenSize = 1200

// Given makes evidence of a text that a caller vouches for, in passages: it is
// cut at blank lines, and where a paragraph is long at the last end of a sentence
// or word that fits. A JSON record stays whole. A Markdown heading names the passages below it. source is
// the caller's name for the text; it gets the prefix "caller:".
func Given(source, title, text string) []Evidence {
	var out []Evidence
	heading := ""
	add := func(start, end int) {
		start += len(text[start:end]) - len(strings.TrimLeft(text[start:end], " \t\r\n"))
		if body := strings.TrimRight(text[start:end], " \t\r\n"); body != "" {
			out = append(out, Evidence{
				Source: "caller:" + source, Title: title, Heading: heading,
				Passage: len(out), Start: start, Text: body, Origin: FromCaller,
			})
		}
	}
	for at := 0; at < len(text); {
		if n := recordLen(text[at:]); n > 0 {
			add(at, at+n)
			at += n
			continue
		}
		end := len(text)
		if i := strings.Index(text[at:], "\n\n"); i >= 0 {
			end = at + i + 2
		}
		if line := strings.TrimSpace(text[at:end]); strings.HasPrefix(line, "#") && !strings.Contains(line, "\n") {
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		for end-at > givenSize {
			cut := givenCut(text, at)
			add(at, cut)
			at = cut
		}
		add(at, end)
		at = end
	}
	return out
}

// maxRecord bounds a JSON record that is kept whole, in bytes.
const maxRecord = 64 << 10

// recordLen is the length of the JSON object, or array of objects, that text
// begins with; 0 if it begins with none or a long one.
func recordLen(text string) int {
	body := strings.TrimLeft(text, " \t\r\n")
	if !strings.HasPrefix(body, "{") && !strings.HasPrefix(strings.Join(strings.Fields(body[:min(len(body), 8)]), ""), "[{") {
		return 0
	}
	var raw json.RawMessage
	dec := json.NewDecoder(strings.NewReader(body[:min(len(body), maxRecord)]))
	if dec.Decode(&raw) != nil {
		return 0
	}
	return len(text) - len(body) + int(dec.InputOffset())
}

// givenCut is where the passage that begins at ends: no further than givenSize,
// and never inside a character.
func givenCut(text string, at int) int {
	cut := at + givenSize
	if i := strings.LastIndex(text[at:cut], ". "); i > givenSize/2 {
		return at + i + 2
	}
	if i := strings.LastIndexAny(text[at:cut], " \n"); i > 0 {
		return at + i + 1
	}
	for cut > at+1 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return cut
}
