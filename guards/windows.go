package guards

import (
	"strings"
	"unicode/utf8"
)

const (
	windowBytes = 480 // of a text that the safety model reads at once: about 100 word pieces
	mostWindows = 256 // that one call judges; more is not measured
)

// A part is a part of a text, in bytes.
type part struct{ start, end int }

// windows cuts a text into lines, and those that are long at ends of sentences, or
// else between words. Short neighbours stay apart: an instruction hidden among harmless
// lines must be judged alone.
func windows(text string) []part {
	var out []part
	for start := 0; start < len(text); {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += start
		}
		out = cutWindow(out, text, start, end)
		start = end + 1
	}
	return out
}

// packed are the same parts with neighbours joined up to the length of a window: a
// message of a user is judged by what its sentences say together.
func packed(text string) []part {
	var out []part
	for _, p := range windows(text) {
		if n := len(out); n > 0 && p.end-out[n-1].start <= windowBytes {
			out[n-1].end = p.end
			continue
		}
		out = append(out, p)
	}
	return out
}

// cutWindow adds the sentences of one line.
func cutWindow(out []part, text string, start, end int) []part {
	for start < end {
		for start < end && isBlank(text[start]) {
			start++
		}
		stop := stopOf(text, start, end)
		if stop-start > windowBytes {
			stop = start + windowBytes
			if at := strings.LastIndexAny(text[start:stop], " \t|,;"); at > windowBytes/2 {
				stop = start + at + 1
			}
			for stop > start && !utf8.RuneStart(text[stop]) {
				stop--
			}
		}
		trimmed := stop
		for trimmed > start && isBlank(text[trimmed-1]) {
			trimmed--
		}
		if trimmed > start {
			out = append(out, part{start, trimmed})
		}
		start = stop
	}
	return out
}

// stopOf is where the sentence that begins at start ends, at most end.
func stopOf(text string, start, end int) int {
	for i := start; i < end; i++ {
		switch text[i] {
		case '.', '!', '?':
			j := i + 1
			for j < end && strings.IndexByte(`.!?"')]`, text[j]) >= 0 {
				j++
			}
			// Not within "3.5", "e.g." or a short abbreviation, nor for a fragment.
			if j < end && text[j] == ' ' && i-start >= 12 {
				return j
			}
			i = j - 1
		}
	}
	return end
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' }
