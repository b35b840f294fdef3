// Package audit keeps one append-only entry for every exchange.
package audit

import (
	"time"

	"touchstone/groundtruth"
	"touchstone/internal/fairness"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// EntryVersion is the version of the Entry schema written now.
const EntryVersion = 1

// Outcome is what the client was told, as in the x-guard-verdict header.
type Outcome string

const (
	Pass      Outcome = "pass"
	Flagged   Outcome = "flag" // also redact and rewrite
	Blocked   Outcome = "block"
	Unchecked Outcome = "unchecked"
)

// Keep says how much of prompts and answers an entry holds.
type Keep string

const (
	KeepAll  Keep = "keep" // as sent
	KeepMask Keep = "mask" // with e-mail addresses, phone, card and account numbers, long runs of digits and secrets masked
	KeepHash Keep = "hash" // SHA-256 only; reasons and quotes, which repeat content, are left out
)

// Probe is the kind of an exchange that a counterfactual probe sent. It counts in no
// statistics.
const Probe = "probe"

// Entry is the record of one exchange: append-only, one row, versioned.
type Entry struct {
	Version  int               `json:"version"`
	ID       string            `json:"id"` // also the x-guard-request-id header
	At       time.Time         `json:"at"`
	Kind     string            `json:"kind"` // "chat", "check", "pass" (not looked at), Probe
	App      string            `json:"app"`
	Route    string            `json:"route"`
	Tenant   string            `json:"tenant,omitempty"` // whose ground truth it was checked against
	Scope    groundtruth.Scope `json:"scope,omitzero"`   // for whom the answer was
	Model    string            `json:"model"`
	Upstream string            `json:"upstream,omitempty"`
	Path     string            `json:"path"`
	Stream   bool              `json:"stream"`
	Shadow   bool              `json:"shadow"` // the route only observes: the decision was not applied
	// Switch is the emergency switch that counted: "shadow" or "block"; else "".
	Switch   policies.SwitchTo `json:"switch,omitempty"`
	Status   int               `json:"status"` // HTTP status the client got; 499 when the client had gone
	Outcome  Outcome           `json:"outcome"`
	Reason   string            `json:"reason,omitempty"` // why it is unchecked or failed; no content
	Keep     Keep              `json:"keep"`
	Question string            `json:"question,omitempty"` // last user turn; its SHA-256 under KeepHash
	Answers  []string          `json:"answers,omitempty"`  // by choice, as the upstream sent them; SHA-256 under KeepHash
	Sent     []string          `json:"sent,omitempty"`     // by choice, as the client got them; absent when that is Answers
	Choices  []judge.Receipt   `json:"choices,omitempty"`
	// Groups are those that the exchange is about, and Manner is how its first answer
	// treats who asked: ids and figures, no text.
	Groups  *fairness.Groups `json:"groups,omitempty"`
	Manner  *fairness.Manner `json:"manner,omitempty"`
	Latency Latency          `json:"latency"`
	Erased  *Erasure         `json:"erased,omitempty"` // the content is gone
}

// Latency splits the time of an exchange, in milliseconds.
type Latency struct {
	Total         float64 `json:"total_ms"`
	Upstream      float64 `json:"upstream_ms"`       // until the upstream's last byte, judging left out
	Judge         float64 `json:"judge_ms"`          // guards and policy
	FirstSentence float64 `json:"first_sentence_ms"` // until the first byte of the answer left; 0 when none did
}
