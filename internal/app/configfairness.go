package app

import (
	"fmt"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
)

// FairnessConfig says which groups of people are recognised, and how they are compared.
type FairnessConfig struct {
	Groups    audit.Recognition `yaml:"groups" oneof:"off declared mentioned"`
	Own       []string          `yaml:"own"`        // groups that applications may declare besides those in docs/fairness.md
	MinSample int               `yaml:"min_sample"` // exchanges that a group needs to be compared
	Rate      float64           `yaml:"rate"`       // of false alarms: share of checks that find something where nothing differs
	Period    Duration          `yaml:"period"`     // a check is made of each whole period; drift is against the one before
}

var defaultFairness = FairnessConfig{
	Groups: audit.Mentioned, MinSample: fairness.DefaultSettings.MinSample, Rate: fairness.DefaultSettings.Rate,
	Period: Duration(7 * 24 * time.Hour),
}

// settings are what a comparison needs.
func (c FairnessConfig) settings() fairness.Settings {
	return fairness.Settings{Rate: c.Rate, MinSample: c.MinSample}
}

// minSample is the fewest exchanges that a group may be compared by: the intervals of
// means rest on the central limit theorem.
const minSample = 30

// maxOwn bounds the groups of one's own: each may have sums of its own.
const maxOwn = 64

func (c FairnessConfig) check(bad complaint) {
	if len(c.Own) > maxOwn {
		bad("fairness.own", "names %d groups; at most %d are allowed", len(c.Own), maxOwn)
	}
	for i, g := range c.Own {
		if !fairness.Group(g).WellFormed() {
			bad(fmt.Sprintf("fairness.own[%d]", i), "%q is not ATTRIBUTE:GROUP in small letters, digits and underscores, such as plan:basic", g)
		}
	}
	if c.MinSample < minSample {
		bad("fairness.min_sample", "must be at least %d: with fewer exchanges the intervals do not hold", minSample)
	}
	if !(c.Rate > 0 && c.Rate <= 0.2) {
		bad("fairness.rate", "must be above 0 and at most 0.2, such as 0.05")
	}
	if p := time.Duration(c.Period); p < time.Minute || p%time.Minute != 0 || p >= 24*time.Hour && p%time.Hour != 0 {
		bad("fairness.period", "must be whole minutes, or whole hours from 24h on, such as 168h")
	}
}
