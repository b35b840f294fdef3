# METADATA
# title: Approved answer
# description: >-
#   The question has an approved answer, and the model's answer stands to it as
#   `categories` names: it differs, or adds what is not approved. A rewrite by
#   "{approved}" replaces the answer from there to its end by the approved one.
# custom:
#   severity: medium
#   principle: accuracy
#   obligation: [EU AI Act Art. 15]
#   owner: communications
#   remediation: >-
#     Compare the sentence with the approved answer. If that is out of date, change it and
#     import it again; if the model is wrong, give it the approved answer.
package rules.approved.answer

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

violation contains settings.violation(on, "The question has an approved answer, and this is not as approved.", sentences) if {
	input.findings != [] # first: for most answers the rule ends here
	input.phase == "answer"
	on := settings.of("approved.answer")
	found := findings.of("approved", on)
	found != []
	sentences := findings.sentences(found)
}
