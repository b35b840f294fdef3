package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// runCheckOn runs check with the given standard input.
func runCheckOn(stdin string, args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = runCheck(context.Background(), args, Streams{In: strings.NewReader(stdin), Out: &o, Err: &e})
	return status, o.String(), e.String()
}

// What a person gets wrong in the JSON is named in one line, without Go's words.
func TestCheckRefusesWhatItWouldIgnore(t *testing.T) {
	for stdin, want := range map[string]string{
		`{"answer": "a", "context": {"sauce": "x", "text": "b"}}`: `context.sauce: there is no such field; there are: source, text, title`,
		`{"answer": "a", "context": ["b", {"txet": "c"}]}`:        `context[1].txet: there is no such field; there are: source, text, title`,
		`{"answer": "a", "contxt": "b"}`:                          `contxt: there is no such field; there are: answer, context, question`,
		`{"Answer": "a"}`:                                         `Answer: there is no such field; there are: answer, context, question`,
		`{"answer": "a"} {"answer": "b"}`:                         `standard input is not one JSON object: invalid character '{' after top-level value, at byte 17`,
		`{"answer": "a"} trailing`:                                `standard input is not one JSON object: invalid character 't' after top-level value, at byte 17`,
		``:                                                        `standard input is not one JSON object: unexpected end of JSON input, at byte 0`,
		`{"answer": `:                                             `standard input is not one JSON object: unexpected end of JSON input, at byte 11`,
		strings.Repeat(" ", 100) + `["a"]`:                        `standard input is a list where an object is needed`,
		`null`:                                                    `standard input is null where an object is needed`,
		`{"answer": 7}`:                                           `answer is a number where a text is needed`,
		`{"question": true, "answer": "a"}`:                       `question is true or false where a text is needed`,
		`{"answer": "a", "context": 7}`:                           `context is a number where a text or an object with text is needed`,
		`{"answer": "a", "context": [["b"]]}`:                     `context[0] is a list where a text or an object with text is needed`,
		`{"answer": "a", "context": {"text": {"a": 1}}}`:          `context.text is an object where a text is needed`,
		`{"answer": "a", "context": [{"source": "s"}]}`:           `context[0].text is missing or empty`,
		`{"answer": ""}`:                                          `there is no answer to check: give -answer TEXT, or "answer" in the JSON on standard input`,
		`{"answer": null, "question": "q"}`:                       `there is no answer to check: give -answer TEXT, or "answer" in the JSON on standard input`,
		`{"answer": "a", "\u001b[31m": 1}`:                        `"\x1b[31m": there is no such field; there are: answer, context, question`,
		strings.Repeat(`{"answer":`, 20_000) + strings.Repeat("}", 20_000): `standard input is not one JSON object: invalid character '{' exceeded max depth, at byte`,
	} {
		status, out, errs := runCheckOn(stdin)
		if status != exitUsage || out != "" || !strings.HasPrefix(errs, "touchstone check: "+want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%.80s: status %d\ngot  %q\nwant %q", stdin, status, errs, want)
		}
	}
}

func TestCheckReadsEveryFormOfContext(t *testing.T) {
	for _, c := range []struct{ context, source string }{
		{`"The trial lasts 14 days."`, "context"},
		{`{"source": "terms", "title": null, "text": "The trial lasts 14 days."}`, "terms"},
		{`["Water is wet.", "The trial lasts 14 days."]`, "context-2"},
		{`[{"text": "The trial lasts 14 days.", "source": "terms", "title": "Trial"}, "Water is wet."]`, "terms"},
	} {
		status, out, errs := runCheckOn(fmt.Sprintf(` {"question": null, "answer": "The trial lasts 45 days.", "context": %s} `, c.context), "-o", "json")
		var receipt struct {
			Action    string
			Sentences []struct{ Evidence []struct{ Source string } }
		}
		if err := json.Unmarshal([]byte(out), &receipt); err != nil || status != exitBlocked || receipt.Action != "block" {
			t.Fatalf("%s: status %d, %v, %s%s", c.context, status, err, out, errs)
		}
		if e := receipt.Sentences[0].Evidence; len(e) == 0 || e[0].Source != "caller:"+c.source {
			t.Errorf("%s: it rests on %+v", c.context, e)
		}
	}
	// Options and standard input add up.
	if status, out, errs := runCheckOn(`{"answer": "The trial lasts 14 days.", "context": "Water is wet."}`, "-context", "The trial lasts 14 days."); status != exitOK || !strings.Contains(out, "context-1") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestCheckMisusedSaysSoInOneLine(t *testing.T) {
	for want, args := range map[string][]string{
		`there is no answer to check`:                      {"-answer", ""},
		`flag provided but not defined: -nonsense`:         {"-nonsense"},
		`invalid value "@no-such-file" for flag -answer: `: {"-answer", "@no-such-file"},
		`flag needs an argument: -answer`:                  {"-answer"},
		`-o "yaml" is not text or json`:                    {"-o", "yaml", "-answer", "a"},
		`standard input can be read only once`:             {"-context", "-", "-answer", "-"},
	} {
		status, out, errs := runCheckOn("", args...)
		if status != exitUsage || out != "" || !strings.HasPrefix(errs, "touchstone check: ") || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: status %d, said %q, want %q", args, status, errs, want)
		}
	}
	if status, _, errs := runCheckOn("", "-h"); status != exitOK || !strings.HasPrefix(errs, "usage: touchstone check") || !strings.Contains(errs, "-answer TEXT") {
		t.Errorf("-h: status %d, %s", status, errs)
	}
}
