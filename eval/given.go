package eval

import (
	"strings"

	"touchstone/groundtruth"
)

// given offers an item's context as the caller's own evidence, in paragraphs.
func given(item Item) []groundtruth.Evidence {
	var out []groundtruth.Evidence
	at := 0
	for _, p := range strings.SplitAfter(item.Context, "\n\n") {
		if strings.TrimSpace(p) != "" {
			out = append(out, groundtruth.Evidence{
				Source: "caller:context", Title: item.Title, Passage: len(out), Start: at, Text: p, Origin: groundtruth.FromCaller,
			})
		}
		at += len(p)
	}
	return out
}
