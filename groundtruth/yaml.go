package groundtruth

import "bytes"

// DeepYAML is the first line of a YAML file nested deeper than most, in brackets and
// indentation together, or 0. It is asked before the parser, whose time grows with the
// depth far faster than with the size. It does not know strings and comments, so
// brackets in them count as well: it may see too much depth in a file that nobody would
// write, and never too little.
func DeepYAML(data []byte, most int) int {
	var columns []int // where blocks that are still open begin
	brackets, number := 0, 0
	blank := func(c byte) bool { return c == ' ' || c == '\t' }
	data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for line := range bytes.Lines(data) {
		number++
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' {
			for at := 0; ; at++ {
				for blank(line[at]) {
					at++
				}
				for len(columns) > 0 && columns[len(columns)-1] >= at {
					columns = columns[:len(columns)-1]
				}
				columns = append(columns, at)
				entry := bytes.TrimSpace(line[at:]) // - and ? begin a block inside the line
				if len(entry) < 3 || entry[0] != '-' && entry[0] != '?' || !blank(entry[1]) {
					break
				}
			}
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				brackets++
			case ']', '}':
				brackets = max(0, brackets-1)
			}
			if len(columns)+brackets > most {
				return number
			}
		}
	}
	return 0
}
