package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
)

// folder writes a bundle; files with a nil base are added to the default one.
func folder(t *testing.T, base bool, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if base {
		if err := os.CopyFS(dir, Default()); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Load(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	e.deadline = time.Minute // a busy machine is not what is tested
	return e
}

// oneRule is a bundle with one rule, test.rule, and the given entry point.
func oneRule(main string) map[string]string {
	return map[string]string{
		"main.rego": "package touchstone\n\n" + main,
		"rules/test/rule.rego": `# METADATA
# title: A rule
# description: For a test.
# custom:
#   severity: low
#   principle: accuracy
#   obligation: EU AI Act Art. 12
#   owner: tests
#   remediation: None.
package rules.test.rule

violation contains {"action": "flag", "message": "Found."} if input.route == "support"
`,
	}
}

func TestDecide(t *testing.T) {
	e := load(t, "")
	d, err := e.Decide(context.Background(), answer(12))
	if err != nil {
		t.Fatal(err)
	}
	want := Decision{Action: Block, Revision: e.Revision(), Rules: []Rule{
		{
			ID: "hallucination.contradicted", Action: Block, Title: "Contradicted by ground truth", Severity: "high",
			Principle: "accuracy", Obligation: []string{"EU AI Act Art. 15", "NIST AI RMF MEASURE 2.5"}, Owner: "compliance", Message: "The answer contradicts the ground truth.", Sentences: []int{5},
		},
		{
			ID: "hallucination.not_covered", Action: Flag, Title: "Not covered by ground truth", Severity: "medium",
			Principle: "accuracy", Obligation: []string{"EU AI Act Art. 13", "NIST AI RMF MEASURE 2.5"}, Owner: "compliance", Message: "The ground truth does not cover part of the answer.", Sentences: []int{8},
		},
	}}
	for i, r := range d.Rules {
		if r.Description == "" || r.Remediation == "" {
			t.Errorf("%s comes without its METADATA: %+v", r.ID, r)
		}
		d.Rules[i].Description, d.Rules[i].Remediation = "", ""
	}
	if got, want := fmt.Sprintf("%+v", d), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNothingFoundIsAllowedWithAnEmptyList(t *testing.T) {
	d, err := load(t, "").Decide(context.Background(), &Input{Final: true})
	if err != nil || d.Action != Allow {
		t.Fatalf("got %+v, %v", d, err)
	}
	for _, d := range []Decision{d, {Action: Allow}} {
		if b, _ := json.Marshal(d); !strings.Contains(string(b), `"rules":[]`) {
			t.Errorf("JSON is %s", b)
		}
	}
}

func TestRouteRedactsWithItsOwnNotice(t *testing.T) {
	data, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e := load(t, folder(t, true, map[string]string{"data.yaml": strings.Replace(string(data), "routes: {}", `routes:
  support:
    hallucination.contradicted: {action: redact, replacement: "[see the price list]"}`, 1)}))
	d, err := e.Decide(context.Background(), answer(12))
	if err != nil {
		t.Fatal(err)
	}
	if d.Action != Redact || d.Rules[0].Replacement != "[see the price list]" || !slices.Equal(d.Rules[0].Sentences, []int{5}) {
		t.Errorf("got %+v", d)
	}
	if e.Revision() == load(t, "").Revision() {
		t.Error("other settings have the same revision")
	}
}

// A decision that is not well formed is an error, and never lets an answer pass.
func TestMalformedDecisions(t *testing.T) {
	rule := func(fields string) string {
		return `decision := {"action": "block", "rules": [{"id": "test.rule", ` + fields + `}]} if input.route == "support"` +
			"\n\ndecision := {\"action\": \"allow\", \"rules\": []} if input.route != \"support\""
	}
	decision := func(doc string) string {
		return "decision := " + doc + " if input.route == \"support\"\n\ndecision := {\"action\": \"allow\", \"rules\": []} if input.route != \"support\""
	}
	for name, c := range map[string]struct{ main, want string }{
		"undefined":         {`decision := {"action": "allow", "rules": []} if input.route != "support"`, "data.touchstone.decision is undefined"},
		"not an object":     {decision(`"allow"`), "the decision is a string, not an object"},
		"no action":         {decision(`{"rules": []}`), "the action is missing"},
		"unknown action":    {decision(`{"action": "blok", "rules": []}`), `the action "blok" is unknown`},
		"no rules":          {decision(`{"action": "allow"}`), "no list of rules"},
		"milder than rule":  {decision(`{"action": "allow", "rules": [{"id": "test.rule", "action": "block", "message": "m"}]}`), "milder"},
		"rule not object":   {decision(`{"action": "allow", "rules": ["x"]}`), "a rule is a string"},
		"too many":          {decision(`{"action": "block", "rules": [{"id": "test.rule", "action": "flag", "message": sprintf("%d", [i])} | some i in numbers.range(1, 300)]}`), "more than 200 rules fired"},
		"rule action":       {rule(`"action": "delete", "message": "m"`), `the action "delete" is unknown`},
		"rule no action":    {rule(`"message": "m"`), "the rule test.rule: the action is missing"},
		"no message":        {rule(`"action": "flag"`), "the message is missing"},
		"unknown field":     {rule(`"action": "flag", "message": "m", "sentence": [0]`), `the field "sentence" is unknown`},
		"unknown sentence":  {rule(`"action": "flag", "message": "m", "sentences": [0, 99]`), "sentence 99 is not under decision"},
		"sentence no index": {rule(`"action": "flag", "message": "m", "sentences": ["0"]`), `sentence "0" is not under decision`},
		"sentences no list": {rule(`"action": "flag", "message": "m", "sentences": 3`), "sentences is a number, not a list"},
		"message no string": {rule(`"action": "flag", "message": 7`), "the message is a number, not a string"},
		"long message":      {rule(`"action": "flag", "message": concat("", [sprintf("%d", [i]) | some i in numbers.range(1, 3000)])`), "more than 4096"},
		"redacts nothing":   {rule(`"action": "redact", "message": "m"`), "redact names no sentence"},
		"mask no list":      {rule(`"action": "redact", "message": "m", "mask": {}`), "mask is a object, not a list"},
		"mask no object":    {rule(`"action": "redact", "message": "m", "mask": [1]`), "a mask is a number"},
		"mask of nothing":   {rule(`"action": "redact", "message": "m", "mask": []`), "redact names no sentence"},
		"mask field":        {rule(`"action": "redact", "message": "m", "mask": [{"begin": 0}]`), `the field "begin" is unknown`},
		"mask start":        {rule(`"action": "redact", "message": "m", "mask": [{"start": 0.5}]`), "start is 0.5, not a whole number"},
		"mask elsewhere":    {rule(`"action": "redact", "message": "m", "mask": [{"start": 9, "end": 12, "with": ""}]`), "bytes 9 to 12 of answer 0 are in no finding under decision"},
		"mask empty":        {rule(`"action": "redact", "message": "m", "mask": [{"start": 10, "end": 10, "with": ""}]`), "in no finding"},
		"mask side":         {rule(`"action": "redact", "message": "m", "mask": [{"side": "prompt", "start": 10, "end": 12, "with": ""}]`), "of prompt 0 are in no finding"},
		"mask context":      {rule(`"action": "redact", "message": "m", "mask": [{"side": "context", "start": 10, "end": 12, "with": ""}]`), "a grounding source does not leave"},
		"mask restore":      {rule(`"action": "redact", "message": "m", "mask": [{"start": 10, "end": 12, "with": "{n}", "restore": true}]`), "restore is for what is sent upstream"},
		"rewrite by mask":   {rule(`"action": "rewrite", "replacement": "x", "message": "m", "mask": [{"start": 10, "end": 12, "with": ""}]`), "rewrite names no sentence"},
		"rewrites to none":  {rule(`"action": "rewrite", "message": "m", "sentences": [0]`), "rewrite has no replacement"},
		"no id":             {decision(`{"action": "allow", "rules": [{"action": "flag", "message": "m"}]}`), "a rule has no id"},
		"unknown id":        {decision(`{"action": "flag", "rules": [{"id": "test.other", "action": "flag", "message": "m"}]}`), `no rule "test.other"`},
		"builtin error":     {decision(`{"action": "allow", "rules": [1 / 0]}`), "divide by zero"},
		"conflict":          {"decision := {\"action\": a, \"rules\": []} if {\n\tinput.route == \"support\"\n\tsome a in [\"allow\", \"flag\"]\n}\n\ndecision := {\"action\": \"allow\", \"rules\": []} if input.route != \"support\"", "conflicting values"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := load(t, folder(t, false, oneRule(c.main))).Decide(context.Background(), found(answer(3)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, error %v, want %q", d, err, c.want)
			}
			if d.Action != "" {
				t.Errorf("an error comes with the action %s", d.Action)
			}
		})
	}
}

func TestInputThatCannotBeDecided(t *testing.T) {
	e := load(t, "")
	for name, s := range map[string]guards.Sentence{
		"score NaN":        {Finding: guards.Finding{Verdict: guards.Supported, Score: math.NaN()}},
		"unknown verdict ": {Finding: guards.Finding{Verdict: "fine"}},
	} {
		if d, err := e.Decide(context.Background(), &Input{Sentences: []guards.Sentence{s}}); err == nil {
			t.Errorf("%s: decided %+v", name, d)
		}
	}
	in := found(answer(1))
	in.Findings[0].Score = math.Inf(1)
	if d, err := e.Decide(context.Background(), in); err == nil {
		t.Errorf("a finding with an infinite score: decided %+v", d)
	}
}

func TestRulesThatRunTooLong(t *testing.T) {
	e := load(t, folder(t, true, map[string]string{"main_test.rego": "package touchstone_test\n", "lib/states_test.rego": "package lib.states_test\n", "main.rego": `package touchstone

decision := {"action": "allow", "rules": []} if input.route != "support"

decision := {"action": "allow", "rules": []} if {
	input.route == "support"
	count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a + b == 0]) == 0
}
`}))
	e.deadline = 20 * time.Millisecond
	start := time.Now()
	d, err := e.Decide(context.Background(), answer(3))
	if err == nil || !strings.Contains(err.Error(), "took longer than 20ms") {
		t.Errorf("got %+v, %v", d, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	e.deadline = time.Minute
	if _, err := e.Decide(ctx, answer(3)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with an expired context: %v", err)
	}
}

// What Load refuses, and where it says the mistake is.
func TestBadBundles(t *testing.T) {
	good := oneRule(`decision := {"action": "allow", "rules": []}`)
	with := func(name, text string) map[string]string {
		files := map[string]string{name: text}
		for n, s := range good {
			if _, ok := files[n]; !ok {
				files[n] = s
			}
		}
		return files
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no rego":        {map[string]string{"data.yaml": "a: 1\n"}, "holds no .rego file"},
		"syntax":         {with("a.rego", "package a\n\nx := {\n"), "/a.rego:4: "},
		"rego v0":        {with("a.rego", "package a\n\nallow { true }\n"), "/a.rego:3: "},
		"type":           {with("a.rego", "package a\n\nx := y\n"), "/a.rego:3: var y is unsafe"},
		"unused import":  {with("a.rego", "package a\n\nimport data.b\n"), "/a.rego:3: import data.b unused"},
		"http.send":      {with("a.rego", "package a\n\nx := http.send({\"method\": \"get\", \"url\": \"http://localhost\"})\n"), "/a.rego:3: undefined function http.send"},
		"no violation":   {with("rules/test/rule.rego", strings.Replace(good["rules/test/rule.rego"], "violation contains", "violatoin contains", 1)), "/rules/test/rule.rego:10: the rule test.rule defines no violation"},
		"no metadata":    {with("rules/test/rule.rego", "package rules.test.rule\n\nviolation := set()\n"), "/rules/test/rule.rego:1: the METADATA of the rule test.rule lacks title"},
		"no owner":       {with("rules/test/rule.rego", strings.Replace(good["rules/test/rule.rego"], "owner: tests", "owner: ''", 1)), "lacks custom.owner"},
		"bad metadata":   {with("rules/test/rule.rego", "# METADATA\n# title: [\npackage rules.test.rule\n"), "/rules/test/rule.rego:"},
		"too deep":       {with("rules/a/b/c.rego", "package rules.a.b.c\n\nviolation := set()\n"), "a rule's package is rules.AREA.NAME"},
		"malformed rule": {oneRule("decision := {\"action\": \"flag\", \"rules\": [{\"id\": \"test.rule\", \"action\": \"flag\"}]} if input.counts.contradicted > 0\n\ndecision := {\"action\": \"allow\", \"rules\": []} if input.counts.contradicted == 0"), "deciding about a made-up answer: the rule test.rule: the message is missing"},
		"undefined":      {oneRule("decision := {} if false"), "deciding about a made-up answer: data.touchstone.decision is undefined"},
		"bad yaml":       {with("data.yaml", "a: 1\nb: [\n"), "/data.yaml:2: "},
		"repeated key":   {with("data.yaml", "a: 1\na: 2\n"), "/data.yaml:2: "},
		"yaml no map":    {with("data.yaml", "- a\n"), "/data.yaml: "},
		"other yaml":     {with("settings.yaml", "a: 1\n"), "/settings.yaml: data is read from data.yaml or data.json only"},
		"data.json":      {with("data.json", `{"a": 1}`), ""},
		"data twice":     {map[string]string{"main.rego": "package touchstone\n", "data.yaml": "a: {b: 1}\n", "a/data.json": `{"b": 2}`}, `/data.yaml: "a" is also given elsewhere`},
		"data and rule":  {with("data.yaml", "touchstone: {decision: {action: allow}}\n"), "/main.rego:3: conflicting rule for data path touchstone/decision"},
		"missing folder": {nil, "/missing: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "missing")
			if c.files != nil {
				dir = folder(t, false, c.files)
			}
			_, err := Load(context.Background(), dir)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMistakesInSettingsAreRefused(t *testing.T) {
	data, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ routes, want string }{
		{"support: {hallucination.contradicted: {action: blok}}", "data: routes.support.hallucination.contradicted: blok is no action"},
		{"support: {hallucination.contradicted: {treshold: 0.9}}", `there is no setting "treshold"; this rule has action, replacement, threshold`},
		{"support: {hallucination.contradicted: {threshold: '0.9'}}", `data: routes.support.hallucination.contradicted: threshold must be a number from 0 to 1, not "0.9"`},
		{"support: {hallucination.made_up: {action: flag}}", "routes.support names the rule hallucination.made_up"},
	} {
		dir := folder(t, true, map[string]string{"data.yaml": strings.Replace(string(data), "routes: {}", "routes: {"+c.routes+"}", 1)})
		if _, err := Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.routes, err, c.want)
		}
	}
}

// A mistake in defaults must not switch a rule off: neither the proxy nor the tests
// of the bundle, which bring their own settings, start with it.
func TestMistakesInDefaultsAreRefused(t *testing.T) {
	data, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"threshold: 0.5 #", `threshold: "0.5" #`, `data: defaults.hallucination.contradicted: threshold must be a number from 0 to 1, not "0.5"`},
		{"threshold: 0.5 #", "treshold: 0.5 #", "data: defaults.hallucination.contradicted: threshold is missing"},
		{"threshold: 0.5 #", "threshold: 50 #", "data: defaults.hallucination.contradicted: threshold must be a number from 0 to 1, not 50"},
		{"min_checked: 3", "min_checked: three", `data: defaults.hallucination.low_groundedness: min_checked must be a whole number from 0, not "three"`},
		{"action: block", "acton: block", "data: defaults has no action for the rule hallucination.contradicted"},
		{"action: block", "action: Block", "data: defaults.hallucination.contradicted: Block is no action"},
	} {
		dir := folder(t, true, map[string]string{"data.yaml": strings.Replace(string(data), c.from, c.to, 1)})
		if _, err := Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: loading it: %v, want %q", c.to, err, c.want)
		}
		if _, err := Test(context.Background(), dir, "low_groundedness"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: testing it: %v, want %q", c.to, err, c.want)
		}
	}
}

func TestBundlesAreBounded(t *testing.T) {
	half := "package big\n#" + strings.Repeat("x", maxBundle/2)
	many := map[string]string{}
	for i := range maxEntries + 1 {
		many[fmt.Sprintf("notes/%d.txt", i)] = ""
	}
	odd := folder(t, true, nil)
	if err := os.Mkdir(filepath.Join(odd, "elsewhere"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", filepath.Join(odd, "link.rego")); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		folder(t, true, map[string]string{"a.rego": half, "z.rego": half}): "larger than 16 MiB together, at z.rego",
		folder(t, true, many): "more than 10000 files",
		odd:                   "link.rego is not a regular file",
	} {
		if _, err := Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := Check(context.Background(), folder(t, true, map[string]string{"a_test.rego": half, "z_test.rego": half})); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Errorf("tests too large: %v", err)
	}
}

func TestDeniedBuiltins(t *testing.T) {
	for _, b := range Capabilities().Builtins {
		if b.Nondeterministic {
			t.Errorf("%s is not deterministic", b.Name)
		}
	}
	for _, call := range []string{
		`http.send({})`, `net.lookup_ip_addr("localhost")`, `opa.runtime()`, `rand.intn("a", 3)`, `time.now_ns()`, `time.clock(0)`, `uuid.rfc4122("a")`, `io.jwt.decode("")`,
	} {
		dir := folder(t, false, map[string]string{"main.rego": "package touchstone\n\ndecision := " + call + "\n"})
		if _, err := Load(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "main.rego:3: undefined function") {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestRevisionIsOfTheContentOnly(t *testing.T) {
	a, b := load(t, folder(t, true, nil)), load(t, folder(t, true, map[string]string{"more_test.rego": "package more_test\n\ntest_one if 1 == 1\n", ".git/x.rego": "no"}))
	if e := load(t, ""); a.Revision() != e.Revision() || b.Revision() != e.Revision() {
		t.Errorf("revisions %s, %s, %s of the same rules", a.Revision(), b.Revision(), e.Revision())
	}
	changed := load(t, folder(t, true, map[string]string{"extra.rego": "package extra\n"}))
	if changed.Revision() == a.Revision() {
		t.Error("another file, the same revision")
	}
}

// Whatever way a stream falls into segments, the merged decision is that on the
// whole answer.
func TestStreamedDecisionIsThatOfTheWholeAnswer(t *testing.T) {
	data, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e := load(t, folder(t, true, map[string]string{"data.yaml": strings.NewReplacer("routes: {}", `routes:
  closed:
    hallucination.contradicted: {action: rewrite, replacement: "See our documents."}
    hallucination.not_covered: {action: redact}
    hallucination.not_measured: {action: redact}
    coverage.skipped: {action: flag}`).Replace(string(data))}))
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		whole := Input{Route: []string{"open", "closed"}[random.IntN(2)], Final: true}
		state := []guards.Result{{Guard: "groundedness", Status: []guards.Status{guards.OK, guards.OK, guards.Failed}[random.IntN(3)]}}
		if random.IntN(4) == 0 {
			whole.Skipped = []string{"tool_calls"}
		}
		for i := range random.IntN(20) {
			s := guards.Sentence{Finding: guards.Finding{Claim: guards.Claim{Index: i}, Verdict: verdicts[random.IntN(len(verdicts))], Score: random.Float64()}}
			whole.Sentences = append(whole.Sentences, s)
			whole.Counts.Add(s.Verdict)
		}
		decide := func(in Input) Decision {
			if len(in.Sentences) > 0 { // as a judge does: no claims, no guards
				in.Guards = state
			}
			d, err := e.Decide(context.Background(), &in)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			return d
		}
		want := decide(whole)
		got, segment := Decision{Action: Allow}, whole
		segment.Counts, segment.Final, segment.Streamed = Counts{}, false, true
		for rest := whole.Sentences; !segment.Final; {
			n := random.IntN(len(rest) + 1)
			segment.Sentences, rest = rest[:n], rest[n:]
			for _, s := range segment.Sentences {
				segment.Counts.Add(s.Verdict)
			}
			segment.Final = len(rest) == 0
			got.Merge(decide(segment))
		}
		for i := range got.Rules {
			slices.Sort(got.Rules[i].Sentences)
		}
		if got, want := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); got != want {
			t.Fatalf("round %d\nstreamed %s\nwhole    %s\nof %+v", round, got, want, whole)
		}
	}
}

func TestMergeLeavesEarlierCopies(t *testing.T) {
	d := Decision{Action: Allow}
	d.Merge(Decision{Action: Flag, Rules: []Rule{{ID: "a", Action: Flag, Sentences: append(make([]int, 0, 8), 0)}}})
	before, other := d, d
	other.Merge(Decision{Action: Flag, Rules: []Rule{{ID: "a", Action: Flag, Sentences: []int{7}}}})
	d.Merge(Decision{Action: Flag, Rules: []Rule{{ID: "a", Action: Flag, Sentences: []int{1}}}})
	if !slices.Equal(before.Rules[0].Sentences, []int{0}) || !slices.Equal(d.Rules[0].Sentences, []int{0, 1}) || !slices.Equal(other.Rules[0].Sentences, []int{0, 7}) {
		t.Errorf("before %v, after %v, other %v", before.Rules, d.Rules, other.Rules)
	}
}

func TestRulesAreListedWithTheirMetadata(t *testing.T) {
	rules := load(t, "").Rules()
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	if !slices.IsSorted(ids) || !slices.Contains(ids, "coverage.skipped") || !slices.Contains(ids, "privacy.prompt") {
		t.Errorf("got %v", ids)
	}
	if r := rules[slices.Index(ids, "hallucination.contradicted")]; r.Owner != "compliance" || !strings.Contains(r.Remediation, "ingest") {
		t.Errorf("got %+v", r)
	}
}
