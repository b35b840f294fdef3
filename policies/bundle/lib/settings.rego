# METADATA
# title: Settings
# description: What data.yaml says of a rule, for the route and application of this answer.
package lib.settings

default for_route := {}

for_route := data.routes[input.route]

default for_app := {}

for_app := data.apps[input.app]

# METADATA
# title: The settings of one rule
# description: Its defaults, then the route's, then the application's. Undefined when the rule is off or a draft.
of(id) := settings if {
	settings := merged(id)
	settings.action != "allow"
	object.get(settings, "state", "") != "draft"
}

# Most answers come by routes and applications without overrides: no merging for them.
merged(id) := data.defaults[id] if {
	not overridden[id]
} else := object.union_n([
	data.defaults[id],
	object.get(for_route, id, {}),
	object.get(for_app, id, {}),
])

overridden := object.keys(for_route) | object.keys(for_app)

# METADATA
# title: What a rule that fires adds to its violation set
# description: An empty list of sentences speaks of the answer as a whole.
violation(settings, message, sentences) := {
	"action": settings.action,
	"message": message,
	"sentences": sentences,
	"replacement": object.get(settings, "replacement", ""),
}
