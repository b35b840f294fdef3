# METADATA
# title: Decision
# description: >-
#   Collects what the rules below data.rules say of one answer, of one segment of a
#   streamed answer, or of what came in. The strictest action of the rules that are
#   applied wins; no rule means allow.
package touchstone

import data.lib.states

# METADATA
# title: The decision document, which the engine asks for
# description: rules are applied; shadow fired too, and are recorded only.
# entrypoint: true
decision := {"action": action, "rules": rules, "shadow": shadow}

# METADATA
# title: What the rules that fired say, each with its id
# description: A rule's id is its package below data.rules, such as hallucination.contradicted.
fired contains object.union({"id": concat(".", [area, name])}, violation) if {
	some [area, name] in asked
	some violation in data.rules[area][name].violation
}

# METADATA
# title: The rules to ask, by area and name
# description: >-
#   The engine names those whose simple conditions on input can hold; it reads them off
#   the rules. Elsewhere, as in tests, all rules are asked.
asked := input.candidates

asked := [[area, name] |
	some area, name
	data.rules[area][name]
] if {
	not input.candidates
}

# METADATA
# title: The rules that fired and are applied
rules contains object.union(violation, states.applied(violation.id)) if {
	some violation in fired
	not states.held(violation.id)
}

# METADATA
# title: The rules that fired and are not applied, and why not
# description: Their state is shadow or canary, or an exception holds them back.
shadow contains object.union(violation, states.held(violation.id)) if {
	some violation in fired
}

action := "allow" if {
	rules == set()
} else := [candidate |
	some candidate in ["block", "rewrite", "redact", "flag", "allow"]
	candidate in {rule.action | some rule in rules}
][0]
