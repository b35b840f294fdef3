# METADATA
# title: A group fares worse
# description: >-
#   One group is refused, blocked or contradicted more often than the others, or answered
#   in a worse tone, shorter or in a harder language, by more than chance and a margin.
# schemas:
#   - input: schema.watch.input
# custom:
#   severity: high
#   principle: fairness
#   obligation:
#     - AI Bill of Rights, Algorithmic Discrimination Protections
#     - EU AI Act Art. 26(5)
#   owner: compliance
#   remediation: >-
#     Read exchanges of both groups on the dashboard, then ask the same questions with the
#     group changed (touchstone probe): that tells the model's part from the questions'.
package watch.groups.difference

import data.lib.alarms

reads := "margin"

# The interval decides, not the point: all of it must lie beyond the margin.
alarm contains {"comparison": i, "message": "This group fares worse than the others, by more than chance."} if {
	on := alarms.of("groups.difference")
	some i, comparison in input.comparisons
	comparison.kind == "difference"
	comparison.differs
	comparison.worse_by.low > on.margin[comparison.outcome]
}
