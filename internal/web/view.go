package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Page is what every page shows around its content.
type Page struct {
	Title   string
	Policy  string // revisions in force; "" where unknown
	Index   string
	Notices []string // what does not run and should
	SignOut bool     // somebody signed in with the admin key
	Refresh bool     // the page is worth loading again by itself
}

// Estimate is a rate and its 95% interval; Of is what it was measured on, 0 when
// nothing was.
type Estimate struct {
	Value, Low, High float64
	Of               int
}

// Choice is one way to filter: a link or an option.
type Choice struct {
	Name, Value, URL string
	Chosen           bool
}

// Select is a drop-down of Choices.
type Select struct {
	Name, Label string
	Choices     []Choice
}

// Overview is the first page.
type Overview struct {
	Page
	Windows  []Choice
	Window   string // the chosen one, as in the query
	Selects  []Select
	Filtered bool

	Hallucination       Estimate // per 1,000 checkable sentences
	Coverage            Estimate // share
	NotMeasured         Estimate // share of checkable sentences
	Exchanges           int
	Passed, Flagged     int
	Blocked, Unchecked  int
	Judged              bool // the two quantiles are known
	JudgeP50, JudgeP95  float64
	RateChart, CovChart Chart
	OutcomeChart        Bars

	Rows  []Row
	Older string // URL of the next page; "" on the last
	First string // URL of the first page; "" on it

	Host, Model string // for the example of an empty log
}

// Nothing tells that the log is empty.
func (v *Overview) Nothing() bool {
	return !v.Filtered && v.Exchanges == 0 && len(v.Rows) == 0 && v.First == ""
}

// Row is one exchange in a list.
type Row struct {
	ID                                string
	At                                time.Time
	App, Route, Model                 string
	Outcome, Verdict                  string
	Shadow                            bool
	Status                            int
	Supported, Contradicted           int
	NotCovered, NotMeasured, NotClaim int
	Question                          string
	Note                              string // in place of the question, or why it is unchecked
	Ms                                float64
}

// Claims is the number of sentences with something to check.
func (r Row) Claims() int { return r.Supported + r.Contradicted + r.NotCovered + r.NotMeasured }

// Segment is a part of a bar, in hundredths of its width.
type Segment struct {
	Class string
	X, W  float64
	N     int
}

// Segments are the verdicts of the row's sentences as parts of a bar.
func (r Row) Segments() []Segment {
	return Bar([]Segment{
		{Class: "contradicted", N: r.Contradicted}, {Class: "not_covered", N: r.NotCovered},
		{Class: "not_measured", N: r.NotMeasured}, {Class: "supported", N: r.Supported},
	})
}

// Bar gives each part the share of the width that its N has.
func Bar(parts []Segment) []Segment {
	total := 0
	for _, p := range parts {
		total += p.N
	}
	var out []Segment
	x := 0.0
	for _, p := range parts {
		if p.N > 0 {
			p.X, p.W = x, 100*float64(p.N)/float64(total)
			x += p.W
			out = append(out, p)
		}
	}
	return out
}

// Exchange is one exchange opened.
type Exchange struct {
	Page
	Row
	Kind, Path, Upstream, Reason, Keep string
	Stream                             bool
	Back                               string // URL of the list
	Answers                            []Answer
	Facts                              []Fact
	Latency                            []Fact // milliseconds as text, and their share
	Bar                                []Segment
}

// Fact is a line of a list of facts.
type Fact struct{ Name, Value, Class string }

// Answer is one choice of the upstream's answer and what was made of it.
type Answer struct {
	Choice              int
	Many                bool // the exchange has several
	Verdict, Action     string
	Score, Groundedness float64
	HasGroundedness     bool
	Pieces              []Piece // the upstream's answer in full
	Sent                string  // what the reader got; meaningful if Changed
	Changed             bool
	Withheld            bool // nothing of the answer reached the reader, and what did is not recorded
	Unsent              bool // the prompt was blocked: there is no answer
	Hashed              bool // only hashes were kept
	Sentences           []Sentence
	Findings            []Finding
	Rules, Shadow       []Rule // applied, and not applied
	Guards              []Guard
	Skipped             []string
	Policy, Index, Err  string
	Ms                  float64
}

// Piece is a part of an answer: a sentence, or what stands between two (N is then 0).
type Piece struct {
	N       int // of the sentence, from 1
	Anchor  string
	Verdict string
	Text    string
}

// Finding is something found that says nothing about truth, such as private data.
type Finding struct {
	Guard, Category, Group, Where, Reason string
	Anchor                                string // of its sentence; "" outside the answer
	Text                                  string // what it spans; "" where that is not kept
	Score                                 float64
	Known                                 bool // the same value stands in what the caller sent
}

// Sentence is a sentence and why its verdict is what it is.
type Sentence struct {
	N                         int
	Anchor                    string
	Verdict, Category, Reason string
	Text                      string
	Score                     float64
	Evidence                  []Evidence
	Review                    *Review
}

// Evidence is a quote that a verdict rests on.
type Evidence struct {
	Source, Title, Revision, Quote string
	Start                          int
	Caller                         bool // it came with the request
}

// Rule is a rule that fired.
type Rule struct {
	ID, Action, Title, Severity, Principle, Message string
	Sentences                                       []Ref
	Description, Obligation, Owner, Remediation     string
	Why                                             string // it is not applied; or what is to be known of it
	Review                                          *Review
}

// Review is what people said of a verdict or a rule in an exchange, and what a further
// ruling is about; nil where nobody can rule.
type Review struct {
	Exchange string
	Choice   int
	Sentence string // its index; "" for a rule
	Rule     string
	Rulings  []Ruling
}

// Ruling is what one reviewer said.
type Ruling struct {
	Right    bool
	By, Note string
	At       time.Time
}

// Policies is the page of the rules in force.
type Policies struct {
	Page
	Source, Label   string
	Signed          bool
	Since, FailedAt time.Time
	Failure         string // why a newer bundle is not in force
	Routes          []string
	Rules           []PolicyRule
	Exceptions      []PolicyException
	Switches        []PolicySwitch
}

// PolicyRule is a rule and its settings.
type PolicyRule struct {
	Rule
	State     string
	Elsewhere []string // routes and applications with settings of their own
}

// PolicyException is an exception; State says how it stands today.
type PolicyException struct{ ID, Rule, Where, From, Until, Owner, Reason, State string }

// PolicySwitch is an emergency switch that is set.
type PolicySwitch struct {
	Route, To, By, Why string
	At                 time.Time
}

// Ref points at a sentence.
type Ref struct {
	N      int
	Anchor string
}

// Guard says whether a guard ran.
type Guard struct {
	Name, Status, Error string
	Ms                  float64
}

// Login asks for the admin key.
type Login struct {
	Page
	Failed bool
	Next   string
}

// Message says something and offers a way on.
type Message struct {
	Page
	Text, Link, LinkText string
}

// Anchor is the fragment of sentence n (from 1) of a choice.
func Anchor(choice, n int) string { return fmt.Sprintf("c%d-s%d", choice, n) }

// verdictName is a verdict in words.
func verdictName(v string) string {
	switch v {
	case "supported":
		return "Supported"
	case "contradicted":
		return "Contradicted"
	case "not_covered":
		return "Not covered"
	case "not_measured":
		return "Not measured"
	case "not_claim":
		return "Nothing to check"
	}
	return v
}

// outcomeName is what the client was told, in words.
func outcomeName(o string) string {
	switch o {
	case "pass":
		return "Passed"
	case "flag":
		return "Flagged"
	case "block":
		return "Blocked"
	case "unchecked":
		return "Unchecked"
	}
	return o
}

// thousands writes n with separators.
func thousands(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// number writes v with about three digits.
func number(v float64) string {
	switch {
	case math.Abs(v) >= 99.95:
		return thousands(int(math.Round(v)))
	case v == 0:
		return "0"
	case math.Abs(v) < 0.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// percent writes a share; one that is not quite all or nothing never looks so.
func percent(share float64) string {
	switch {
	case share <= 0:
		return "0%"
	case share >= 1:
		return "100%"
	case share < 0.001:
		return "<0.1%"
	case share > 0.999:
		return ">99.9%"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64) + "%"
}

// score writes the score of a single sentence, which is no finer than this.
func score(p float64) string { return strconv.Itoa(int(math.Round(100*p))) + "%" }

// Millis writes a duration given in milliseconds.
func Millis(ms float64) string {
	switch {
	case ms >= 10_000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	case ms >= 1000:
		return strconv.FormatFloat(ms/1000, 'f', 2, 64) + " s"
	}
	return number(ms) + " ms"
}
