# METADATA
# title: A difference between groups has grown
# description: >-
#   The difference between a group and the others is larger than in the period before, to
#   the group's harm, by more than chance and a margin.
# schemas:
#   - input: schema.watch.input
# custom:
#   severity: high
#   principle: fairness
#   obligation:
#     - AI Bill of Rights, Algorithmic Discrimination Protections
#     - EU AI Act Art. 72
#   owner: platform
#   remediation: >-
#     Look for what changed between the two periods: the model, its instructions, the
#     documents, a policy revision.
package watch.groups.drift

import data.lib.alarms

reads := "margin"

alarm contains {"comparison": i, "message": "The difference has grown to the harm of this group, by more than chance."} if {
	on := alarms.of("groups.drift")
	some i, comparison in input.comparisons
	comparison.kind == "drift"
	comparison.differs
	comparison.worse_by.low > on.margin[comparison.outcome]
}
