# METADATA
# title: Prompt injection
# description: >-
#   A message of the user wants to change or reveal the instructions of the assistant,
#   or hides text.
# custom:
#   severity: high
#   principle: security
#   obligation: [OWASP LLM01, EU AI Act Art. 15]
#   owner: security
#   remediation: >-
#     Look at the message. Where the route has tools or secrets, block; raise the
#     threshold where people work with prompts and code.
package rules.injection.prompt

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

whole := true

violation contains settings.violation(on, message, []) if {
	input.findings != []
	input.phase == "prompt"
	on := settings.of("injection.prompt")
	found := [finding |
		some finding in findings.of("injection", on)
		finding.side == "prompt"
	]
	found != []
	message := sprintf("The prompt tries to take the assistant over: %s.", [findings.kinds(found)])
}
