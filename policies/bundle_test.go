package policies

import (
	"context"
	"strings"
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

func TestFailingRegoTestIsNamedWithItsCondition(t *testing.T) {
	dir := folder(t, true, map[string]string{"rules/coverage/more_test.rego": `package rules.coverage.more_test

import data.fixture
import data.rules.coverage.skipped

test_holds if fixture.sentence(1, 0.5).index == 1

test_does_not_hold if {
	answer := fixture.answer({"skipped": ["tool_calls"]})
	found := skipped.violation with input as answer with data.defaults["coverage.skipped"] as {"action": "flag"}
	count(found) == 2
}

test_error if 1 / to_number("0") == 1
`})
	report, err := Test(context.Background(), dir, "more_test")
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 3 || report.Failed() != 2 {
		t.Fatalf("got %+v", report.Results)
	}
	if r := report.Results[0]; r.Name != "rules.coverage.more_test.test_does_not_hold" || r.Pass ||
		!strings.HasSuffix(r.At, "/rules/coverage/more_test.rego:11") || r.Why != "does not hold: count(found) == 2" {
		t.Errorf("got %+v", r)
	}
	if r := report.Results[1]; r.Pass || !strings.Contains(r.Why, "more_test.rego:14: div: divide by zero") {
		t.Errorf("got %+v", r)
	}
}

func TestCheckNamesUnformattedFiles(t *testing.T) {
	dir := folder(t, true, map[string]string{"extra.rego": "package extra\n\nx   := 1\n"})
	if err := Check(context.Background(), dir); err == nil || !strings.HasSuffix(err.Error(), "/extra.rego:3: not as opa fmt writes it") {
		t.Errorf("got %v", err)
	}
}
