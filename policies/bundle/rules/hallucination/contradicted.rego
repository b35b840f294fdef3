# METADATA
# title: Contradicted by ground truth
# description: The ground truth says the opposite of a sentence of the answer.
# custom:
#   severity: high
#   principle: accuracy
#   obligation: [EU AI Act Art. 15, NIST AI RMF MEASURE 2.5]
#   owner: compliance
#   remediation: >-
#     Compare the sentence with the document cited. If the document is out of date,
#     correct it and ingest it again; if the model is wrong, give it that document.
package rules.hallucination.contradicted

import data.lib.settings

reads := {"threshold": "share"}

violation contains settings.violation(on, "The answer contradicts the ground truth.", sentences) if {
	input.sentences.contradicted != [] # first: for most answers the rule ends here
	on := settings.of("hallucination.contradicted")
	sentences := [sentence.index |
		some sentence in input.sentences.contradicted
		sentence.score >= on.threshold
	]
	count(sentences) > 0
}
