# METADATA
# title: Not measured
# description: >-
#   A guard failed, ran out of time or gave no verdict, so sentences went unchecked.
#   Unchecked is never a pass.
# custom:
#   severity: medium
#   principle: transparency
#   obligation: [EU AI Act Art. 12, EU AI Act Art. 14, NIST AI RMF MEASURE 2.4]
#   owner: platform
#   remediation: >-
#     See the guard's error in the receipt. Where an unchecked answer must not leave,
#     set the action to block for that route.
package rules.hallucination.not_measured

import data.lib.settings

# A guard that did not run has seen none of these sentences, whatever another guard says.
violation contains settings.violation(on, message, sentences) if {
	input.unmeasured != []
	on := settings.of("hallucination.not_measured")
	sentences := [sentence.index | some sentence in input.sentences[_]]
	sentences != []
	message := sprintf("Part of the answer could not be checked: %s did not run.", [concat(", ", input.unmeasured)])
}

# All guards ran, and none gave a verdict.
violation contains settings.violation(on, "Part of the answer could not be checked.", sentences) if {
	input.sentences.not_measured != []
	input.unmeasured == []
	some guard in input.guards
	guard.truth # a route without guards that check statements is unchecked by choice
	on := settings.of("hallucination.not_measured")
	sentences := [sentence.index | some sentence in input.sentences.not_measured]
}
