package proxy

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestReviewersRule(t *testing.T) {
	base, log := adminServer(t, "", adminEntry("01A", "How long?"))
	api := base + "/api/exchanges/01A/rulings"
	if r := send(t, api, "application/json", `{"sentence": 1, "right": false, "by": "ann", "note": "It <b>is</b> 60 days."}`, nil); r.status != 201 || !strings.Contains(r.body, `"number":1`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	form := url.Values{"choice": {"0"}, "sentence": {""}, "rule": {"hallucination.contradicted"}, "ruling": {"right"}, "by": {"ben"}, "note": {""}}.Encode()
	const kind = "application/x-www-form-urlencoded"
	here := func(r *http.Request) { r.Header.Set("Origin", base) }
	if r := send(t, base+"/exchanges/01A/rulings", kind, form, here); r.status != 303 || r.header.Get("Location") != "/exchanges/01A" {
		t.Errorf("the form: %d %s %s", r.status, r.header.Get("Location"), r.body)
	}
	sentence := strings.Replace(strings.Replace(form, "sentence=", "sentence=1", 1), "hallucination.contradicted", "", 1)
	if r := send(t, base+"/exchanges/01A/rulings", kind, sentence, here); r.status != 303 || r.header.Get("Location") != "/exchanges/01A#c0-s2" {
		t.Errorf("the form of a sentence: %d %s %s", r.status, r.header.Get("Location"), r.body)
	}
	if list, err := log.Rulings(t.Context(), "01A"); err != nil || len(list) != 3 || list[0].By != "ann" || list[0].Right || !list[1].Right || list[1].Rule == "" {
		t.Errorf("%+v %v", list, err)
	}
	if r := ask(t, http.MethodGet, api, nil); r.status != 200 || strings.Count(r.body, `"exchange":"01A"`) != 3 {
		t.Errorf("%d %s", r.status, r.body)
	}
	page := ask(t, http.MethodGet, base+"/exchanges/01A", nil).body
	for _, want := range []string{"<b>Wrong</b>, says ann", "It &lt;b&gt;is&lt;/b&gt; 60 days.", "<b>Right</b>, says ben", `action="/exchanges/01A/rulings"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for name, tc := range map[string]struct {
		kind, body string
		change     func(*http.Request)
		target     string
		status     int
	}{
		"a page elsewhere":   {kind, form, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, base + "/exchanges/01A/rulings", 403},
		"no page":            {kind, form, nil, base + "/exchanges/01A/rulings", 403},
		"another form":       {kind, "ruling=maybe", here, base + "/exchanges/01A/rulings", 400},
		"nobody":             {kind, strings.Replace(form, "by=ben", "by=", 1), here, base + "/exchanges/01A/rulings", 400},
		"no such exchange":   {kind, form, here, base + "/exchanges/none/rulings", 404},
		"form as JSON":       {kind, form, nil, api, 400},
		"unknown field":      {"application/json", `{"ruling": "right"}`, nil, api, 400},
		"neither right":      {"application/json", `{"sentence": 0, "by": "a"}`, nil, api, 400},
		"no sentence":        {"application/json", `{"sentence": 7, "right": true, "by": "a"}`, nil, api, 400},
		"exchange not there": {"application/json", `{"sentence": 0, "right": true, "by": "a"}`, nil, base + "/api/exchanges/none/rulings", 404},
	} {
		if r := send(t, tc.target, tc.kind, tc.body, tc.change); r.status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", name, r.status, tc.status, r.body)
		}
	}
	if list, _ := log.Rulings(t.Context(), ""); len(list) != 3 {
		t.Errorf("%d rulings after those that were refused", len(list))
	}
}

func TestOnlyOperatorsRule(t *testing.T) {
	base, log := adminServer(t, "secret", adminEntry("01A", "How long?"))
	const body = `{"sentence": 1, "right": false, "by": "ann"}`
	if r := send(t, base+"/api/exchanges/01A/rulings", "application/json", body, nil); r.status != 401 {
		t.Errorf("without the key: %d", r.status)
	}
	if r := send(t, base+"/exchanges/01A/rulings", "application/x-www-form-urlencoded", "ruling=right", nil); r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), "/login") {
		t.Errorf("the form without the key: %d", r.status)
	}
	if r := send(t, base+"/api/exchanges/01A/rulings", "application/json", body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret") }); r.status != 201 {
		t.Errorf("with the key: %d %s", r.status, r.body)
	}
	if list, _ := log.Rulings(t.Context(), ""); len(list) != 1 {
		t.Errorf("%d rulings", len(list))
	}
}
