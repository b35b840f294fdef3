package guards

import (
	"testing"

	"touchstone/groundtruth"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Plain text, 4*5 and naïve – “quoted” €9.": "Plain text, 4*5 and naïve – “quoted” €9.",
		"４５ days":           "45 days",
		"④ days":            "4 days",
		"𝟒𝟓 days":           "45 days",
		"٤٥ days":           "45 days",
		"४५ days":           "45 days",
		"4**5** days":       "45 days",
		"`45` days":         "45 days",
		"4\u200b5 days":     "45 days",
		"4\u2060\u00ad5":    "45",
		"4<b></b>5 days":    "45 days",
		"a < b and c > d":   "a < b and c > d",
		"&#36;9 &amp; up":   "$9 & up",
		"10 m² ½ bad\xff é": "10 m² ½ bad\xff é",
	} {
		if got := fold(in); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// A figure in disguise is compared as the figure that a reader sees.
func TestDisguisedFiguresAreCompared(t *testing.T) {
	v := NewVerifier()
	for _, e := range []string{"Refunds last 30 days.", "Refunds last 5 days."} {
		evidence := []groundtruth.Evidence{{Source: "a.md", Text: e, Origin: groundtruth.FromIndex}}
		for _, figure := range []string{"45", "４５", "④⑤", "𝟒𝟓", "٤٥", "4**5**", "**45**", "\"45\"", "4\u200b5", "4\u20605", "4<b></b>5", "&#52;5"} {
			if a := v.Verify(&Claim{Text: "Refunds last " + figure + " days."}, evidence); a.Verdict == Supported {
				t.Errorf("%q against %q: supported (%s)", figure, e, a.Reason)
			}
		}
	}
}
