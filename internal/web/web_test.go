package web

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

const hostile = `</title></code></p>"><script>alert(1)</script><img src=x onerror=alert(1)>'javascript:alert(1)`

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// all renders every page, with text wherever text from outside can be.
func all(t *testing.T, text string) map[string]string {
	p := pages(t)
	page := Page{Title: text, Policy: text, Index: text, SignOut: true, Refresh: true}
	row := Row{ID: text, At: noon, App: text, Route: text, Model: text, Outcome: text, Verdict: text, Question: text, Note: text, Supported: 1, Contradicted: 1, Shadow: true}
	points := []Point{{noon, Estimate{5, 1, 9, 40}}, {noon.Add(time.Hour), Estimate{}}, {noon.Add(2 * time.Hour), Estimate{7, 3, 12, 60}}, {noon.Add(3 * time.Hour), Estimate{8, 3, 12, 60}}}
	out := map[string]string{}
	add := func(name string, b []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	b, err := p.Overview(&Overview{Page: page, Windows: []Choice{{text, text, "/?window=" + "1h", true}}, Window: text, Selects: []Select{{text, text, []Choice{{text, text, "", true}}}},
		Hallucination: Estimate{5, 1, 9, 100}, Coverage: Estimate{.5, .4, .6, 100}, Exchanges: 3, Judged: true,
		RateChart: LineChart(text, "rate", points, time.Hour, false), CovChart: LineChart(text, "coverage", nil, time.Hour, true),
		OutcomeChart: StackedBars(text, []Column{{noon, 1, 2, 3, 4}}, time.Hour), Rows: []Row{row, {ID: "x", Note: text}}, Older: "/?before=x", First: "/"})
	add("overview", b, err)
	b, err = p.Overview(&Overview{Page: page, Host: text, Model: text})
	add("empty overview", b, err)
	b, err = p.Overview(&Overview{Page: page, Filtered: true, Window: text})
	add("filtered overview", b, err)
	b, err = p.Exchange(&Exchange{Page: page, Row: row, Kind: text, Path: text, Reason: text, Keep: text, Back: "/", Facts: []Fact{{text, text, ""}},
		Latency: []Fact{{text, text, text}}, Bar: Bar([]Segment{{Class: text, N: 3}}),
		Answers: []Answer{{Many: true, Action: text, Pieces: []Piece{{1, Anchor(0, 1), text, text}, {Text: text}}, Sent: text, Changed: true, Err: text, Policy: text, Index: text, Skipped: []string{text},
			Sentences: []Sentence{{1, Anchor(0, 1), text, text, text, text, 0.5, []Evidence{{text, text, text, text, 3, true}}, &Review{text, 0, text, text, []Ruling{{true, text, text, noon}}}}},
			Rules:     []Rule{{text, text, text, text, text, text, []Ref{{1, Anchor(0, 1)}}, text, text, text, text, text, &Review{text, 0, text, text, []Ruling{{false, text, text, noon}}}}}, Guards: []Guard{{text, text, text, 1}}}, {Hashed: true, Pieces: []Piece{{Text: text}}}}})
	add("exchange", b, err)
	b, err = p.Exchange(&Exchange{Page: page, Row: row, Reason: text})
	add("unchecked exchange", b, err)
	rule := Rule{text, text, text, text, text, text, nil, text, text, text, text, text, nil}
	b, err = p.Policies(&Policies{Page: page, Source: text, Label: text, Signed: true, Since: noon, FailedAt: noon, Failure: text, Routes: []string{text},
		Rules: []PolicyRule{{rule, text, []string{text}}}, Exceptions: []PolicyException{{text, text, text, text, text, text, text, text}},
		Switches: []PolicySwitch{{text, text, text, text, noon}}})
	add("policies", b, err)
	b, err = p.Rule(&RuleView{page, text, text, text, []Choice{{text, text, "?window=7d", true}}, []Fact{{text, text, text}}, []string{text},
		[]Table{{text, []string{text}, [][]Choice{{{text, text, "/exchanges/x", false}, {text, text, "", false}}}}, {text, nil, nil}}})
	add("rule", b, err)
	b, err = p.Groups(&Groups{Page: page, Windows: []Choice{{text, text, "/groups", true}}, Window: text, Selects: []Select{{text, text, nil}}, Filtered: true, Compared: 9, Needed: 400, MinSample: 100, Hidden: 2,
		Check: &GroupCheck{text, "", []GroupAlarm{{text, text, text, text, text, text, text, []string{text, text}}}},
		Worse: []Disparity{{text, text, text, true, Forest([]string{text, text}, []string{text, text}, [][3]float64{{.2, .1, .3}, {.1, .05, math.Inf(1)}}), text, text, []string{text}, []string{text}}},
		Rest:  []GroupRow{{text, text, text, text, text, text, text, 5, 6}}, Thin: []ThinGroup{{text, text, 3}}})
	add("groups", b, err)
	b, err = p.Groups(&Groups{Page: page, Check: &GroupCheck{Period: text, Failure: text}})
	add("empty groups", b, err)
	b, err = p.Groups(&Groups{Page: page, Off: true})
	add("groups off", b, err)
	b, err = p.Login(&Login{Page: page, Failed: true, Next: text})
	add("login", b, err)
	b, err = p.Message(&Message{Page: page, Text: text, Link: "/", LinkText: text})
	add("message", b, err)
	return out
}

// TestTextFromOutsideNeverBecomesMarkup parses each page twice, once with harmless
// and once with hostile text: the elements and attributes must be the same.
func TestTextFromOutsideNeverBecomesMarkup(t *testing.T) {
	tame, wild := all(t, "x"), all(t, hostile)
	for name := range tame {
		a, b := shape(t, tame[name]), shape(t, wild[name])
		if a != b {
			t.Errorf("%s: hostile text changed the page", name)
		}
		if !strings.Contains(wild[name], "&lt;script&gt;") {
			t.Errorf("%s: the text is not on the page, so the test says nothing", name)
		}
	}
}

// shape is the elements and attribute names of a page.
func shape(t *testing.T, page string) string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteString(">")
		}
	}
	return b.String()
}

// TestPagesLoadNothingFromElsewhere holds pages to what the Content-Security-Policy
// allows: own files only, no script, style or handler inside a page.
func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	p := pages(t)
	for name, page := range all(t, "x") {
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
				t.Errorf("%s: <%s> inside the page", name, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: attribute %s on <%s>", name, a.Key, n.Data)
				}
				if a.Key == "src" || a.Key == "href" && n.Data == "link" {
					file, _, _ := strings.Cut(strings.TrimPrefix(a.Val, "/static/"), "?")
					if f, ok := p.Static(file); !ok || f.Type == "" {
						t.Errorf("%s: <%s> loads %q, which is no file of ours", name, n.Data, a.Val)
					}
				}
			}
		}
	}
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, _ error) error {
		if d.IsDir() {
			return nil
		}
		b, err := static.ReadFile(name)
		for _, bad := range []string{"http://", "https://", "@import", "eval(", "innerHTML ="} {
			if strings.Contains(strings.ReplaceAll(string(b), `"http://www.w3.org/2000/svg"`, ""), bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryPageHasOneMainHeading is what screen readers navigate by.
func TestEveryPageHasOneMainHeading(t *testing.T) {
	for name, page := range all(t, "x") {
		want := 1
		if got := strings.Count(page, "<h1"); got != want && name != "filtered overview" || got > want {
			t.Errorf("%s has %d main headings", name, got)
		}
	}
}

// TestContrast computes the contrast of every pair of text and ground in both colour
// schemes: 4.5 for text (WCAG AA), 3 for what only marks.
func TestContrast(t *testing.T) {
	css, err := static.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	dark, _, _ := strings.Cut(rest, "*, ::before")
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		colour := map[string][3]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
			v, _ := strconv.ParseUint(m[2], 16, 32)
			colour[m[1]] = [3]float64{float64(v >> 16), float64(v >> 8 & 255), float64(v & 255)}
		}
		for _, c := range []struct {
			on   string
			text []string
			min  float64
		}{
			{"ground", []string{"text", "muted", "link"}, 4.5},
			{"surface", []string{"text", "muted", "link", "good", "bad", "warn", "blank", "rate", "coverage"}, 4.5},
			{"raised", []string{"text", "muted", "link"}, 4.5},
			{"good-soft", []string{"good"}, 4.5}, {"mark", []string{"text"}, 4.5},
			{"bad-soft", []string{"bad", "text"}, 4.5}, {"warn-soft", []string{"warn", "text"}, 4.5}, {"blank-soft", []string{"blank", "text"}, 4.5},
			{"text", []string{"ground"}, 4.5},
		} {
			for _, name := range c.text {
				a, okA := colour[name]
				b, okB := colour[c.on]
				if !okA || !okB {
					t.Fatalf("%s: no colour %s or %s", scheme, name, c.on)
				}
				if got := contrast(a, b); got < c.min {
					t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", scheme, name, c.on, got, c.min)
				}
			}
		}
	}
}

func contrast(a, b [3]float64) float64 {
	l := func(c [3]float64) float64 {
		sum := 0.0
		for i, w := range []float64{0.2126, 0.7152, 0.0722} {
			v := c[i] / 255
			if v <= 0.03928 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += w * v
		}
		return sum
	}
	x, y := l(a), l(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestWordsForNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(1234567), "1,234,567"},
		{number(0), "0"}, {number(0.123), "0.12"}, {number(12.34), "12.3"}, {number(99.96), "100"}, {number(1234.5), "1,235"},
		{percent(0), "0%"}, {percent(0.0004), "<0.1%"}, {percent(0.5), "50.0%"}, {percent(0.9999), ">99.9%"}, {percent(1), "100%"},
		{Millis(0.4), "0.40 ms"}, {Millis(12.3), "12.3 ms"}, {Millis(450), "450 ms"}, {Millis(1500), "1.50 s"}, {Millis(65000), "65.0 s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWhatWasNotMeasuredIsAGapInTheLine(t *testing.T) {
	one := Estimate{50, 20, 80, 100}
	var points []Point
	for i, e := range []Estimate{one, one, {}, one, {}, one, one, one} {
		points = append(points, Point{noon.Add(time.Duration(i) * time.Hour), e})
	}
	c := LineChart("rate", "rate", points, time.Hour, false)
	if got := strings.Count(c.Line, "M"); got != 2 {
		t.Errorf("%d lines, want 2: the gaps must stay open", got)
	}
	if got := strings.Count(c.Dots, "M"); got != 1 {
		t.Errorf("%d dots, want 1 for the step that stands alone", got)
	}
	if len(c.Steps) != 8 || !strings.Contains(c.Steps[2].Title, "nothing measured") || !strings.Contains(c.Steps[0].Title, "50.0 per 1,000 (95%: 20.0 to 80.0)") {
		t.Errorf("steps %+v", c.Steps)
	}
	if !LineChart("", "", points[2:3], time.Hour, false).Empty {
		t.Error("a chart of nothing does not say so")
	}
}

// TestChartsStayInTheirBox draws odd values and looks for coordinates that are not
// numbers or lie outside.
func TestChartsStayInTheirBox(t *testing.T) {
	for _, e := range []Estimate{{0, 0, 1, 1}, {1000, 999, 1000, 5}, {1000, 0, 1000, 1}, {0.001, 0, 900, 3}} {
		for _, share := range []bool{false, true} {
			p := e
			if share {
				p = Estimate{e.Value / 1000, e.Low / 1000, e.High / 1000, e.Of}
			}
			c := LineChart("", "", []Point{{noon, p}, {noon.Add(time.Hour), p}}, time.Hour, share)
			for _, s := range regexp.MustCompile(`[-0-9.]+|NaN|Inf`).FindAllString(c.Line+c.Band, -1) {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil || v < 0 || v > box {
					t.Errorf("%+v: coordinate %s", p, s)
				}
			}
		}
	}
}
