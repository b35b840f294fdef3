package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestCorpusIsTheSameForASeedAndAnswersDiffer(t *testing.T) {
	a, b := newCorpus(300, 1), newCorpus(300, 1)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	for i, c := range []*corpus{a, b} {
		if err := c.write(dirs[i]); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(dirs[0] + "/*.md")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d files, %v; want 15 of 20 passages", len(files), err)
	}
	sections := 0
	for _, f := range files {
		one, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(dirs[1], filepath.Base(f)))
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s differs between two runs of one seed (%v)", filepath.Base(f), err)
		}
		sections += strings.Count(string(one), "\n## ")
	}
	if sections != 300 {
		t.Errorf("%d sections, want 300", sections)
	}
	seen := map[string]bool{}
	for n := range uint64(2000) {
		sentences := a.answer(n)
		text := strings.Join(sentences, " ")
		if len(sentences) != 12 || seen[text] || strings.Contains(text, "%s") || strings.Contains(text, "%v") {
			t.Fatalf("answer %d is a repeat, is not of 12 sentences or has an unfilled template: %s", n, text)
		}
		seen[text] = true
	}
}

func TestLoadMeasuresOnlyGoodAnswers(t *testing.T) {
	up, err := startUpstream(newCorpus(100, 1), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.server.Shutdown() })
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)

	var numbers atomic.Uint64
	l, err := drive(up.url, plainModel, 4, 50*time.Millisecond, &numbers)
	if err != nil || l.requests < 4 || l.rps <= 0 || l.p50 <= 0 || l.p99 < l.p50 {
		t.Errorf("direct: %+v, %v", l, err)
	}
	if _, err := drive(broken.URL, plainModel, 1, 30*time.Millisecond, &numbers); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("an answer that is not 200 must end the measurement, got %v", err)
	}
	direct, err := streams(up.url, plainModel, 3, up, &numbers)
	if err != nil {
		t.Fatal(err)
	}
	if direct.afterFirst[0] < 0 || direct.afterSentence[0] > 0 {
		t.Errorf("direct stream: %+v; the first text comes after it left and before the sentence is whole", direct)
	}
}

func TestUpstreamAnswersAreValid(t *testing.T) {
	up := &upstream{corpus: newCorpus(100, 1)}
	var ctx fasthttp.RequestCtx
	ctx.Request.SetBody(requestBody(plainModel, 7, false))
	up.serve(&ctx)
	var got struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal(ctx.Response.Body(), &got); err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(up.corpus.answer(7), " "); got.Choices[0].Message.Content != want {
		t.Errorf("got %q, want answer 7", got.Choices[0].Message.Content)
	}
	ctx.Response.Reset()
	ctx.Request.SetBodyString(`{"messages":[]}`)
	if up.serve(&ctx); ctx.Response.StatusCode() != 400 {
		t.Errorf("a request without a number got %d", ctx.Response.StatusCode())
	}
}

func TestResultsShowTheSpread(t *testing.T) {
	r := newResults(options{})
	for _, v := range []float64{3, 1, 2} {
		r.add("x", v)
	}
	r.add("cold start ms", 1001)
	r.add("plain ÷ floor requests/s", .9)
	r.verdicts("checked", map[string]int{"pass": 2})
	var b bytes.Buffer
	r.table(&b)
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"1.000 2.000 3.000 x", "1001.000 aim 1000: MISSED cold start ms", "0.900 aim 0.9: met plain", "map[pass:2]"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	path := filepath.Join(t.TempDir(), "new", "b.json")
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(data, []byte(`"median": 2`)) {
		t.Errorf("got %s, %v", data, err)
	}
}
