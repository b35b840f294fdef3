package policies

import (
	"context"
	"testing"

	"touchstone/guards"
)

func TestDefaultBundle(t *testing.T) {
	e, err := Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Decide(context.Background(), &Input{Final: true, Sentences: []guards.Sentence{
		{Finding: guards.Finding{Claim: guards.Claim{Index: 0}, Verdict: guards.Contradicted, Score: 0.9}},
	}, Counts: Counts{Contradicted: 1}, Guards: []guards.Result{{Guard: "g", Status: guards.OK}}})
	t.Logf("%+v %v", d, err)
}
