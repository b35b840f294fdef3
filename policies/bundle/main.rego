# METADATA
# title: Decision
# description: >-
#   Collects what the rules below data.rules say of one answer, or of one segment of
#   a streamed answer. The strictest action wins; no rule means allow.
package touchstone

# METADATA
# title: The decision document, which the engine asks for
# entrypoint: true
decision := {"action": action, "rules": rules}

# METADATA
# title: The rules that fired, each with its id
# description: A rule's id is its package below data.rules, such as hallucination.contradicted.
rules contains object.union({"id": concat(".", [area, name])}, violation) if {
	some area, name
	some violation in data.rules[area][name].violation
}

action := "allow" if {
	rules == set()
} else := [candidate |
	some candidate in ["block", "rewrite", "redact", "flag", "allow"]
	candidate in {rule.action | some rule in rules}
][0]
