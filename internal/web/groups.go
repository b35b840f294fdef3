package web

import (
	"fmt"
	"math"
)

// Groups is the page on how groups of people are treated.
type Groups struct {
	Page
	Windows  []Choice
	Window   string
	Selects  []Select
	Filtered bool
	Off      bool // nothing is recorded of groups

	Check     *GroupCheck // nil: none was made yet
	Worse     []Disparity // beyond chance, worst first
	Hidden    int         // further ones that are not shown
	Rest      []GroupRow
	Thin      []ThinGroup
	Compared  int
	Needed    int     // exchanges a group for 10 points
	MinSample int     // exchanges a group needs
	Rate      float64 // share of checks that find something where nothing differs
}

// GroupCheck is the last scheduled check.
type GroupCheck struct {
	Period  string // "9 to 16 November 2026, UTC"
	Failure string
	Alarms  []GroupAlarm
}

// GroupAlarm is an alarm of the last check.
type GroupAlarm struct {
	Severity, Title, Message, Headline, Owner, Remediation string
	Where                                                  string
	Obligation                                             []string
}

// Disparity is a difference explained.
type Disparity struct {
	Headline, Kind, Where string
	Better                bool // the group fares better
	Forest                []ForestRow
	Means, Harmed         string
	Touches, Next         []string
}

// ForestRow is an interval on a scale: places in per cent of its width.
type ForestRow struct {
	Name, Text  string
	At          string
	From, Width string
	Own         bool // the group itself
}

// Forest places intervals on one scale from 0 to a little more than the largest end.
func Forest(names, texts []string, intervals [][3]float64) []ForestRow {
	top := 0.0
	for _, i := range intervals {
		if !math.IsInf(i[2], 0) && !math.IsNaN(i[2]) {
			top = max(top, i[2])
		}
	}
	top = max(top*1.05, 1e-9)
	at := func(v float64) float64 {
		if math.IsNaN(v) {
			return 0
		}
		return 100 * min(max(v/top, 0), 1)
	}
	rows := make([]ForestRow, len(intervals))
	for k, i := range intervals {
		rows[k] = ForestRow{Name: names[k], Text: texts[k], At: fmt.Sprintf("%.2f%%", at(i[0])),
			From: fmt.Sprintf("%.2f%%", at(i[1])), Width: fmt.Sprintf("%.2f%%", at(i[2])-at(i[1])), Own: k == 0}
	}
	return rows
}

// GroupRow is a comparison in a table.
type GroupRow struct {
	Group, Outcome, Kind, Where, Rate, Others, Interval string
	Of, OfOthers                                        int
}

// ThinGroup is a group with too few exchanges to be compared.
type ThinGroup struct {
	Group, Where string
	Exchanges    int
}

// Groups renders the page on groups.
func (p *Pages) Groups(v *Groups) ([]byte, error) { return p.render("groups", v) }
