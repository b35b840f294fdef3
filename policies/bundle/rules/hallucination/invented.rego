# METADATA
# title: Invented value
# description: >-
#   A sentence of the answer names an address, an amount, a number, a name or another
#   value of the kinds that data.yaml lists, and nothing in the ground truth holds it.
# custom:
#   severity: high
#   principle: accuracy
#   obligation: [EU AI Act Art. 13, EU AI Act Art. 15, NIST AI RMF MEASURE 2.5]
#   owner: compliance
#   remediation: >-
#     Such a value cannot be guessed right. Add the document that holds it, or let the
#     route redact what it cannot show.
package rules.hallucination.invented

import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

violation contains settings.violation(on, message, sentences) if {
	input.sentences.not_covered != [] # first: for most answers the rule ends here
	on := settings.of("hallucination.invented")
	found := [sentence |
		some sentence in input.sentences.not_covered
		sentence.category in on.categories
		sentence.score >= on.threshold
	]
	found != []
	sentences := [sentence.index | some sentence in found]
	message := sprintf("The ground truth does not hold what the answer names: %s.", [concat(", ", {sentence.category | some sentence in found})])
}
