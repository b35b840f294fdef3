# METADATA
# title: Bias in an answer
# description: >-
#   An answer demeans people for a group they belong to, generalises about one, or picks
#   a person by group where nothing says who it was. Naming a group is none of it.
# custom:
#   severity: high
#   principle: fairness
#   obligation: [AI Bill of Rights algorithmic discrimination protections, EU AI Act Art. 9, EU AI Act Art. 10, ECOA, Title VII]
#   owner: compliance
#   remediation: >-
#     Read the sentence with its prompt: an answer to a biased question may agree with
#     it. Where it prepares a decision on people, take the case to a person; where it
#     recurs on a route, change the instructions of the model and measure again.
package rules.bias.answer

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

violation contains settings.violation(on, message, sentences) if {
	input.findings != []
	input.phase == "answer"
	on := settings.of("bias.answer")
	found := findings.of("safety", on)
	found != []
	sentences := findings.sentences(found)
	message := sprintf("The answer is biased or hateful: %s.", [findings.kinds(found)])
}
