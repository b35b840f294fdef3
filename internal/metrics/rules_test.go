package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestAlertRulesUseMetricsThatExist reads the shipped alert rules and looks for what
// they name in a registry where every metric has a value: an alert on a metric or
// label that nobody sets would stay silent for ever.
func TestAlertRulesUseMetricsThatExist(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	families, err := full().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]map[string]bool{"up": {"job": true}} // of Prometheus itself
	for _, f := range families {
		set := map[string]bool{"le": true}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				set[l.GetName()] = true
			}
		}
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			labels[f.GetName()+suffix] = set
		}
	}
	used := 0
	name := regexp.MustCompile(`\b(up|(?:guard|gen_ai|touchstone)_[a-z_]+)\b(\{[^}]*\})?`)
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Expr == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s: alert %q lacks an expression, a severity or a summary", g.Name, r.Alert)
			}
			if strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
				t.Errorf("%s: unbalanced brackets", r.Alert)
			}
			grouped := regexp.MustCompile(`by \(([^)]*)\)`).ReplaceAllString(r.Expr, "")
			for _, m := range name.FindAllStringSubmatch(grouped, -1) {
				used++
				if labels[m[1]] == nil {
					t.Errorf("%s: there is no metric %s", r.Alert, m[1])
					continue
				}
				for _, l := range regexp.MustCompile(`(\w+)\s*[!=]~?\s*"`).FindAllStringSubmatch(m[2], -1) {
					if !labels[m[1]][l[1]] {
						t.Errorf("%s: %s has no label %s", r.Alert, m[1], l[1])
					}
				}
			}
			for _, m := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(r.Expr, -1) {
				for _, l := range strings.Split(m[1], ",") {
					known := false
					for _, set := range labels {
						known = known || set[strings.TrimSpace(l)]
					}
					if !known {
						t.Errorf("%s: no metric has the label %s", r.Alert, l)
					}
				}
			}
		}
	}
	if used < 10 {
		t.Errorf("only %d uses of metrics found", used)
	}
}
