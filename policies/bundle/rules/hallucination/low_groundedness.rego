# METADATA
# title: Low groundedness
# description: Too small a share of the checked sentences of a whole answer is supported.
# custom:
#   severity: medium
#   principle: accuracy
#   obligation: [EU AI Act Art. 15, NIST AI RMF MEASURE 2.5]
#   owner: compliance
#   remediation: >-
#     Look at which sentences lack support: often the answer leaves the subject that
#     the ground truth knows, or the retrieval of the application finds nothing.
package rules.hallucination.low_groundedness

import data.lib.settings

reads := {"threshold": "share", "min_checked": "count"}

whole := true

violation contains settings.violation(on, "Too little of the answer is supported by the ground truth.", []) if {
	input.final
	input.groundedness != null # nothing was checked; and null < 0.6 holds in Rego
	on := settings.of("hallucination.low_groundedness")
	input.counts.checked >= on.min_checked
	input.groundedness < on.threshold
}
