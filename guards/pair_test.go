package guards

import (
	"strings"
	"testing"

	"touchstone/groundtruth"
)

func TestPairShowsTheNearestEvidenceFirst(t *testing.T) {
	evidence := groundtruth.Given("context", "Returns", "Shoes may be returned within 30 days. Opened software cannot be returned. Our shops open at nine.")
	claim := Claim{Text: "Software that was opened cannot be returned.", Context: "Returns policy"}
	_, pair := NewVerifier().Compare(&claim, evidence)
	premise, hypothesis := pair.Evidence, pair.Claim
	if want := "Returns.\nOpened software cannot be returned."; !strings.HasPrefix(premise, want) {
		t.Errorf("premise %q does not begin with %q", premise, want)
	}
	if strings.Count(premise, "Returns.") != 1 {
		t.Errorf("premise %q: want the title once", premise)
	}
	if !strings.Contains(premise, "Our shops open at nine.") {
		t.Errorf("premise %q lacks the neighbour, though there is room", premise)
	}
	if want := "Returns policy: Software that was opened cannot be returned."; hypothesis != want {
		t.Errorf("hypothesis %q, want %q", hypothesis, want)
	}
}

func TestPairPutsColumnNamesBeforeCells(t *testing.T) {
	evidence := groundtruth.Given("context", "", "| Plan | Price | Seats |\n| --- | --- | --- |\n| Basic | 5 EUR | 2 |\n| Team | 19 EUR | 10 |")
	_, pair := NewVerifier().Compare(&Claim{Text: "The Team plan costs 19 EUR."}, evidence)
	premise := pair.Evidence
	if want := "Plan: Team; Price: 19 EUR; Seats: 10"; !strings.HasPrefix(premise, want) {
		t.Errorf("premise %q does not begin with %q", premise, want)
	}
}

func TestPairIsBounded(t *testing.T) {
	long := strings.Repeat("The licensor of the software shall renew the deposit every year. ", 2000)
	_, pair := NewVerifier().Compare(&Claim{Text: "The licensor shall renew the deposit, the software and the year."}, groundtruth.Given("context", "", long))
	if n := len(pair.Evidence); n == 0 || n > maxPremise+2*maxQuote {
		t.Errorf("premise of %d bytes", n)
	}
	if _, pair := NewVerifier().Compare(&Claim{Text: "Zebras graze."}, groundtruth.Given("context", "", "Prices fell.")); pair.Evidence != "Prices fell." {
		t.Errorf("premise %q of evidence that shares no word", pair.Evidence)
	}
	if _, pair := NewVerifier().Compare(&Claim{Text: "Zebras graze."}, nil); pair.Evidence != "" {
		t.Errorf("premise %q of no evidence", pair.Evidence)
	}
}
