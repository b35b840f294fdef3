# METADATA
# title: Personal data in a prompt
# description: >-
#   What is about to be sent to the model holds personal data. Off until data.yaml gives
#   it an action: many applications exist to handle their callers' data.
# custom:
#   severity: high
#   principle: privacy
#   obligation: [GDPR Art. 5, GDPR Art. 28, GDPR Art. 44]
#   owner: data protection
#   remediation: >-
#     Where the model's provider must not see such data, set redact with mask token: the
#     model works on stand-ins, and the answer gets the data back.
package rules.privacy.prompt

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts", "mask": "mask or token"}

masked := true

violation contains object.union(settings.violation(on, message, []), {"mask": masks}) if {
	input.findings != []
	input.phase == "prompt"
	on := settings.of("privacy.prompt")
	found := findings.of("pii", on)
	found != []
	message := sprintf("The prompt holds personal data: %s.", [findings.kinds(found)])
	masks := findings.masks(found, on.mask)
}
