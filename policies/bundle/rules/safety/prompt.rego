# METADATA
# title: Unsafe prompt
# description: >-
#   A message of the user is hateful, threatening or sexual, speaks of self-harm or asks
#   for help with crime.
# custom:
#   severity: medium
#   principle: safety
#   obligation: [EU DSA Art. 35]
#   owner: trust and safety
#   remediation: >-
#     On self-harm, see that the answer offers help. Block only where the route has no
#     business with such subjects: reports, fiction and questions of victims are about
#     them too.
package rules.safety.prompt

import data.lib.findings
import data.lib.settings

reads := {"threshold": "share", "categories": "texts"}

whole := true

violation contains settings.violation(on, message, []) if {
	input.findings != []
	input.phase == "prompt"
	on := settings.of("safety.prompt")
	found := findings.of("safety", on)
	found != []
	message := sprintf("The prompt is unsafe: %s.", [findings.kinds(found)])
}
