# METADATA
# title: Prompt not measured
# description: A guard that reads prompts failed or ran out of time. Unread is never a pass.
# custom:
#   severity: medium
#   principle: transparency
#   obligation: [EU AI Act Art. 12, NIST AI RMF MEASURE 2.4]
#   owner: platform
#   remediation: >-
#     See the guard's error in the receipt. Where an unread prompt must not be sent, set the
#     action to block for that route.
package rules.coverage.prompt_not_measured

import data.lib.settings

whole := true

violation contains settings.violation(on, message, []) if {
	input.phase == "prompt"
	input.unmeasured != []
	on := settings.of("coverage.prompt_not_measured")
	message := sprintf("The prompt could not be read: %s did not run.", [concat(", ", input.unmeasured)])
}
