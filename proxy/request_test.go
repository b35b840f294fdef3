package proxy

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestForwardChangesOnlyWhatItMust(t *testing.T) {
	const messages = `"messages":[{"role":"user","content":"x"}]`
	for _, tc := range []struct{ name, in, rename, want string }{
		{"nothing", `{ "model":"m",` + messages + `, "t":1.50}`, "", `{ "model":"m",` + messages + `, "t":1.50}`},
		{"guard first", `{"guard":{} , "model":"m",` + messages + `}`, "", `{ "model":"m",` + messages + `}`},
		{"guard in the middle", `{"model":"m", "guard":{"detail":true},` + messages + `}`, "", `{"model":"m",` + messages + `}`},
		{"guard last", `{"model":"m",` + messages + `,"guard":{"context":"a, \"b\" }"} }`, "", `{"model":"m",` + messages + ` }`},
		{"renamed", `{"model" : "m",` + messages + `,"user":"m"}`, "n\"1", `{"model" : "n\"1",` + messages + `,"user":"m"}`},
		{"both", `{"guard":null,` + messages + `,"model":"m"}`, "n", `{` + messages + `,"model":"n"}`},
		{"inside a message it is not ours", `{"model":"m","messages":[{"role":"user","content":"x","guard":{}}]}`, "", `{"model":"m","messages":[{"role":"user","content":"x","guard":{}}]}`},
	} {
		req, err := parseChat([]byte(tc.in))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got := string(req.forward(tc.rename, nil)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

func TestParseChatNamesTheField(t *testing.T) {
	for in, want := range map[string]string{
		`[]`:                                  "must be a JSON object, not an array",
		`{"messages":[]}`:                     `"model" is missing`,
		`{"model":"m"}`:                       `"messages" is missing`,
		`{"model":"m","messages":[]}`:         `"messages" must not be empty`,
		`{"model":"m","messages":{}}`:         `"messages" must be an array, not an object`,
		`{"model":"m","messages":["x"]}`:      `"messages[0]" must be an object, not a string`,
		`{"model":"m","messages":[{}]}`:       `"messages[0].role" is missing`,
		`{"model":"m","stream":"yes"}`:        `"stream" must be a boolean, not a string`,
		`{"model":"m","n":0}`:                 `"n" must be a whole number from 1 to 128, not the number 0`,
		`{"model":"m","n":1.5}`:               `not the number 1.5`,
		`{"Model":"m"}`:                       `"Model" must be written "model"`,
		`{"mod\u0065l":"a","model":"b"}`:      `"model" is given twice`,
		`{"model":"m","stream":1,"stream":1}`: `"stream" must be a boolean`,
		`{"model":"m","messages":[{"role":"user","content":[1]}]}`:               `"messages[0].content[0]" must be an object`,
		`{"model":"m","messages":[{"role":"user"}],"guard":[]}`:                  `"guard" must be an object, not an array`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"kontext":1}}`:       `not "kontext"`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"context":7}}`:       `"guard.context" must be a string or an array`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"context":[7]}}`:     `"guard.context[0]" must be a string or an object with text`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"group":7}}`:         `"guard.group" must be a string or an array of strings, not the number 7`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"group":["a:b",7]}}`: `"guard.group" must be a string or an array of strings, not the number 7`,
		`{"model":"m","messages":[{"role":"user"}],"guard":{"group":"Women"}}`:   `takes groups such as "gender:woman", not "Women"`,
		`{"model":"m"`:                              "at byte",
		strings.Repeat(`{"a":`, 2000) + `1`:         "nested deeper than 512",
		strings.Repeat("[", 1<<20):                  "nested deeper than 512",
		`{"model":"m","messages":[{"role":"u"}]} x`: "at byte 41",
	} {
		_, err := parseChat([]byte(in))
		var e *apiError
		if !errors.As(err, &e) || e.status != 400 || !strings.Contains(e.message, want) {
			t.Errorf("%.60s: got %+v, want %q", in, err, want)
		}
	}
}

// FuzzParseChat holds the surgery to its word: the forwarded body says what the
// client's says, less the guard member, and never more.
func FuzzParseChat(f *testing.F) {
	f.Add([]byte(`{"guard":{"context":["a"]},"model":"m","messages":[{"role":"user","content":"x"}]}`))
	f.Add([]byte(`{ "model" : "m" , "guard" : null , "messages" : [ {"role":"user"} ] , "guard2" : [1,{"guard":2}] }`))
	f.Fuzz(func(t *testing.T, in []byte) {
		req, err := parseChat(in)
		if err != nil {
			return
		}
		var before, after map[string]any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("accepted %q: %v", in, err)
		}
		out := req.forward("other", nil)
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		delete(before, "guard")
		before["model"] = "other"
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}
