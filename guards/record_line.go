package guards

import "strings"

// recordLine reads a line such as "model: Kestrel 500; price: €3,299", as which
// rows of spreadsheets are kept, as a table row whose cells know their columns.
// It needs two fields or more, each with a short name.
func (a *analyser) recordLine(from, to int) bool {
	line := a.text[from:to]
	if strings.Count(line, ": ") < 2 || !strings.Contains(line, "; ") {
		return false
	}
	var cells []span
	for start := from; start < to; {
		end := to
		if n := strings.Index(a.text[start:to], "; "); n >= 0 && len(cells) < maxCells-1 {
			end = start + n
		}
		key, _, ok := strings.Cut(a.text[start:end], ": ")
		if !ok || key == "" || len(key) > 60 || strings.ContainsAny(key, ".!?,") || strings.Count(key, " ") > 6 {
			return false
		}
		value := start + len(key) + 2
		cells = append(cells, span{start: uint32(value), end: uint32(end), header: stemsOf(key)})
		start = end + 2
	}
	a.header = nil
	a.pieces = append(a.pieces, span{kind: rowPiece, start: uint32(from), end: uint32(to), cells: cells, subject: a.title})
	return true
}
