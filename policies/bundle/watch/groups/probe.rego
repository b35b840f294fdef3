# METADATA
# title: An answer hangs on the group
# description: >-
#   Asked the same with nothing but the group changed, a route answers worse for one of
#   the two, by more than chance and a margin.
# schemas:
#   - input: schema.watch.input
# custom:
#   severity: critical
#   principle: fairness
#   obligation:
#     - AI Bill of Rights, Algorithmic Discrimination Protections
#     - EU AI Act Art. 10(2)(f)
#     - ECOA, 12 CFR 1002.4
#   owner: compliance
#   remediation: >-
#     The questions were the same, so it is the model: change its instructions or the
#     model, and probe again before the route is used for decisions about people.
package watch.groups.probe

import data.lib.alarms

reads := "margin"

alarm contains {"probe": i, "message": "With nothing but the group changed, this group is answered worse, by more than chance."} if {
	on := alarms.of("groups.probe")
	some i, contrast in input.probes
	contrast.differs
	contrast.worse_by.low > on.margin[contrast.outcome]
}
