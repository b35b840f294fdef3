package judge

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"touchstone/guards"
	"touchstone/policies"
)

// Edit replaces a span of a text, in bytes.
type Edit struct {
	Start, End int
	Text       string
}

// removed stands for a sentence whose rule gives no text of its own.
const removed = "[removed]"

// edits are the replacements that rules ask for in the sentences just judged: the
// stricter of two actions on one sentence stands, and a sentence that goes takes
// its masks along.
func (c *Case) edits(sentences []guards.Sentence, findings []guards.Found, rules []policies.Rule) []Edit {
	var out []Edit
	for _, s := range sentences {
		strictest := policies.Rule{Action: policies.Flag}
		for _, rule := range rules {
			if rule.Action != policies.Redact && rule.Action != policies.Rewrite || len(rule.Mask) > 0 {
				continue
			}
			if (len(rule.Sentences) == 0 || slices.Contains(rule.Sentences, s.Claim.Index)) &&
				rule.Action.Strictness() > strictest.Action.Strictness() {
				strictest = rule
			}
		}
		if strictest.Action != policies.Flag {
			text := strictest.Replacement
			if text == "" || text == policies.Approved {
				text = removed
			}
			out = append(out, Edit{s.Claim.Start, s.Claim.End, text})
		}
	}
	kind := kinds(findings)
	for _, rule := range rules {
		for _, m := range rule.Mask {
			i := slices.IndexFunc(sentences, func(s guards.Sentence) bool { return s.Claim.Start <= m.Start && m.End <= s.Claim.End })
			if i < 0 {
				continue
			}
			claim := sentences[i].Claim
			text := claim.Text[m.Start-claim.Start : m.End-claim.Start]
			out = append(out, Edit{m.Start, m.End, c.stands.in(m.With, kind(m), text)})
		}
	}
	return apart(out)
}

// promptEdits are the masks of a decision on a prompt, and what to restore.
func (j *Judge) promptEdits(ex *guards.Exchange, findings []guards.Found, d policies.Decision) (map[int][]Edit, map[string]string) {
	if d.Action != policies.Redact {
		return nil, nil
	}
	stands, kind := j.stand(), kinds(findings)
	stands.taken = func(with string) bool { // by the prompt itself: restoring would change what it meant
		return slices.ContainsFunc(ex.Prompt, func(m guards.Message) bool { return strings.Contains(m.Text, with) })
	}
	edits, restore := map[int][]Edit{}, map[string]string{}
	for _, rule := range d.Rules {
		for _, m := range rule.Mask {
			text := ex.Prompt[m.Message].Text[m.Start:m.End]
			with := stands.in(m.With, kind(m), text)
			edits[m.Message] = append(edits[m.Message], Edit{m.Start, m.End, with})
			if m.Restore {
				restore[with] = text
			}
		}
	}
	for i := range edits {
		edits[i] = apart(edits[i])
	}
	return edits, restore
}

// kinds finds the category of what a mask covers.
func kinds(findings []guards.Found) func(policies.Mask) string {
	return func(m policies.Mask) string {
		for _, f := range findings {
			if f.Side == m.Side && f.Message == m.Message && f.Start <= m.Start && m.End <= f.End {
				return f.Category
			}
		}
		return ""
	}
}

// apart sorts edits and joins those that overlap: the longer one's text stands for
// both.
func apart(edits []Edit) []Edit {
	slices.SortStableFunc(edits, func(a, b Edit) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	out := edits[:0]
	for _, e := range edits {
		if len(out) == 0 || e.Start >= out[len(out)-1].End {
			out = append(out, e)
			continue
		}
		last := &out[len(out)-1]
		if e.End-e.Start > last.End-last.Start {
			last.Text = e.Text
		}
		last.End = max(last.End, e.End)
	}
	return out
}

// Apply is text with the edits made; they must be ascending and apart.
func Apply(text string, edits []Edit) string {
	if len(edits) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.Start])
		b.WriteString(e.Text)
		at = e.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// stand makes what stands in the place of texts, the same for the same text.
type stand struct {
	key     []byte
	numbers map[string]int // by kind and text
	count   map[string]int // by kind
	taken   func(string) bool
}

func (j *Judge) stand() stand {
	return stand{key: j.HashKey, taken: func(string) bool { return false }}
}

// in fills a mask's text.
func (s *stand) in(with, kind, text string) string {
	if strings.Contains(with, "{hash}") {
		if len(s.key) == 0 {
			s.key = make([]byte, 32)
			rand.Read(s.key) // never fails
		}
		sum := hmac.New(sha256.New, s.key)
		sum.Write([]byte(text))
		with = strings.ReplaceAll(with, "{hash}", hex.EncodeToString(sum.Sum(nil)[:8]))
	}
	if strings.Contains(with, "{n}") {
		if s.numbers == nil {
			s.numbers, s.count = map[string]int{}, map[string]int{}
		}
		name := with + "\x00" + kind + "\x00" + text
		if s.numbers[name] == 0 {
			s.count[kind]++
			for s.taken(numbered(with, s.count[kind])) {
				s.count[kind]++
			}
			s.numbers[name] = s.count[kind]
		}
		with = numbered(with, s.numbers[name])
	}
	return with
}

func numbered(with string, n int) string { return strings.ReplaceAll(with, "{n}", strconv.Itoa(n)) }
