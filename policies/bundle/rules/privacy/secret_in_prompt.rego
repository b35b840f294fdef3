# METADATA
# title: Secret in a prompt
# description: What is about to be sent to the model holds a key, token or password. Off until data.yaml gives it an action.
# custom:
#   severity: high
#   principle: security
#   obligation: [GDPR Art. 32, ISO 27001 A.5.17]
#   owner: security
#   remediation: >-
#     Where a provider must not see the company's secrets, set redact or block for the
#     route; a secret that was sent counts as lost and is replaced.
package rules.privacy.secret_in_prompt

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "mask": "mask or token"}

masked := true

violation contains object.union(settings.violation(on, "The prompt holds a secret.", []), {"mask": masks}) if {
	input.findings != []
	input.phase == "prompt"
	on := settings.of("privacy.secret_in_prompt")
	found := [finding |
		some finding in input.findings
		finding.guard == "secrets"
		finding.score >= on.threshold
	]
	found != []
	masks := findings.masks(found, on.mask)
}
