package groundtruth_test

import (
	"database/sql"
	"testing"

	"touchstone/groundtruth"
	"touchstone/groundtruth/storetest"
)

// A store from before there was a history begins one with what it holds.
func TestHistoryBeginsWithWhatIsThere(t *testing.T) {
	path := t.TempDir() + "/g.db"
	store, err := groundtruth.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []groundtruth.Document{storetest.Note("c", "a", "A", "One."), storetest.Note("c", "b", "B", "Two.")} {
		if _, err := store.For("t").Replace(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	revision := store.For("t").Revision()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`DELETE FROM changes`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is there already
		store, err = groundtruth.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		view := store.For("t").(groundtruth.Versioned)
		list, err := view.Changes(t.Context(), groundtruth.ChangeQuery{})
		if err != nil || len(list) != 2 || list[0].Source != "b" || list[0].Revision != revision || list[1].Source != "a" {
			t.Fatalf("history %+v, %v", list, err)
		}
		doc, err := view.Version(t.Context(), "c", "a", list[1].Number)
		if err != nil || doc.Text != "One." || len(doc.Passages) != 1 {
			t.Errorf("version %+v, %v", doc, err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
