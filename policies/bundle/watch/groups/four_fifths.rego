# METADATA
# title: Four-fifths rule
# description: >-
#   A group gets a favourable outcome (an approval, an answer at all) at less than four
#   fifths of the rate of the group that fares best, by more than chance.
# schemas:
#   - input: schema.watch.input
# custom:
#   severity: critical
#   principle: fairness
#   obligation:
#     - Title VII, 29 CFR 1607.4(D)
#     - ECOA, 12 CFR 1002.4
#     - AI Bill of Rights, Algorithmic Discrimination Protections
#   owner: compliance
#   remediation: >-
#     Stop using the answers for decisions about people until a person has looked at them.
#     Then find where the rates part: by application, route and model.
package watch.groups.four_fifths

import data.lib.alarms

reads := "threshold"

alarm contains {"comparison": i, "message": "This group's rate of a favourable outcome is under the bound, by more than chance."} if {
	on := alarms.of("groups.four_fifths")
	some i, comparison in input.comparisons
	comparison.kind == "four_fifths"
	comparison.interval.high < on.threshold
}
