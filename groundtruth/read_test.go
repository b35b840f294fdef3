package groundtruth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

func read(t *testing.T, name, data string) (Document, []string) {
	t.Helper()
	doc, notices, err := Read(context.Background(), name, []byte(data))
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	checkPassages(t, doc)
	return doc, notices
}

// checkPassages holds what is true of every document.
func checkPassages(t *testing.T, doc Document) {
	t.Helper()
	end := 0
	for i, p := range doc.Passages {
		switch {
		case p.Ordinal != i, p.Start < end, p.End <= p.Start, p.End > len(doc.Text), doc.Text[p.Start:p.End] != p.Text:
			t.Fatalf("passage %d is %d:%d after %d, ordinal %d", i, p.Start, p.End, end, p.Ordinal)
		case !utf8.ValidString(p.Text):
			t.Fatalf("passage %d cuts a character", i)
		case strings.TrimSpace(doc.Text[end:p.Start]) != "":
			t.Fatalf("passage %d leaves out %q", i, doc.Text[end:p.Start])
		case p.End-p.Start > maxRow:
			t.Fatalf("passage %d has %d bytes", i, p.End-p.Start)
		}
		end = p.End
	}
	if strings.TrimSpace(doc.Text[end:]) != "" {
		t.Fatalf("the text ends with %q, in no passage", doc.Text[end:])
	}
}

// outline shows a document as "heading: text" blocks, one a line.
func outline(doc Document) string {
	var out strings.Builder
	for _, p := range doc.Passages {
		fmt.Fprintf(&out, "[%s] %s\n", p.Heading, strings.ReplaceAll(p.Text, "\n", "|"))
	}
	return out.String()
}

func TestReaders(t *testing.T) {
	for _, c := range []struct{ name, file, data, title, want string }{
		{"markdown sections", "a.md", "# Returns\n\nWithin **30&nbsp;days**\nof delivery.\n\n## Exceptions\n\nNot for [gift cards](https://x.example/g).\n\n### Sale\n\nNever.\n\n## Contact\n\nCall us.\n", "Returns",
			"[] Within 30 days of delivery.\n[Exceptions] Not for gift cards (https://x.example/g).\n[Exceptions > Sale] Never.\n[Contact] Call us.\n"},
		{"markdown table", "a.md", "| Plan | Price |\n|---|---|\n| Basic | 5 \\| month |\n| Pro | |\n", "a", "[] Plan: Basic; Price: 5 | month|Plan: Pro\n"},
		{"markdown list, code and entities", "a.md", "Steps:\n\n1. Log in\n2. Pay\n   - by card\n\n```sh\nrun  --fast\n  now\n```\n\nA &amp; B \\*c\\* `d*e`\n", "a",
			"[] Steps:||1. Log in|2. Pay|- by card||run  --fast|  now||A & B *c* d*e\n"},
		{"markdown front matter and an empty section", "a.md", "---\ntitle: \"The Plan\"\ndate: 2024-01-01\n---\n\n## Refunds take 5 days\n\n## Next\n\nText.\n", "The Plan", "[] Refunds take 5 days\n[Next] Text.\n"},
		{"markdown with HTML", "a.md", "<div><p>Old <b>rate</b>: 3%</p><script>no()</script></div>\n\nNew <i>rate</i>: 4%\n", "a", "[] Old rate: 3%||New rate: 4%\n"},
		{"text", "b.txt", "This line is long enough that it was only wrapped by an editor\nand goes on here.\r\n\r\nShort\nlines\n- one\n- two\n", "b",
			"[] This line is long enough that it was only wrapped by an editor and goes on here.||Short|lines||- one|- two\n"},
		{"html", "c.html", `<!doctype html><title>Fees &amp; more</title><nav>Home</nav><div role=navigation>Menu</div><p aria-hidden=false hidden>no</p><h1>Fees</h1><p>It is <b>3</b>&nbsp;EUR.<p hidden>secret<div style="display: none">no</div>
			<ul><li>first<li><p>second</p></ul><ol start=4><li>fourth</ol><h2>More</h2>x<br>y<script>z</script><footer>foot</footer>`, "Fees & more",
			"[Fees] It is 3 EUR.||- first|- second|4. fourth\n[Fees > More] x y\n"},
		{"html table", "c.html", `<table><caption>Rates</caption><tr><th>Zone<th colspan=2>Price<tr><td rowspan=2>North<td>1<td>2<tr><td>3<td>4</table>
			<table><tr><th>Opens<td>9:00</table>`, "c",
			"[] Rates||Zone: North; Price: 1; Price: 2|Zone: North; Price: 3; Price: 4|Opens: 9:00\n"},
		{"html layout table", "c.html", "<table><tr><td><h2>Left</h2><p>a<td><table><tr><td>b<td>c</table></table>", "c", "[Left] a||b; c\n"},
		{"csv", "d.csv", "\ufeffSKU;Name;Price\nDW-620;\"Drill; blue\";99,50\nDW-7;Saw;\n", "d", "[] SKU: DW-620; Name: Drill; blue; Price: 99,50|SKU: DW-7; Name: Saw\n"},
		{"jsonl text", "e.jsonl", `{"id":1,"title":"Opening hours","text":"From 9 to 17.","secret":"x"}` + "\n\n" + `{"id":"k2","passage":"Closed on Sunday."}`, "e",
			"[Opening hours] From 9 to 17.\n[k2] Closed on Sunday.\n"},
		{"jsonl fields", "e.jsonl", `{"name":"Inn","rating":4.50,"hours":{"mon":"9-5","sun":null},"tags":["a","b"],"open":true}`, "e",
			"[Inn] name: Inn|rating: 4.50|hours.mon: 9-5|tags: a, b|open: true\n"},
		{"no extension", "README", "Just words.", "README", "[] Just words.\n"},
		{"sniffed html", "page", "<!DOCTYPE HTML><p>Hello", "page", "[] Hello\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, notices := read(t, c.file, c.data)
			if got := outline(doc); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if doc.Title != c.title {
				t.Errorf("title %q, want %q", doc.Title, c.title)
			}
			if len(notices) > 0 {
				t.Errorf("notices %q", notices)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"a.md", "", "it holds no text"},
		{"a.md", "ab\x00c", "NUL bytes"},
		{"x.png", "\x89PNG\x00\x00", "not a kind of file that can be read"},
		{"a.csv", "a,b\n1,2\n1,2,3\n", "line 3 has 3 fields and the header has 2"},
		{"a.csv", "a,b\n", "a header and no rows"},
		{"a.csv", "a,b\n\"1,2\n", "reading CSV"},
		{"a.jsonl", "{\"a\":1}\n{\"a\":\n", "line 2 is not valid JSON"},
		{"a.jsonl", "[1]\n", "line 1 is not a JSON object"},
		{"a.pdf", "%PDF-1.4 and nothing else", "reading PDF"},
		{"a.pdf", string(handMadePDF()), "it holds no text"},
		{"a.pdf", "%PDF-1.4" + strings.Repeat("[", 5000), "nested too deep"},
	} {
		if _, _, err := Read(context.Background(), c.name, []byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.20q: %v, want %q", c.name, c.data, err, c.want)
		}
	}
}

func TestReadEncodings(t *testing.T) {
	var utf16le bytes.Buffer
	utf16le.Write([]byte{0xFF, 0xFE})
	for _, u := range utf16.Encode([]rune("Grüße für 5 €")) {
		utf16le.Write([]byte{byte(u), byte(u >> 8)})
	}
	for _, c := range []struct{ name, data, want, notice string }{
		{"a.txt", "\ufeffGrüße für 5 €", "Grüße für 5 €", ""},
		{"a.txt", utf16le.String(), "Grüße für 5 €", ""},
		{"a.txt", "Gr\xfc\xdfe f\xfcr 5 \x80", "Grüße für 5 €", "it is not UTF-8; read as windows-1252"},
		{"a.html", "<meta charset=shift_jis><p>\x93\xfa\x96\x7b", "日本", "it is not UTF-8; read as shift_jis"},
	} {
		doc, notices := read(t, c.name, c.data)
		if doc.Text != c.want || strings.Join(notices, "") != c.notice {
			t.Errorf("%.20q: got %q, notices %q", c.data, doc.Text, notices)
		}
	}
}

// pdfFile is a PDF of numbered objects, the first of which is its catalogue.
func pdfFile(objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	xref := ""
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n",
		len(objects)+1, xref, len(objects)+1, start)
	return out.Bytes()
}

func pdfStream(entries, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", entries, len(content), content)
}

// handMadePDF is a PDF with one page for each content, in a font whose glyphs
// are half as wide as high.
func handMadePDF(pages ...string) []byte {
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", 4+2*i)
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), kids),
		fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 /Widths [%s] >>", strings.Repeat("500 ", 95)),
	}
	for _, content := range pages {
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", len(objects)+2),
			pdfStream("", content))
	}
	return pdfFile(objects...)
}

// compositePDF has a font of two-byte codes with widths of their own, and shows
// part of its text through a form.
func compositePDF() []byte {
	return pdfFile(
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 4 0 R >> /XObject << /X1 8 0 R >> >> /Contents 7 0 R >>",
		"<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [5 0 R] /ToUnicode 6 0 R >>",
		"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Own /DW 600 /W [1 [900 300] 3 4 500] >>",
		pdfStream("", "1 begincodespacerange <0000> <FFFF> endcodespacerange\n4 beginbfchar <0001> <0057> <0002> <FB01> <0003> <0065> <0004> <20AC> endbfchar"),
		pdfStream("", "q 1 0 0 1 0 700 cm BT /F1 10 Tf 0 0 Td <0001> Tj 9 0 Td <00020003> Tj 11 0 Td <0004> Tj ET Q /X1 Do"),
		pdfStream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Matrix [1 0 0 1 0 600]", "BT /F1 10 Tf 0 0 Td [<0001> -20 <0003> -300 <0003>] TJ ET"),
	)
}

func TestReadPDF(t *testing.T) {
	first := "BT /F1 12 Tf 72 700 Td (Goods may be returned within the first thirty days of deli-) Tj 0 -14 Td (very to the) Tj 70 0 Td (shop.) Tj -70 -40 Td (Fees are 3 EUR.) Tj ET"
	doc, _ := read(t, "terms.pdf", string(handMadePDF(first, "BT /F1 12 Tf 72 700 Td [(Sec) 20 (ond) -400 (page.)] TJ ET")))
	want := "[Page 1] Goods may be returned within the first thirty days of delivery to the shop.||Fees are 3 EUR.\n[Page 2] Second page.\n"
	if got := outline(doc); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	doc, _ = read(t, "composite.pdf", string(compositePDF()))
	if got := outline(doc); got != "[Page 1] Wfie €||We e\n" {
		t.Errorf("composite font: got %s", got)
	}
}

// TestReadEndsWithContext reads a file that keeps its parser busy for seconds.
func TestReadEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := Read(ctx, "a.md", bytes.Repeat([]byte("[a]("), 20_000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestPassageSizes(t *testing.T) {
	sentence := "Dr. Adams of section 4.2 pays 1,250.50 EUR for each of the 27 late deliveries. "
	long := strings.Repeat(sentence, 60)
	doc, _ := read(t, "a.txt", long+"\n\nShort end.")
	if len(doc.Passages) < 4 {
		t.Fatalf("%d passages of %d bytes", len(doc.Passages), len(doc.Text))
	}
	for _, p := range doc.Passages {
		if len(p.Text) > maxPassage {
			t.Errorf("passage of %d bytes", len(p.Text))
		}
		if !strings.HasPrefix(p.Text, "Dr. Adams") && p.Text != "Short end." {
			t.Errorf("a passage begins within a sentence: %.40q", p.Text)
		}
	}
	doc, _ = read(t, "a.txt", strings.Repeat("日本語テキスト", 2000))
	for _, p := range doc.Passages {
		if len(p.Text) > maxPassage {
			t.Errorf("passage of %d bytes", len(p.Text))
		}
	}
	cell := strings.Repeat("word ", 600) // a row longer than any paragraph may be
	doc, _ = read(t, "a.csv", "Key,Notes\n1,"+cell+"\n2,short\n")
	if len(doc.Passages) != 2 || !strings.HasPrefix(doc.Passages[0].Text, "Key: 1; Notes: word") || doc.Passages[1].Text != "Key: 2; Notes: short" {
		t.Errorf("rows were cut: %d passages", len(doc.Passages))
	}
}

func fuzzReader(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, _, err := Read(context.Background(), name, data)
		if err == nil {
			checkPassages(t, doc)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	fuzzReader(f, "a.md", "# a\n\nb\n\n## c\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n  1. y\n\n> q\n\n```\nz\n```\n", "---\ntitle: x\n---\n[a](b)<b>c</b>")
}

func FuzzHTML(f *testing.F) {
	fuzzReader(f, "a.html", "<title>t</title><h1>a</h1><table><tr><th>x<tr><td rowspan=2 colspan=3>1<tr><td>2</table><ol><li>1<ul><li>2</ul></ol><pre>x\n y</pre>")
}

func FuzzPlain(f *testing.F) {
	fuzzReader(f, "a.txt", "a\nb\n\n- c\n1. d\n", "\xff\xfea\x00")
}

func FuzzCSV(f *testing.F) { fuzzReader(f, "a.csv", "a,b\n1,2\n", "a;b\n\"1\n\";2\n") }

func FuzzJSONL(f *testing.F) {
	fuzzReader(f, "a.jsonl", `{"title":"a","text":"b"}`+"\n"+`{"a":{"b":[1,{"c":null}]},"d":[1,"x"]}`)
}

func FuzzPDF(f *testing.F) {
	fuzzReader(f, "a.pdf", string(handMadePDF("BT /F1 12 Tf 72 700 Td (Hello) Tj ET")), string(compositePDF()))
}
