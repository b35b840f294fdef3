package guards

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
)

// verdictCase is one passage of testdata/verdicts.json with claims about it.
type verdictCase struct {
	Title, Passage string
	Claims         []struct {
		Text, Category, Reason string
		Want                   Verdict
	}
}

func verdictCases(t testing.TB) []verdictCase {
	t.Helper()
	data, err := os.ReadFile("testdata/verdicts.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []verdictCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func (c verdictCase) evidence() groundtruth.Evidence {
	return groundtruth.Evidence{Source: c.Title + ".md", Title: c.Title, Revision: "r1", Text: c.Passage, Start: 100, Origin: groundtruth.FromIndex}
}

// distractor shares words with the cases and decides none of them.
var distractor = groundtruth.Evidence{Source: "other.md", Title: "Careers", Text: "We hire members of staff for our stores all year round. Applications are read within 90 days. Benefits include a pension."}

func TestVerdicts(t *testing.T) {
	v := NewVerifier()
	for _, c := range verdictCases(t) {
		for _, claim := range c.Claims {
			a := v.Verify(&Claim{Text: claim.Text}, []groundtruth.Evidence{c.evidence(), distractor})
			if a.Verdict != claim.Want || claim.Category != "" && a.Category != claim.Category {
				t.Errorf("%q: got %s (%s, score %.2f): %s\nwant %s %s\nfeatures %s", claim.Text, a.Verdict, a.Category, a.Score, a.Reason, claim.Want, claim.Category, told(a.Features))
			}
			if claim.Reason != "" && a.Reason != claim.Reason {
				t.Errorf("%q: got reason %q, want %q", claim.Text, a.Reason, claim.Reason)
			}
			if (a.Verdict == Supported) != (a.Score < notCoveredFrom) {
				t.Errorf("%q: %s with score %.2f", claim.Text, a.Verdict, a.Score)
			}
			checkAssessment(t, a, map[string]string{c.Title + ".md": c.Passage, "other.md": distractor.Text}, map[string]int{c.Title + ".md": 100})
		}
	}
}

// told lists the features that are not zero.
func told(f Features) string {
	var b strings.Builder
	for i, x := range f {
		if x != 0 {
			fmt.Fprintf(&b, " %s=%.2f", FeatureNames[i], x)
		}
	}
	return b.String()
}

// checkAssessment holds any assessment to what is promised of it.
func checkAssessment(t *testing.T, a Assessment, texts map[string]string, starts map[string]int) {
	t.Helper()
	if math.IsNaN(a.Score) || a.Score < 0 || a.Score > 1 {
		t.Fatalf("score %v", a.Score)
	}
	if a.Reason == "" || strings.Contains(a.Reason, "\n") || len(a.Reason) > 400 {
		t.Fatalf("reason %q", a.Reason)
	}
	if len(a.Evidence) > 2 || a.Verdict == Contradicted && len(a.Evidence) == 0 {
		t.Fatalf("%s with %d pieces of evidence", a.Verdict, len(a.Evidence))
	}
	for _, e := range a.Evidence {
		from := e.Start - starts[e.Source]
		if text := texts[e.Source]; from < 0 || from+len(e.Quote) > len(text) || text[from:from+len(e.Quote)] != e.Quote || e.Quote == "" {
			t.Fatalf("quote %q of %s is not at %d", e.Quote, e.Source, e.Start)
		}
	}
}

// TestASentenceSupportsItself compares every sentence of the cases with its own
// passage, as it stands and with a negation put in.
func TestASentenceSupportsItself(t *testing.T) {
	v := NewVerifier()
	for _, c := range verdictCases(t) {
		if strings.ContainsAny(c.Passage[:1], "{|") {
			continue
		}
		for _, line := range strings.Split(c.Passage, "\n") {
			for from := 0; from < len(line); {
				end := sentenceEnd(line, from, len(line))
				text := strings.TrimSpace(line[from:end])
				from = end
				evidence := []groundtruth.Evidence{c.evidence(), distractor}
				if a := v.Verify(&Claim{Text: text}, evidence); a.Verdict != Supported {
					t.Errorf("%q against itself: %s, %s", text, a.Verdict, a.Reason)
				}
				for _, verb := range []string{" may ", " can ", " was ", " is "} {
					if !strings.Contains(text, verb) || strings.Contains(text, " not ") {
						continue
					}
					denied := strings.Replace(text, verb, verb+"not ", 1)
					if a := v.Verify(&Claim{Text: denied}, evidence); a.Verdict == Supported {
						t.Errorf("%q: supported by the sentence that it denies", denied)
					}
					break
				}
			}
		}
	}
}

func TestOrderOfEvidenceDoesNotMatter(t *testing.T) {
	cases := verdictCases(t)
	evidence := []groundtruth.Evidence{distractor}
	for _, c := range cases {
		evidence = append(evidence, c.evidence())
	}
	reversed := make([]groundtruth.Evidence, len(evidence))
	for i := range evidence {
		reversed[len(evidence)-1-i] = evidence[i]
	}
	for _, c := range cases {
		for _, claim := range c.Claims {
			one := NewVerifier().Verify(&Claim{Text: claim.Text}, evidence)
			v := NewVerifier()
			for range 2 { // cold and warm
				if other := v.Verify(&Claim{Text: claim.Text}, reversed); !reflect.DeepEqual(one, other) {
					t.Errorf("%q: %+v\nand the other way round %+v", claim.Text, one, other)
				}
			}
		}
	}
}

func TestContextNamesTheSubject(t *testing.T) {
	c := verdictCases(t)[0]
	a := NewVerifier().Verify(&Claim{Text: "They have 45 days, counted from the delivery date.", Context: "Silver members"}, []groundtruth.Evidence{c.evidence()})
	if a.Verdict != Supported {
		t.Errorf("with its antecedent: %s, %s", a.Verdict, a.Reason)
	}
}

// TestHostileText bounds the time that any text can take.
func TestHostileText(t *testing.T) {
	const size = 1 << 19
	for name, text := range map[string]string{
		"one word":      strings.Repeat("a", size),
		"one number":    strings.Repeat("9", size),
		"symbols":       strings.Repeat("@", size),
		"digits apart":  strings.Repeat("1 ", size/2),
		"dates":         strings.Repeat("3 March 2024 ", size/13),
		"phones":        strings.Repeat("+1-", size/3),
		"scales":        strings.Repeat("thousand ", size/9),
		"invalid UTF-8": strings.Repeat("\xff\xfea", size/3),
		"control":       strings.Repeat("\x00\x01\x02 a", size/5),
		"brackets":      strings.Repeat("[", size),
		"open records":  strings.Repeat(`{"a":`, size/5),
		"pipes":         strings.Repeat("|", size),
		"line breaks":   strings.Repeat("a\n", size/2),
		"combining":     "e" + strings.Repeat("\u0301", size/2),
		"full stops":    strings.Repeat("a. ", size/3),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			v := NewVerifier()
			evidence := []groundtruth.Evidence{{Source: "s", Text: text}}
			texts := map[string]string{"s": text}
			checkAssessment(t, v.Verify(&Claim{Text: "Gold members have 60 days and pay 9 EUR."}, evidence), texts, nil)
			checkAssessment(t, v.Verify(&Claim{Text: text[:maxClaim]}, evidence), texts, nil)
			if a := v.Verify(&Claim{Text: text}, evidence); a.Verdict != NotMeasured {
				t.Errorf("a sentence of half a MiB: %s", a.Verdict)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	c, s := newPassageCache(), new(scratch)
	filler := strings.Repeat("The lamp has 3.5 watts and lasts 900 hours. ", 20)
	for i := range 12000 {
		s.rewind(scratchMark{})
		c.blocks(s, &groundtruth.Evidence{Title: "Lamps", Text: fmt.Sprintf("%d %s", i, filler)})
	}
	kept := map[*analysis]bool{} // what was used in both generations counts once
	total := 0
	for i := range c.shards {
		for _, generation := range []map[uint64]*analysis{c.shards[i].young, c.shards[i].old} {
			for _, a := range generation {
				if !kept[a] {
					total += a.size()
				}
				kept[a] = true
			}
		}
	}
	if total > cacheBytes || total < cacheBytes/4 {
		t.Errorf("the cache holds %d bytes, the bound is %d", total, cacheBytes)
	}
	last := &groundtruth.Evidence{Title: "Lamps", Text: "11999 " + filler}
	if allocs := testing.AllocsPerRun(100, func() { s.rewind(scratchMark{}); c.blocks(s, last) }); allocs > 0 {
		t.Errorf("what was just analysed takes %v allocations: it is not kept", allocs)
	}
}
