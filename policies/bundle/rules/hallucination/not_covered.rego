# METADATA
# title: Not covered by ground truth
# description: >-
#   Nothing in the ground truth bears on a sentence of the answer, or the sentence
#   says more than the documents do. It may be true; it cannot be shown to be.
# custom:
#   severity: medium
#   principle: accuracy
#   obligation: [EU AI Act Art. 13, NIST AI RMF MEASURE 2.5]
#   owner: compliance
#   remediation: >-
#     Add the missing document to the ground truth, or let the route redact what it
#     cannot show (action redact for this route in data.yaml).
package rules.hallucination.not_covered

import data.lib.settings

reads := {"threshold": "share"}

violation contains settings.violation(on, "The ground truth does not cover part of the answer.", sentences) if {
	input.sentences.not_covered != [] # first: for most answers the rule ends here
	on := settings.of("hallucination.not_covered")
	sentences := [sentence.index |
		some sentence in input.sentences.not_covered
		sentence.score >= on.threshold
	]
	count(sentences) > 0
}
