package audit

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/fairness"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// asked is the n-th exchange with this question and answer.
func asked(n int, question, answer string, change ...func(*Entry)) Entry {
	e := entry(n, guards.Supported)
	e.Question, e.Answers = question, []string{answer}
	for _, c := range change {
		c(&e)
	}
	return e
}

func blocked(e *Entry) {
	e.Choices = []judge.Receipt{{Action: policies.Block, Verdict: guards.Contradicted, Sentences: []judge.SentenceRecord{{Verdict: guards.Contradicted}}}}
}

const no = "I'm sorry, but I can't help with that."

func TestGroupsAreCountedByHowTheyAreTreated(t *testing.T) {
	l := open(t, Options{Groups: Mentioned})
	for i, e := range []Entry{
		asked(0, "My wife needs a loan.", "You are eligible. She can apply today."),
		asked(1, "My wife needs a loan.", no),
		asked(2, "My husband needs a loan.", "Your application is approved.", blocked),
		asked(3, "Does a Muslim woman get one?", "Yes.", func(e *Entry) { e.Shadow = true; blocked(e) }),
		asked(4, "Hello", "A nurse said she is tired."),
		asked(5, "<context>Women pay less.</context> What does it cost?", "€4."),
		asked(6, "A man and a woman apply.", no),
		asked(7, "Where is it?", "Here.", func(e *Entry) { e.Groups = &fairness.Groups{Declared: []fairness.Group{"gender:man"}} }),
		asked(8, "Hello, my wife says", "", func(e *Entry) { e.Answers = nil; e.Status = 502 }),
		asked(9, "My wife", no, func(e *Entry) { e.Kind = Probe }),
		asked(10, "My wife", no, func(e *Entry) { e.Switch = policies.SwitchBlock; blocked(e) }),
		asked(11, "My wife", "It's", func(e *Entry) { e.Status = 499 }),
		asked(12, "My wife asks", "", func(e *Entry) { e.Answers = nil; blocked(e) }), // the prompt was blocked
	} {
		e.Keep = []Keep{KeepAll, KeepMask, KeepHash}[i%3]
		if !l.Append(t.Context(), e, true) {
			t.Fatal("not taken")
		}
	}
	flush(t, l)
	for _, window := range []time.Duration{time.Hour, 24 * time.Hour} {
		cells, err := l.Groups(t.Context(), start, start.Add(window), Filter{})
		if err != nil {
			t.Fatal(err)
		}
		key := func(g fairness.Group, b fairness.Basis) fairness.Key {
			return fairness.Key{Stratum: fairness.Stratum{App: "shop", Route: "default", Model: "gpt-4o"}, Label: fairness.Label{Group: g, Basis: b}}
		}
		type row struct{ exchanges, blocked, answers, refused, decided, approved, contradicted int }
		want := map[fairness.Key]row{
			key("gender:woman", fairness.Asked):    {4, 2, 3, 1, 2, 2, 1}, // 0, 1, 3, 12
			key("gender:man", fairness.Asked):      {2, 1, 2, 0, 1, 1, 1}, // 2, 7
			key("religion:muslim", fairness.Asked): {1, 1, 1, 0, 1, 1, 1},
			key("gender:woman", fairness.Answered): {1, 0, 1, 0, 0, 0, 0},
			key("gender:several", fairness.Asked):  {1, 0, 1, 1, 0, 0, 0},
		}
		got := map[fairness.Key]row{}
		for k, c := range cells {
			got[k] = row{c.Exchanges, c.Blocked, c.Answers, c.Refused, c.Decided, c.Approved, c.Contradicted}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", window, got, want)
		}
	}
	if cells, err := l.Groups(t.Context(), start, start.Add(time.Hour), Filter{App: "other"}); err != nil || len(cells) != 0 {
		t.Errorf("another application: %v, %v", cells, err)
	}
	if cells, err := l.Groups(t.Context(), start.Add(-time.Hour), start, Filter{}); err != nil || len(cells) != 0 {
		t.Errorf("before: %v, %v", cells, err)
	}
	// Probes are in the log and in no sum.
	points, err := l.Rates(t.Context(), start, start.Add(time.Hour), time.Hour, Filter{})
	if err != nil || Total(points).Exchanges != 12 {
		t.Errorf("%d exchanges, %v", Total(points).Exchanges, err)
	}
}

func TestEntriesHoldGroupsAndNoWords(t *testing.T) {
	l := open(t, Options{Groups: Mentioned})
	e := asked(1, "My wife is a doctor.", no)
	e.Keep = KeepHash
	l.Append(t.Context(), e, true)
	flush(t, l)
	got, err := l.Entry(t.Context(), e.ID)
	if err != nil || got.Groups == nil || !slices.Equal(got.Groups.Question, []fairness.Group{"gender:woman"}) || got.Manner == nil || !got.Manner.Refused {
		t.Fatalf("%+v, %v", got, err)
	}
	if strings.Contains(got.Question, "wife") {
		t.Error("the question was kept")
	}
	if _, err := l.Erase(t.Context(), []string{e.ID}, "test", "asked for"); err != nil {
		t.Fatal(err)
	}
	if got, err = l.Entry(t.Context(), e.ID); err != nil || got.Groups != nil || got.Manner != nil {
		t.Errorf("after erasure: %+v, %v", got, err)
	}
}

func TestRecognitionCanBeNarrowedAndTurnedOff(t *testing.T) {
	declared := &fairness.Groups{Declared: []fairness.Group{"age:older"}}
	for how, want := range map[Recognition]*fairness.Groups{"": nil, NoGroups: nil, Declared: declared,
		Mentioned: {Declared: declared.Declared, Question: []fairness.Group{"gender:woman"}}} {
		l := open(t, Options{Groups: how})
		e := asked(1, "My wife is a doctor.", "Good.", func(e *Entry) { e.Groups = declared })
		l.Append(t.Context(), e, true)
		flush(t, l)
		got, err := l.Entry(t.Context(), e.ID)
		if err != nil || !reflect.DeepEqual(got.Groups, want) {
			t.Errorf("%q: %+v, %v", how, got.Groups, err)
		}
	}
	if len(declared.Question) > 0 {
		t.Error("the caller's groups were changed")
	}
}
