# METADATA
# title: No longer true
# description: A sentence of the answer was true until a day, and a fact that is in force now says otherwise, or none does.
# custom:
#   severity: medium
#   principle: accuracy
#   obligation: [EU AI Act Art. 13, EU AI Act Art. 15, NIST AI RMF MEASURE 2.5]
#   owner: compliance
#   remediation: >-
#     The reason in the receipt names the fact and its last day. Give the model the present
#     text; where the fact itself is out of date, correct its validity.
package rules.hallucination.stale

import data.lib.settings

reads := {"threshold": "share"}

violation contains settings.violation(on, "The answer says what is no longer true.", sentences) if {
	input.sentences.contradicted != [] # first: for most answers the rule ends here
	on := settings.of("hallucination.stale")
	sentences := [sentence.index |
		some sentence in input.sentences.contradicted
		sentence.category == "stale"
		sentence.score >= on.threshold
	]
	sentences != []
}
