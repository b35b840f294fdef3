package guards

import "testing"

func TestTempered(t *testing.T) {
	for _, c := range []struct {
		category, text string
		people         bool
		score          float64
		found          bool
	}{
		{"hate", "It's not okay to call people that.", true, 0.8, false},
		{"hate", "Whoever says such words about Poles should be ashamed.", true, 0.85, false},
		{"hate", "We are faggots, and we are brave.", true, 0.8, false},
		{"hate", "Mondays are vermin.", false, 0.8, false},
		// Not cleared: what the model is sure of, and what does not object.
		{"hate", "Stop calling me a racist: Poles are vermin.", true, 0.99, true},
		{"hate", "Poles are vermin.", true, 0.6, true},
		{"hate", "They are vermin.", false, 0.6, true},
		{"toxicity", "Mondays are vermin.", false, 0.6, true},
		{"violence", "It's not okay to say I will kill you.", true, 0.6, true},
	} {
		if got := tempered(c.category, c.text, c.score, c.people); (got >= findingFloor) != c.found || got > c.score {
			t.Errorf("%s, %q: %.2f from %.2f", c.category, c.text, got, c.score)
		}
	}
	if got := tempered("hate", "It is wrong to say that.", 1, true); got != 1 {
		t.Errorf("certain became %v", got)
	}
}
