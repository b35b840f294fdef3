package policies

import (
	"context"
	"testing"
)

// The Rego tests of the default bundle, each by its name.
func TestRego(t *testing.T) {
	report, err := Test(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		t.Run(r.Name, func(t *testing.T) {
			if !r.Pass {
				t.Errorf("%s: %s", r.At, r.Why)
			}
		})
	}
	if len(report.Results) < 20 {
		t.Errorf("only %d tests ran", len(report.Results))
	}
	if report.Coverage < 95 {
		t.Errorf("tests cover %.1f%% of the rules, not 95%%; not covered: %v", report.Coverage, report.Uncovered)
	}
	t.Logf("%d tests, coverage %.1f%%, not covered %v", len(report.Results), report.Coverage, report.Uncovered)
}

func TestDefaultBundleIsInOrder(t *testing.T) {
	if err := Check(context.Background(), ""); err != nil {
		t.Error(err)
	}
}
