package audit

import (
	"crypto/sha256"
	"encoding/hex"

	"touchstone/internal/judge"
)

// kept is e without what e.Keep forbids to keep. It copies what it changes: the
// receipts may still be on their way to the client.
func (e *Entry) kept() *Entry {
	var text func(string) string
	switch e.Keep {
	case KeepAll:
		return e
	case KeepMask:
		text = mask
	default: // KeepHash, and anything unknown: the safe side
		text = hash
	}
	out := *e
	out.Question = text(e.Question)
	out.Answers, out.Sent = each(e.Answers, text), each(e.Sent, text)
	if e.Keep != KeepMask {
		text = func(string) string { return "" } // offsets and verdicts stay, words go
	}
	out.Choices = make([]judge.Receipt, len(e.Choices))
	for i, c := range e.Choices {
		sentences := make([]judge.SentenceRecord, len(c.Sentences))
		for j, s := range c.Sentences {
			s.Text, s.Reason = text(s.Text), text(s.Reason)
			evidence := make([]judge.EvidenceRecord, len(s.Evidence))
			for k, ev := range s.Evidence {
				ev.Quote = text(ev.Quote)
				evidence[k] = ev
			}
			s.Evidence = evidence
			sentences[j] = s
		}
		c.Sentences = sentences
		findings := make([]judge.FindingRecord, len(c.Findings))
		for j, f := range c.Findings {
			f.Reason = text(f.Reason)
			findings[j] = f
		}
		c.Findings = findings
		out.Choices[i] = c
	}
	return &out
}

func each(texts []string, change func(string) string) []string {
	if texts == nil {
		return nil
	}
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = change(t)
	}
	return out
}

// hash is the hex SHA-256 of s; that of nothing is nothing.
func hash(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// size is about how many bytes the entry's content takes.
func (e *Entry) size() int64 {
	n := 512 + len(e.Question) + len(e.Reason) + len(e.Model) + len(e.Path)
	for _, a := range e.Answers {
		n += len(a)
	}
	for _, a := range e.Sent {
		n += len(a)
	}
	for i := range e.Choices {
		n += 256 + 192*len(e.Choices[i].Findings)
		for j := range e.Choices[i].Sentences {
			s := &e.Choices[i].Sentences[j]
			n += 128 + len(s.Text) + len(s.Reason)
			for k := range s.Evidence {
				n += 128 + len(s.Evidence[k].Quote)
			}
		}
	}
	return int64(n)
}
