package web

// RuleView is the page of one rule on recorded traffic.
type RuleView struct {
	Page
	Heading, Rule, Period string
	Windows               []Choice
	Figures               []Fact
	Notes                 []string
	Tables                []Table
}

// Table is a table of texts and links: the Name and URL of its choices.
type Table struct {
	Title string
	Head  []string
	Rows  [][]Choice
}

// Rule renders the page of one rule.
func (p *Pages) Rule(v *RuleView) ([]byte, error) { return p.render("rule", v) }
