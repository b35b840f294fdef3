package policies

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// compared is a comparison as the dashboard's API and this input have it.
func compared(kind, outcome string, low, high float64) map[string]any {
	interval := map[string]any{"value": (low + high) / 2, "low": low, "high": high}
	return map[string]any{"app": "shop", "route": "loans", "model": "m", "attribute": "gender", "group": "gender:woman", "basis": "asked",
		"outcome": outcome, "kind": kind, "against": "others", "of": 500, "of_others": 500, "rate": interval, "others": interval,
		"interval": interval, "worse_by": interval, "null": 0, "alpha": 0.05, "p": 0.001, "differs": low > 0}
}

func watched(comparisons ...map[string]any) Watched {
	return Watched{From: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Comparisons: comparisons, Probes: []any{}}
}

func TestAlarmsComeFromIntervals(t *testing.T) {
	e := load(t, "")
	got, err := e.Alarms(context.Background(), watched(
		compared("difference", "refused", -0.05, 0.6), // a large point, and maybe chance
		compared("difference", "refused", 0.03, 0.09),
		compared("difference", "refused", 0.001, 0.02), // beyond chance, within the margin
		compared("four_fifths", "approved", 0.4, 0.7),
		compared("drift", "words", 0.2, 0.5),
	))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range got {
		ids = append(ids, a.ID)
		if a.Title == "" || a.Severity == "" || len(a.Obligation) == 0 || a.Remediation == "" || a.Message == "" || a.Probe != -1 {
			t.Errorf("%+v", a)
		}
	}
	if strings.Join(ids, " ") != "groups.four_fifths groups.difference groups.drift" || got[0].Comparison != 3 || got[1].Comparison != 1 {
		t.Errorf("%v: %+v", ids, got)
	}
	if got, err = e.Alarms(context.Background(), watched()); err != nil || len(got) != 0 {
		t.Errorf("nothing compared: %v, %v", got, err)
	}
	w := watched()
	w.Probes = []any{map[string]any{"outcome": "approved", "differs": true, "worse_by": map[string]any{"low": 0.1}}}
	if got, err = e.Alarms(context.Background(), w); err != nil || len(got) != 1 || got[0].Probe != 0 || got[0].Comparison != -1 {
		t.Errorf("a probe: %+v, %v", got, err)
	}
}

func TestABundleThatSaysNothingOfAlarms(t *testing.T) {
	dir := folder(t, false, map[string]string{"main.rego": "package touchstone\n\ndecision := {\"action\": \"allow\", \"rules\": set()}\n"})
	if _, err := load(t, dir).Alarms(context.Background(), watched()); !errors.Is(err, ErrNoAlarms) {
		t.Errorf("got %v", err)
	}
}

func TestMalformedAlarmsAreErrors(t *testing.T) {
	head := "# METADATA\n# title: T\n# description: D\n# schemas:\n#   - input: schema.watch.input\n# custom:\n#   severity: low\n#   principle: fairness\n#   obligation: o\n#   owner: o\n#   remediation: r\npackage watch.x.y\n\n"
	for body, want := range map[string]string{
		`alarm contains {"comparison": 7, "message": "m"} if input.version == 1`:             "about comparison 7, of which there is none",
		`alarm contains {"comparison": 0} if input.version == 1`:                             "has no message",
		`alarm contains {"message": "m"} if input.version == 1`:                              "must name one comparison or one probe",
		`alarm contains {"comparison": 0.5, "message": "m"} if input.version == 1`:           "about comparison 0.5",
		`alarm contains {"comparison": 0, "probe": 0, "message": "m"} if input.version == 1`: "about probe 0",
	} {
		dir := folder(t, true, map[string]string{"watch/x/y.rego": head + body + "\n", "lib/more/data.yaml": "a: 1\n",
			"data.yaml": withAlarm(t, "x.y")})
		_, err := load(t, dir).Alarms(context.Background(), watched(compared("difference", "refused", 0, 0.01)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	// A field that the input does not have is a mistake of the bundle, not silence.
	dir := folder(t, true, map[string]string{"watch/x/y.rego": head + "alarm contains {\"comparison\": 0, \"message\": \"m\"} if input.comparison\n", "data.yaml": withAlarm(t, "x.y")})
	if _, err := Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "undefined ref: input.comparison") {
		t.Errorf("got %v", err)
	}
}

// withAlarm is the data of the default bundle and settings for one more alarm.
func withAlarm(t *testing.T, id string) string {
	t.Helper()
	f, err := Default().Open("data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := make([]byte, 1<<20)
	n, _ := f.Read(text)
	return strings.Replace(string(text[:n]), "\nalarms:\n", "\nalarms:\n  "+id+": {action: alarm}\n", 1)
}

func TestWatchSchemaIsJSON(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(WatchSchema, &schema); err != nil {
		t.Fatal(err)
	}
	item := schema["properties"].(map[string]any)["comparisons"].(map[string]any)["items"].(map[string]any)
	properties := item["properties"].(map[string]any)
	for name := range compared("drift", "words", 0, 1) {
		if properties[name] == nil {
			t.Errorf("the schema lacks %s", name)
		}
	}
}
