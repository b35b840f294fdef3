# METADATA
# title: Unsafe answer
# description: >-
#   An answer insults, threatens, is sexual, speaks of self-harm or helps with crime.
# custom:
#   severity: high
#   principle: safety
#   obligation: [EU AI Act Art. 9, EU DSA Art. 35]
#   owner: trust and safety
#   remediation: >-
#     Read the sentence with its prompt. On self-harm, the reply should name a crisis
#     line; on routes for minors, block.
package rules.safety.answer

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

violation contains settings.violation(on, message, sentences) if {
	input.findings != []
	input.phase == "answer"
	on := settings.of("safety.answer")
	found := findings.of("safety", on)
	found != []
	sentences := findings.sentences(found)
	message := sprintf("The answer is unsafe: %s.", [findings.kinds(found)])
}
