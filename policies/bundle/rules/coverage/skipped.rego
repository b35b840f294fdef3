# METADATA
# title: Parts skipped
# description: The answer has parts that no guard looks at, such as tool calls. Off until data.yaml gives it an action.
# custom:
#   severity: low
#   principle: transparency
#   obligation: [EU AI Act Art. 12, NIST AI RMF MEASURE 2.4]
#   owner: platform
#   remediation: Keep such parts away from routes that must be checked in full.
package rules.coverage.skipped

import data.lib.settings

whole := true

violation contains settings.violation(on, message, []) if {
	input.final
	input.skipped != []
	on := settings.of("coverage.skipped")
	message := sprintf("Parts of the answer were not checked: %s.", [concat(", ", input.skipped)])
}
