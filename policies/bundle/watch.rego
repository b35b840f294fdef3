package touchstone

# METADATA
# title: The alarms, which the engine asks for, each with the id of its rule
# description: >-
#   What the rules below data.watch say of the comparisons of groups that the engine
#   shows them after each period; they decide about no answer. A rule's id is its package
#   below data.watch, such as groups.difference.
# entrypoint: true
alarms contains object.union({"id": concat(".", [area, name])}, alarm) if {
	some area, name
	some alarm in data.watch[area][name].alarm
}
