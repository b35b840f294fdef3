package app

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The example loads, shows every option there is, and its values are the defaults.
func TestExampleConfig(t *testing.T) {
	const path = "../../deploy/config.example.yaml"
	for _, name := range []string{"TOUCHSTONE_ADMIN_KEY", "OPENAI_API_KEY", "SHOP_KEY"} {
		t.Setenv(name, "secret-"+name)
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := cfg.at.lines
	everyField(reflect.TypeFor[Config](), "", func(field string) {
		name := field[strings.LastIndexByte(field, '.')+1:]
		// What cannot stand beside another option is shown as a comment.
		if shown[field] == 0 && !regexp.MustCompile(`(?m)^\s*# `+name+`: `).Match(data) {
			t.Errorf("%s is not in the example", field)
		}
	})

	want := Default()
	route, up := RouteConfig{}, UpstreamConfig{}
	route.setDefaults()
	up.setDefaults()
	route.Name, route.Models, route.Upstream = "default", []string{"*"}, "openai"
	if got := cfg.Routes[0]; !reflect.DeepEqual(got, route) {
		t.Errorf("the example's route:\n%+v\ndefault:\n%+v", got, route)
	}
	if cfg.Upstreams[0].Timeout != up.Timeout {
		t.Errorf("the example's upstream: %+v", cfg.Upstreams[0])
	}
	for _, pair := range [][2]any{
		{cfg.Listen, want.Listen}, {cfg.GroundTruth, want.GroundTruth}, {cfg.Encoders, want.Encoders}, {cfg.Policies, want.Policies},
		{cfg.Audit, want.Audit}, {cfg.Fairness.Groups, want.Fairness.Groups}, {cfg.Fairness.MinSample, want.Fairness.MinSample}, {cfg.Fairness.Rate, want.Fairness.Rate}, {cfg.Fairness.Period, want.Fairness.Period}, {cfg.Limits, want.Limits}, {cfg.Log, want.Log},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("the example has %+v, the default is %+v", pair[0], pair[1])
		}
	}
}

// everyField visits each option, elements of lists as number 0.
func everyField(typ reflect.Type, path string, visit func(field string)) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" {
			continue
		}
		field := join(path, name)
		visit(field)
		elem := f.Type
		if elem.Kind() == reflect.Slice {
			elem, field = elem.Elem(), field+"[0]"
		}
		if elem.Kind() == reflect.Struct && elem != reflect.TypeFor[Secret]() {
			everyField(elem, field, visit)
		}
	}
}

// Every option has a line in docs/config.md.
func TestEveryOptionIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`\[0\]`)
	everyField(reflect.TypeFor[Config](), "", func(field string) {
		if name := "`" + list.ReplaceAllString(field, "[]") + "`"; !strings.Contains(string(data), name) {
			t.Errorf("docs/config.md does not mention %s", name)
		}
	})
}

// Whole configurations in the documentation load, and so does the one of compose.
func TestDocumentedConfigs(t *testing.T) {
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL", "TOUCHSTONE_ADMIN_KEY"} {
		t.Setenv(name, "http://127.0.0.1:1/v1")
	}
	block := regexp.MustCompile("(?ms)^```yaml\n(upstreams:\n.*?)^```")
	loaded := 0
	for _, path := range files(t) {
		var texts []string
		switch data := read(t, path); {
		case strings.HasSuffix(path, ".md"):
			for _, m := range block.FindAllStringSubmatch(string(data), -1) {
				texts = append(texts, m[1])
			}
		case path == "deploy/config.compose.yaml":
			texts = append(texts, string(data))
		}
		for _, text := range texts {
			loaded++
			if _, err := ParseConfig(path, []byte(text)); err != nil {
				t.Error(err)
			}
		}
	}
	if loaded < 4 {
		t.Errorf("only %d configurations were loaded", loaded)
	}
}
