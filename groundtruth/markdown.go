package groundtruth

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// deepQuote matches quotes nested so deep that only an attack writes them: the
// parser recurses once for each.
var deepQuote = regexp.MustCompile(`(?m)^[> \t]{200,}`)

// frontMatter is a YAML header between lines of three dashes; frontTitle its title.
var (
	frontMatter = regexp.MustCompile(`\A---[ \t]*\n(?s:(.*?)\n)?(?:---|\.\.\.)[ \t]*(?:\n|\z)`)
	frontTitle  = regexp.MustCompile(`(?m)^title:[ \t]*(.+)$`)
)

// markdown reads CommonMark with tables, strikethrough, task and definition
// lists and footnotes.
func (x *extract) markdown(source string) {
	source = strings.ReplaceAll(source, "\r\n", "\n")
	if m := frontMatter.FindStringSubmatchIndex(source); m != nil {
		if m[2] >= 0 {
			if t := frontTitle.FindStringSubmatch(source[m[2]:m[3]]); t != nil {
				x.title = oneLine(strings.Trim(strings.TrimSpace(t[1]), `"'`))
			}
		}
		source = source[m[1]:]
	}
	src := []byte(deepQuote.ReplaceAllString(source, "> "))
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList,
		extension.DefinitionList, extension.Footnote, extension.Linkify))
	m := markdown{x, src}
	m.blocks(md.Parser().Parse(text.NewReader(src)), "")
}

type markdown struct {
	x   *extract
	src []byte
}

// blocks adds the blocks below n; mark stands before the first, as that of a
// list item does.
func (m markdown) blocks(n ast.Node, mark string) {
	k := paragraph
	if mark != "" {
		k = item
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Heading:
			m.x.head(c.Level, m.inline(c))
		case *ast.Paragraph, *ast.TextBlock, *extast.DefinitionTerm:
			if t := oneLine(m.inline(c)); t != "" {
				m.x.add(k, mark+t)
				mark = strings.Repeat(" ", len(mark))
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			m.x.add(code, m.lines(c))
		case *ast.HTMLBlock:
			// A fragment that the parser cannot make sense of has no text to keep.
			_ = m.x.html(m.lines(c))
		case *ast.List:
			number := c.Start
			for li := c.FirstChild(); li != nil; li = li.NextSibling() {
				bullet := "- "
				if c.IsOrdered() {
					bullet = fmt.Sprintf("%d%c ", number, c.Marker)
					number++
				}
				m.blocks(li, bullet)
			}
		case *extast.Table:
			m.table(c)
		default:
			m.blocks(c, "")
		}
	}
}

func (m markdown) table(t *extast.Table) {
	var header []string
	for r := t.FirstChild(); r != nil; r = r.NextSibling() {
		var values []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			values = append(values, oneLine(m.inline(c)))
		}
		if _, ok := r.(*extast.TableHeader); ok {
			header = values
			if r.NextSibling() == nil { // a table of nothing but its header
				m.x.add(row, cells(nil, values))
			}
			continue
		}
		m.x.add(row, cells(header, values))
	}
}

func (m markdown) lines(n ast.Node) string {
	var out strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		out.Write(line.Value(m.src))
	}
	return out.String()
}

// inline is the text of n as a reader of the page sees it, with the addresses
// of links that the text does not show.
func (m markdown) inline(n ast.Node) string {
	var out strings.Builder
	m.write(&out, n)
	return out.String()
}

func (m markdown) write(out *strings.Builder, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			value := c.Segment.Value(m.src)
			if !c.IsRaw() {
				value = []byte(html.UnescapeString(string(util.UnescapePunctuations(value))))
			}
			out.Write(value)
			if c.SoftLineBreak() || c.HardLineBreak() {
				out.WriteByte('\n')
			}
		case *ast.String:
			out.Write(c.Value)
		case *ast.CodeSpan:
			for t := c.FirstChild(); t != nil; t = t.NextSibling() {
				if t, ok := t.(*ast.Text); ok {
					out.Write(t.Segment.Value(m.src))
				}
			}
		case *ast.AutoLink:
			out.Write(c.Label(m.src))
		case *ast.Link:
			start := out.Len()
			m.write(out, c)
			out.WriteString(address(string(c.Destination), out.String()[start:]))
		default: // emphasis, images with their alternative text; raw HTML has no children
			m.write(out, c)
		}
	}
}

// address is the address of a link in parentheses, if it leads out of the
// document and the text does not show it.
func address(dest, shown string) string {
	for _, scheme := range []string{"http://", "https://", "mailto:", "tel:"} {
		if rest, ok := strings.CutPrefix(dest, scheme); ok && !strings.Contains(shown, strings.TrimRight(rest, "/")) {
			if scheme == "mailto:" || scheme == "tel:" {
				dest = rest
			}
			return " (" + dest + ")"
		}
	}
	return ""
}
