# METADATA
# title: Injected document
# description: >-
#   A document, or what a tool answered, gives the assistant orders or hides text.
# custom:
#   severity: high
#   principle: security
#   obligation: [OWASP LLM01, EU AI Act Art. 15]
#   owner: security
#   remediation: >-
#     Find where the document comes from and take it out of the source. Where tools act
#     on what the model says, block.
package rules.injection.document

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

whole := true

violation contains settings.violation(on, message, []) if {
	input.findings != []
	input.phase == "prompt"
	on := settings.of("injection.document")
	found := [finding |
		some finding in findings.of("injection", on)
		finding.side != "prompt"
	]
	found != []
	message := sprintf("A document gives the assistant orders: %s.", [findings.kinds(found)])
}
