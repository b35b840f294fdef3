# METADATA
# title: Not measured
# description: >-
#   A guard failed, ran out of time or gave no verdict, so sentences went unchecked.
#   Unchecked is never a pass.
# custom:
#   severity: medium
#   principle: transparency
#   owner: platform
#   remediation: >-
#     See the guard's error in the receipt. Where an unchecked answer must not leave,
#     set the action to block for that route.
package rules.hallucination.not_measured

import data.lib.settings

violation contains settings.violation(on, message, sentences) if {
	input.guards != {} # a route without guards is unchecked by choice
	sentences != []
	on := settings.of("hallucination.not_measured")
}

message := sprintf("Part of the answer could not be checked: %s did not run.", [concat(", ", input.unmeasured)]) if {
	input.unmeasured != []
} else := "Part of the answer could not be checked."

# A guard that did not run has seen none of these sentences, whatever another guard says.
sentences := [sentence.index | some sentence in input.sentences[_]] if {
	input.unmeasured != []
} else := [sentence.index | some sentence in input.sentences.not_measured]
