# METADATA
# title: Personal data in an answer
# description: >-
#   An answer holds personal data that the caller did not send. What the caller sent
#   is not a leak, unless `known` says that it counts too.
# custom:
#   severity: high
#   principle: privacy
#   obligation: [GDPR Art. 5, GDPR Art. 25, EU AI Act Art. 10]
#   owner: data protection
#   remediation: >-
#     See in the receipt what was found and where it comes from: a document of the ground
#     truth, the model's instructions or its training. Mask it on this route, or take it
#     out of the source.
package rules.privacy.answer

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts", "known": "switch", "mask": "mask"}

violation contains object.union(settings.violation(on, message, sentences), {"mask": masks}) if {
	input.findings != [] # first: for most answers the rule ends here
	input.phase == "answer"
	on := settings.of("privacy.answer")
	found := [finding |
		some finding in findings.of("pii", on)
		counts(finding, on)
	]
	found != []
	sentences := findings.sentences(found)
	message := sprintf("The answer holds personal data: %s.", [findings.kinds(found)])
	masks := findings.masks(found, on.mask)
}

counts(finding, _) if not finding.known

counts(finding, on) if {
	finding.known
	on.known
}
