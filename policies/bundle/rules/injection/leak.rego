# METADATA
# title: Leaked instructions
# description: >-
#   An answer repeats instructions of the system prompt word for word.
# custom:
#   severity: medium
#   principle: security
#   obligation: [OWASP LLM07]
#   owner: security
#   remediation: >-
#     Keep secrets out of the system prompt. Redact where its wording must not be known.
package rules.injection.leak

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

violation contains settings.violation(on, message, sentences) if {
	input.findings != []
	input.phase == "answer"
	on := settings.of("injection.leak")
	found := findings.of("injection", on)
	found != []
	sentences := findings.sentences(found)
	message := "The answer repeats the system prompt."
}
