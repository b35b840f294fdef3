# METADATA
# title: Secret in an answer
# description: An answer holds a key, token or password.
# custom:
#   severity: critical
#   principle: security
#   obligation: [GDPR Art. 32, ISO 27001 A.5.17]
#   owner: security
#   remediation: >-
#     Revoke the secret at once, whoever has read it. Then find out where the model has it
#     from: a document, a tool's result, its instructions.
package rules.privacy.secret_in_answer

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "known": "switch", "mask": "mask"}

violation contains object.union(settings.violation(on, "The answer holds a secret.", sentences), {"mask": masks}) if {
	input.findings != []
	input.phase == "answer"
	on := settings.of("privacy.secret_in_answer")
	found := [finding |
		some finding in input.findings
		finding.guard == "secrets"
		finding.score >= on.threshold
		counts(finding, on)
	]
	found != []
	sentences := findings.sentences(found)
	masks := findings.masks(found, on.mask)
}

counts(finding, _) if not finding.known

counts(finding, on) if {
	finding.known
	on.known
}
