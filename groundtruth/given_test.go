package groundtruth_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"touchstone/groundtruth"
)

func TestGivenCutsWhereATextMayBeCut(t *testing.T) {
	long := strings.Repeat("The lamp has 3.5 watts. ", 120)
	for name, text := range map[string]string{
		"paragraphs": "# Returns\n\nWithin 30 days.\n\n \n\nUnopened only.\n",
		"long":       long,
		"no spaces":  strings.Repeat("é", 3000),
		"empty":      " \n\n ",
	} {
		letters := 0
		for i, e := range groundtruth.Given("context", "T", text) {
			if text[e.Start:e.Start+len(e.Text)] != e.Text || e.Passage != i || e.Source != "caller:context" || e.Origin != groundtruth.FromCaller {
				t.Errorf("%s: passage %d is not where it says: %+v", name, i, e)
			}
			if len(e.Text) > 1200 || !utf8.ValidString(e.Text) || strings.TrimSpace(e.Text) != e.Text {
				t.Errorf("%s: passage %d of %d bytes is cut badly: %q", name, i, len(e.Text), e.Text)
			}
			if name == "paragraphs" && e.Heading != "Returns" {
				t.Errorf("passage %d has heading %q", i, e.Heading)
			}
			if name == "long" && !strings.HasSuffix(e.Text, "watts.") {
				t.Errorf("passage %d ends inside a sentence: ...%q", i, e.Text[len(e.Text)-20:])
			}
			letters += len(strings.Join(strings.Fields(e.Text), ""))
		}
		if want := len(strings.Join(strings.Fields(text), "")); letters != want {
			t.Errorf("%s: %d letters in the passages, want all %d", name, letters, want)
		}
	}
}

func TestGivenKeepsRecordsWhole(t *testing.T) {
	record := `{"name": "Lantern", "text": "` + strings.Repeat("A long review. ", 200) + `", "open": true}`
	got := groundtruth.Given("tool", "", "Found: \n\n"+record+"\nNote: local times.\n\n[1] see above")
	if len(got) != 4 || got[1].Text != record || got[2].Text != "Note: local times." || got[3].Text != "[1] see above" {
		t.Fatalf("got %d passages: %+.80v", len(got), got)
	}
}
