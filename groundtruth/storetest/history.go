package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"touchstone/groundtruth"
)

// history holds that every change is remembered with its author, that each state and
// version can be told again, and that what is to be forgotten is gone.
func history(t *testing.T, sub Subject) {
	s, ok := sub.New(t).(groundtruth.Versioned)
	if !ok {
		t.Fatal("the store has no history")
	}
	ana, ben := groundtruth.By(ctx, "ana"), groundtruth.By(ctx, "ben")
	put := func(d groundtruth.Document, by string) string {
		t.Helper()
		c := ana
		if by == "ben" {
			c = ben
		}
		if _, err := s.Replace(c, d); err != nil {
			t.Fatal(err)
		}
		return s.Revision()
	}
	first := Note("shop", "a.md", "A", "One.", "Two 日本.")
	first.Passages[1].Heading = "H > K"
	second := Note("shop", "a.md", "A", "One.", "Three.")
	second.Records.Facts = []groundtruth.Fact{{Subject: "A", Attribute: "b", Value: "c"}}
	var names []string
	names = append(names, put(first, "ana"))
	names = append(names, put(Note("hr", "b.md", "B", "Other."), "ben"))
	names = append(names, put(second, "ben"))
	put(second, "ana") // changes nothing
	if err := s.Delete(ana, "shop", "a.md"); err != nil {
		t.Fatal(err)
	}
	names = append(names, s.Revision())
	names = append(names, put(first, "ana"))
	put(withVectors(first, "m", func(int) []float32 { return []float32{1, 2} }), "ana") // the same version
	replace(t, s.For("other"), Note("shop", "a.md", "A", "Of another tenant."))

	s = sub.Reopen(t, s).(groundtruth.Versioned)
	list, err := s.Changes(ctx, groundtruth.ChangeQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, fmt.Sprintf("%s %s %s/%s %s", c.Revision, c.What, c.Collection, c.Source, c.Author))
	}
	want := []string{names[4] + " added shop/a.md ana", names[3] + " removed shop/a.md ana", names[2] + " changed shop/a.md ben", names[1] + " added hr/b.md ben", names[0] + " added shop/a.md ana"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("history\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	number := func(i int) int64 {
		n, err := groundtruth.Number(names[i])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	some, err := s.Changes(ctx, groundtruth.ChangeQuery{Collection: "shop", Source: "a.md", After: number(0), Limit: 2})
	if err != nil || len(some) != 2 || some[1].What != groundtruth.Removed {
		t.Errorf("chosen %+v, %v", some, err)
	}
	then := func(i int) (out []string) {
		t.Helper()
		list, err := s.Then(ctx, number(i))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			out = append(out, fmt.Sprintf("%s/%s@%d", c.Collection, c.Source, c.Number))
		}
		return out
	}
	for i, want := range [][]string{
		{fmt.Sprintf("shop/a.md@%d", number(0))},
		{fmt.Sprintf("hr/b.md@%d", number(1)), fmt.Sprintf("shop/a.md@%d", number(0))},
		{fmt.Sprintf("hr/b.md@%d", number(1)), fmt.Sprintf("shop/a.md@%d", number(2))},
		{fmt.Sprintf("hr/b.md@%d", number(1))},
		{fmt.Sprintf("hr/b.md@%d", number(1)), fmt.Sprintf("shop/a.md@%d", number(4))},
	} {
		if got := then(i); !reflect.DeepEqual(got, want) {
			t.Errorf("then %d: %v, want %v", i, got, want)
		}
	}
	if _, err := s.Then(ctx, number(4)+100); err == nil || !strings.Contains(err.Error(), "there is no revision") {
		t.Errorf("a revision to come: %v", err)
	}
	for i, doc := range map[int]groundtruth.Document{0: first, 2: second} {
		if got, err := s.Version(ctx, "shop", "a.md", number(i)); err != nil || !reflect.DeepEqual(got, doc) {
			t.Errorf("version %d: %+v, %v, want %+v", i, got, err, doc)
		}
	}
	for _, bad := range []groundtruth.Change{{Collection: "shop", Source: "a.md", Number: number(3)}, {Collection: "shop", Source: "a.md", Number: 99}, {Collection: "hr", Source: "a.md", Number: number(0)}} {
		if _, err := s.Version(ctx, bad.Collection, bad.Source, bad.Number); !errors.Is(err, groundtruth.ErrNotFound) {
			t.Errorf("version %+v: %v", bad, err)
		}
	}
	other := s.For("other").(groundtruth.Versioned)
	if list, err := other.Changes(ctx, groundtruth.ChangeQuery{}); err != nil || len(list) != 1 {
		t.Errorf("another tenant's history %+v, %v", list, err)
	}
	if _, err := other.Version(ctx, "shop", "a.md", number(0)); !errors.Is(err, groundtruth.ErrNotFound) {
		t.Errorf("another tenant reads a version: %v", err)
	}

	if n, err := s.Forget(ctx, number(2)); err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	if _, err := s.Version(ctx, "shop", "a.md", number(0)); !errors.Is(err, groundtruth.ErrNotFound) {
		t.Errorf("what was forgotten: %v", err)
	}
	if _, err := s.Then(ctx, number(1)); err == nil || !strings.Contains(err.Error(), "was forgotten") {
		t.Errorf("then before what was forgotten: %v", err)
	}
	if got := then(2); len(got) != 2 {
		t.Errorf("then after forgetting: %v", got)
	}
	if list, err := other.Changes(ctx, groundtruth.ChangeQuery{}); err != nil || len(list) != 1 {
		t.Errorf("another tenant's history after that %+v, %v", list, err)
	}
}
