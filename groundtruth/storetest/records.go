package storetest

import (
	"reflect"
	"testing"

	"touchstone/groundtruth"
)

// records holds that facts and approved answers come back as they were, with their
// sources, to their tenant alone.
func records(t *testing.T, sub Subject) {
	s, ok := sub.New(t).(groundtruth.Recorder)
	if !ok {
		t.Fatal("the store keeps no records")
	}
	recorded := func(s groundtruth.Store) []groundtruth.Recorded {
		t.Helper()
		list, err := s.(groundtruth.Recorder).Recorded(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	held := groundtruth.Records{
		Facts: []groundtruth.Fact{
			{Subject: "Kestrel|\"K\" 'x' \\ 日本", Attribute: "price", Value: "349", Unit: "EUR", Scope: groundtruth.Scope{Region: "EU", Product: "p", Audience: "a"},
				Valid: groundtruth.Span{From: "2026-01-01", To: "2026-03-31"}, Source: "list", Author: "ana"},
			{Subject: "Kestrel", Attribute: "waterproof", Value: "no"},
		},
		Approved: []groundtruth.Approved{{Questions: []string{"return window", "re:^a|b$"}, Answer: "Within 28 days.\nNo later."}},
	}
	held.Facts[0].Identify()
	held.Facts[1].Identify()
	held.Approved[0].Identify()
	doc := groundtruth.NewRecords("facts", groundtruth.MediaFacts, held)
	doc.ID, doc.Collection = "facts.csv", "shop"
	mixed := Note("shop", "a.md", "A", "A passage.")
	mixed.Records.Facts = held.Facts[1:]
	replace(t, s, doc, mixed, Note("shop", "b.md", "B", "No fact."))
	replace(t, s.For("other"), Note("shop", "c.md", "C", "No fact."))
	again := sub.Reopen(t, s)
	for _, s := range []groundtruth.Store{again, again.For("")} {
		list := recorded(s)
		if len(list) != 2 || list[0].ID != "a.md" || list[1].ID != "facts.csv" || !reflect.DeepEqual(list[1].Held, held) || !reflect.DeepEqual(list[0].Held, mixed.Records) {
			t.Errorf("recorded %+v", list)
		}
	}
	if list := sources(t, again, ""); len(list) != 3 || list[2].Facts != 2 || list[2].Approved != 1 || list[2].Passages != 0 || list[0].Facts != 1 || list[1].Facts != 0 {
		t.Errorf("sources %+v", list)
	}
	if list := recorded(again.For("other")); len(list) != 0 {
		t.Errorf("another tenant has %+v", list)
	}
	if hits := search(t, again, groundtruth.Query{Collections: []string{"shop"}, Text: "Kestrel price"}); len(hits) != 0 {
		t.Errorf("facts are found as passages: %+v", hits)
	}
	if err := again.Delete(ctx, "shop", "facts.csv"); err != nil {
		t.Fatal(err)
	}
	if list := recorded(again); len(list) != 1 {
		t.Errorf("after deletion %+v", list)
	}
}
