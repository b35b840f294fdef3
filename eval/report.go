package eval

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"touchstone/guards"
)

// table is one table of a report, in a form that both renderings share.
type table struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

// verdicts in the order of the columns.
var verdicts = []guards.Verdict{guards.Supported, guards.Contradicted, guards.NotCovered, guards.NotClaim, guards.NotMeasured}

// WriteText writes the report as aligned tables for a terminal.
func (r Report) WriteText(w io.Writer) error { return writeText(w, r.tables(true)) }

func writeText(w io.Writer, tables []table) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(tw)
		}
		fmt.Fprintln(tw, strings.ToUpper(t.Title))
		fmt.Fprintln(tw, strings.Join(t.Head, "\t"))
		for _, row := range t.Rows {
			fmt.Fprintln(tw, strings.Join(row, "\t"))
		}
	}
	return tw.Flush()
}

// WriteMarkdown writes the report as tables for a page. It leaves the latencies
// out, so that the same verdicts give the same page.
func (r Report) WriteMarkdown(w io.Writer) error { return writeMarkdown(w, r.tables(false)) }

func writeMarkdown(w io.Writer, tables []table) error {
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "## %s\n\n", t.Title)
		if t.Note != "" {
			fmt.Fprintf(&b, "%s\n\n", t.Note)
		}
		fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.Head, " | "), strings.Repeat(" --- |", len(t.Head)))
		for _, row := range t.Rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

func (r Report) tables(latency bool) []table {
	if r.Overall.Rows == 0 {
		return contentTables(r.Content, latency)
	}
	all := append([]Scores{r.Overall}, r.Sets...)
	out := []table{scoreTable("Data sets", all, latency)}
	if len(r.Answers) > 0 {
		t := scoreTable("Whole answers", r.Answers, latency)
		t.Note = "An answer counts as bad when one of its sentences is, and as caught when one of its sentences is."
		out = append(out, t)
	}
	if len(r.Tasks) > 1 {
		out = append(out, scoreTable("Tasks", r.Tasks, latency))
	}
	if len(r.Errors) > 0 {
		out = append(out, errorTable(r.Errors))
	}
	out = append(out, overlapTable(all), confusionTable(all))
	if t := spanTable(all); len(t.Rows) > 0 {
		out = append(out, t)
	}
	return append(out, contentTables(r.Content, latency)...)
}

func scoreTable(title string, groups []Scores, latency bool) table {
	t := table{
		Title: title,
		Note: "s/c/u/- are the rows labelled supported, contradicted, unsupported, and not scored. The threshold of \"best\" is chosen on the same rows: " +
			"an upper bound. Intervals are 95%, by bootstrap over documents.",
		Head: []string{"group", "rows", "docs", "s/c/u/-", "precision", "recall", "F1", "F1 95%", "bal. acc.", "bal. acc. 95%", "best F1", "best bal. acc.", "AUROC", "calib. err."},
	}
	if latency {
		t.Head = append(t.Head, "p50 ms", "p99 ms")
	}
	for _, s := range groups {
		scored := s.Labels[LabelSupported] + s.Labels[LabelContradicted] + s.Labels[LabelUnsupported]
		row := []string{
			s.Name, fmt.Sprint(s.Rows), fmt.Sprint(s.Docs),
			fmt.Sprintf("%d/%d/%d/%d", s.Labels[LabelSupported], s.Labels[LabelContradicted], s.Labels[LabelUnsupported], s.Rows-scored),
			show(s.Precision), show(s.Recall), show(s.F1), showRange(s.F1Interval), show(s.BalancedAccuracy), showRange(s.BalancedInterval),
			fmt.Sprintf("%s @%s", show(s.BestF1), show(s.BestF1At)), fmt.Sprintf("%s @%s", show(s.BestBalanced), show(s.BestBalancedAt)),
			show(s.AUROC), show(s.CalibrationError),
		}
		if latency {
			row = append(row, fmt.Sprintf("%.2f", s.Latency.P50), fmt.Sprintf("%.2f", s.Latency.P99))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func errorTable(errors []ErrorScore) table {
	t := table{
		Title: "Kinds of error",
		Note:  "For `none`, the right rows, the share caught is the false alarm rate; for all others it is the recall.",
		Head:  append([]string{"error", "rows", "caught", "95%"}, verdictNames()...),
	}
	for _, e := range errors {
		row := []string{e.Error, fmt.Sprint(e.Rows), show(e.Rate), showRange(e.Interval)}
		for _, v := range verdicts {
			row = append(row, fmt.Sprint(e.Verdicts[v]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func overlapTable(groups []Scores) table {
	t := table{
		Title: "By overlap",
		Note:  "Thirds of each group's rows by the share of their words that occur in the context: a verifier that only counts shared words does badly in the low and the high third at once.",
		Head:  []string{"group", "share of words", "rows", "bad", "recall", "false alarms", "F1", "bal. acc.", "AUROC"},
	}
	for _, s := range groups {
		for _, b := range s.Overlap {
			t.Rows = append(t.Rows, []string{s.Name, showRange([2]Figure{b.Low, b.High}), fmt.Sprint(b.Rows), fmt.Sprint(b.Bad),
				show(b.Recall), show(b.FalseAlarms), show(b.F1), show(b.BalancedAccuracy), show(b.AUROC)})
		}
	}
	return t
}

func confusionTable(groups []Scores) table {
	t := table{
		Title: "Labels against verdicts",
		Note:  "The last row of a group is the share of each verdict's rows that are not supported: how far the verdict can be believed.",
		Head:  append([]string{"group", "label"}, verdictNames()...),
	}
	for _, s := range groups {
		for _, l := range []Label{LabelSupported, LabelContradicted, LabelUnsupported} {
			if s.Confusion[l] == nil {
				continue
			}
			row := []string{s.Name, string(l)}
			for _, v := range verdicts {
				row = append(row, fmt.Sprint(s.Confusion[l][v]))
			}
			t.Rows = append(t.Rows, row)
		}
		row := []string{s.Name, "not supported"}
		for _, v := range verdicts {
			bad := s.Confusion[LabelContradicted][v] + s.Confusion[LabelUnsupported][v]
			row = append(row, show(ratio(float64(bad), float64(bad+s.Confusion[LabelSupported][v]))))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func spanTable(groups []Scores) table {
	t := table{
		Title: "Spans",
		Note:  "Characters of the caught sentences against the characters that people marked. A verdict covers a whole sentence, so precision is bounded by how much of it was marked.",
		Head:  []string{"group", "rows with spans", "precision", "recall", "F1"},
	}
	for _, s := range groups {
		if s.Spans != nil && s.Name != "all" {
			t.Rows = append(t.Rows, []string{s.Name, fmt.Sprint(s.Spans.Rows), show(s.Spans.Precision), show(s.Spans.Recall), show(s.Spans.F1)})
		}
	}
	return t
}

func verdictNames() []string {
	var names []string
	for _, v := range verdicts {
		names = append(names, strings.ReplaceAll(string(v), "_", " "))
	}
	return names
}

func show(f Figure) string {
	if math.IsNaN(float64(f)) {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(f))
}

func showRange(r [2]Figure) string {
	if math.IsNaN(float64(r[0])) {
		return "-"
	}
	return fmt.Sprintf("%.2f–%.2f", float64(r[0]), float64(r[1]))
}
