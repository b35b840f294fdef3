package app

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"touchstone/policies"
)

func runPolicyTest(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "test", "", "Runs the Rego tests of a bundle: rules named test_... in files named ..._test.rego. Exit status 1 when\none fails, none ran, or they cover less than -cover asks for.")
	dir := fs.String("policies", "", "`BUNDLE`: a folder, a .tar.gz file or an address")
	run := fs.String("run", "", "only tests whose name matches `REGEXP`")
	verbose := fs.Bool("v", false, "name the tests that pass too")
	cover := fs.Float64("cover", 0, "least `PERCENT` of the lines of rules that tests must reach")
	output := fs.String("o", "text", "`FORMAT`: text, json or junit")
	if code, ok := parseOperands(fs, args, 0); !ok {
		return code
	}
	show := map[string]func(*policies.TestReport, string, bool, io.Writer) error{"text": testText, "json": testJSON, "junit": testJUnit}[*output]
	if show == nil {
		fmt.Fprintf(std.Err, "touchstone policy test: -o %q is not text, json or junit\n", *output)
		return exitUsage
	}
	report, err := policies.Test(ctx, *dir, *run)
	if err == nil {
		err = show(report, *run, *verbose, std.Out)
	}
	if err == nil {
		failed := report.Failed()
		switch {
		case failed > 0:
			err = fmt.Errorf("%d of %d tests failed", failed, len(report.Results))
		case len(report.Results) == 0:
			err = errors.New("no test ran: tests are rules named test_... in files named ..._test.rego")
		case *run == "" && report.Coverage < *cover:
			err = fmt.Errorf("the tests cover %.1f%% of the rules, not %g%%", report.Coverage, *cover)
		}
	}
	if err != nil {
		return policyFailed(std, "test", err)
	}
	return exitOK
}

func testText(report *policies.TestReport, run string, verbose bool, w io.Writer) error {
	for _, r := range report.Results {
		switch {
		case !r.Pass:
			fmt.Fprintf(w, "%s %s\n     %s: %s\n", color.RedString("FAIL"), r.Name, r.At, r.Why)
		case verbose:
			fmt.Fprintf(w, "%s %s\n", color.GreenString("ok  "), r.Name)
		}
	}
	fmt.Fprintf(w, "%d passed, %d failed", len(report.Results)-report.Failed(), report.Failed())
	if run == "" { // part of the tests says nothing of coverage
		fmt.Fprintf(w, "; they cover %.1f%% of the rules", report.Coverage)
		for i, at := range report.Uncovered {
			if i == 10 {
				fmt.Fprintf(w, "\n  and %d more", len(report.Uncovered)-i)
				break
			}
			fmt.Fprintf(w, "\n  not covered: %s", at)
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func testJSON(report *policies.TestReport, run string, _ bool, w io.Writer) error {
	type result struct {
		Name string  `json:"name"`
		At   string  `json:"at"`
		Pass bool    `json:"pass"`
		Why  string  `json:"why,omitempty"`
		Ms   float64 `json:"ms"`
	}
	out := struct {
		Passed    int      `json:"passed"`
		Failed    int      `json:"failed"`
		Coverage  *float64 `json:"coverage_percent,omitempty"`
		Uncovered []string `json:"uncovered,omitempty"`
		Tests     []result `json:"tests"`
	}{Failed: report.Failed(), Passed: len(report.Results) - report.Failed(), Tests: []result{}}
	if run == "" {
		out.Coverage, out.Uncovered = &report.Coverage, report.Uncovered
	}
	for _, r := range report.Results {
		out.Tests = append(out.Tests, result{r.Name, r.At, r.Pass, r.Why, milliseconds(r.Took)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// testJUnit writes the XML that build servers read.
func testJUnit(report *policies.TestReport, _ string, _ bool, w io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		File    string   `xml:"file,attr"`
		Seconds string   `xml:"time,attr"`
		Failure *failure `xml:"failure"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Seconds  string     `xml:"time,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.4f", d.Seconds()) }
	out := suite{Name: "policies", Tests: len(report.Results), Failures: report.Failed()}
	var total time.Duration
	for _, r := range report.Results {
		total += r.Took
		dot := strings.LastIndexByte(r.Name, '.')
		c := testcase{Class: r.Name[:max(dot, 0)], Name: r.Name[dot+1:], File: r.At, Seconds: seconds(r.Took)}
		if !r.Pass {
			c.Failure = &failure{r.Why, r.At + ": " + r.Why}
		}
		out.Cases = append(out.Cases, c)
	}
	out.Seconds = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
