package groundtruth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// html reads a page: what a visitor sees, without navigation and footer.
func (x *extract) html(source string) error {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return fmt.Errorf("parsing HTML: %w", err)
	}
	p := &page{x: x}
	p.walk(root)
	p.flush(paragraph)
	return nil
}

// page is a walk over an HTML tree; line is the text of the block at hand.
type page struct {
	x     *extract
	line  strings.Builder
	lists []list
}

type list struct {
	ordered bool
	number  int
}

// skipped elements hold nothing that a visitor reads as the page's content.
var skipped = []atom.Atom{atom.Script, atom.Style, atom.Nav, atom.Footer, atom.Noscript, atom.Template, atom.Svg,
	atom.Iframe, atom.Object, atom.Canvas, atom.Select, atom.Button, atom.Form, atom.Textarea, atom.Math, atom.Audio, atom.Video}

// inlines are the elements within a line; every other one ends it.
var inlines = []atom.Atom{atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Data, atom.Del, atom.Dfn,
	atom.Em, atom.Font, atom.I, atom.Img, atom.Ins, atom.Kbd, atom.Label, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small,
	atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr, atom.Strike, atom.Big}

func (p *page) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		p.line.WriteString(n.Data)
		return
	case html.ElementNode:
		if slices.Contains(skipped, n.DataAtom) || hidden(n) {
			return
		}
	case html.DocumentNode:
	default:
		return
	}
	switch n.DataAtom {
	case atom.Title:
		if t := oneLine(textOf(n)); t != "" && p.x.title == "" && len(p.x.blocks) == 0 {
			p.x.title = t
		}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.flush(paragraph)
		p.x.head(int(n.Data[1]-'0'), textOf(n))
	case atom.Br:
		p.line.WriteByte('\n')
	case atom.Pre:
		p.flush(paragraph)
		p.x.add(code, textOf(n))
	case atom.Table:
		p.flush(paragraph)
		if isData(n) {
			p.table(n)
		} else {
			p.children(n)
		}
	case atom.Ul, atom.Ol:
		p.flush(paragraph)
		l := list{n.DataAtom == atom.Ol, 1}
		if start, err := strconv.Atoi(attr(n, "start")); err == nil {
			l.number = start
		}
		p.lists = append(p.lists, l)
		p.children(n)
		p.lists = p.lists[:len(p.lists)-1]
	case atom.Li:
		p.flush(paragraph)
		mark := "- "
		if k := len(p.lists); k > 0 && p.lists[k-1].ordered {
			mark = fmt.Sprintf("%d. ", p.lists[k-1].number)
			p.lists[k-1].number++
		}
		p.line.WriteString(mark)
		p.children(n)
		p.flush(item)
	case atom.A:
		start := p.line.Len()
		p.children(n)
		if p.line.Len() > start {
			p.line.WriteString(address(attr(n, "href"), p.line.String()[start:]))
		}
	case atom.Img:
		if alt := attr(n, "alt"); alt != "" {
			p.line.WriteString(alt)
		}
	case atom.Td, atom.Th: // of a table that only lays out
		p.flush(paragraph)
		p.children(n)
		p.flush(paragraph)
	default:
		inline := n.Type == html.DocumentNode || slices.Contains(inlines, n.DataAtom) || n.DataAtom == 0
		if !inline {
			p.flush(paragraph)
		}
		p.children(n)
		if !inline {
			p.flush(paragraph)
		}
	}
}

func (p *page) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c)
	}
}

// flush ends the block at hand. The mark of a list item waits for its text.
func (p *page) flush(k kind) {
	text := oneLine(p.line.String())
	if len(p.lists) > 0 {
		if text == "-" || k != item && strings.HasSuffix(text, ".") && strings.Trim(text, "0123456789.") == "" {
			return
		}
		if isItem(text) {
			k = item
		}
	}
	p.x.add(k, text)
	p.line.Reset()
}

// hidden reports whether an element is not shown.
func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if a.Val == "true" {
				return true
			}
		case "style":
			style := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		case "role":
			if a.Val == "navigation" {
				return true
			}
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textOf is all visible text below n.
func textOf(n *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
		case n.Type == html.ElementNode && (hidden(n) || slices.Contains(skipped, n.DataAtom)):
			return
		case n.DataAtom == atom.Br:
			out.WriteByte('\n')
		case n.DataAtom == atom.Img:
			out.WriteString(attr(n, "alt"))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode && !slices.Contains(inlines, n.DataAtom) {
			out.WriteByte('\n')
		}
	}
	walk(n)
	return out.String()
}
