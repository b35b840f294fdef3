package groundtruth

import (
	"strconv"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds of a table: a page can claim any span.
const (
	maxColumns = 200
	maxRowSpan = 1000
)

// isData tells a table of values from one that lays out a page: no table,
// heading or several paragraphs in a cell.
func isData(table *html.Node) bool {
	data, paragraphs := true, 0
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.DataAtom {
		case atom.Td, atom.Th:
			paragraphs = 0
		case atom.Table, atom.H1, atom.H2, atom.H3, atom.H4:
			data = data && n == table
		case atom.P:
			if paragraphs++; paragraphs > 2 {
				data = false
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(table)
	return data
}

// table adds the rows of a table, each cell after the header of its column.
func (p *page) table(table *html.Node) {
	var header []string
	var below []struct { // cells that reach down from a row above
		text string
		rows int
	}
	var walk func(n *html.Node, head bool)
	walk = func(n *html.Node, head bool) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode || hidden(c) {
				continue
			}
			switch c.DataAtom {
			case atom.Caption:
				p.x.add(paragraph, oneLine(textOf(c)))
			case atom.Thead:
				walk(c, true)
			case atom.Tbody, atom.Tfoot:
				walk(c, false)
			case atom.Tr:
				var values []string
				heads, datas := 0, 0
				carry := func() {
					for i := len(values); i < len(below) && below[i].rows > 0; i++ {
						below[i].rows--
						values = append(values, below[i].text)
					}
				}
				for td := c.FirstChild; td != nil; td = td.NextSibling {
					if td.DataAtom != atom.Td && td.DataAtom != atom.Th || hidden(td) {
						continue
					}
					if td.DataAtom == atom.Th {
						heads++
					} else {
						datas++
					}
					carry()
					text := oneLine(textOf(td))
					for i := range span1(attr(td, "colspan"), maxColumns) {
						if len(values) == maxColumns {
							break
						}
						if rows := span1(attr(td, "rowspan"), maxRowSpan); rows > 1 {
							for len(below) <= len(values) {
								below = append(below, struct {
									text string
									rows int
								}{})
							}
							below[len(values)].text, below[len(values)].rows = text, rows-1
						}
						if i > 0 && datas > 0 && heads == 0 {
							values = append(values, "") // a wide cell says its value once
						} else {
							values = append(values, text)
						}
					}
				}
				carry()
				switch {
				case head || heads > 0 && datas == 0:
					header = merged(header, values, head)
				case heads > 0 && len(header) == 0 && len(values) == 2: // "Price | 3 EUR"
					p.x.add(row, cells([]string{"", ""}, []string{values[0] + ": " + values[1]}))
				default:
					p.x.add(row, cells(header, values))
				}
			}
		}
	}
	walk(table, false)
}

// merged adds a second row of headers to the first: "Europe" over "Price" makes
// "Europe Price".
func merged(header, values []string, more bool) []string {
	if !more || len(header) == 0 {
		return values
	}
	for i, v := range values {
		switch {
		case i >= len(header):
			header = append(header, v)
		case header[i] != v && v != "":
			header[i] = oneLine(header[i] + " " + v)
		}
	}
	return header
}

// span1 reads a colspan or rowspan, from 1 to limit.
func span1(value string, limit int) int {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 1
	}
	return max(1, min(n, limit))
}
