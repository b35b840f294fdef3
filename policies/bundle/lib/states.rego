# METADATA
# title: States and exceptions
# description: Whether a rule that fired is applied to this answer, or only recorded.
package lib.states

import data.lib.settings

# METADATA
# title: Why a rule that fired is not applied
# description: Undefined for a rule that is applied.
held(id) := {"state": "exception", "exception": granted[id]} if {
	granted[id]
} else := {"state": "shadow"} if {
	settings.merged(id).state == "shadow"
} else := {"state": "canary"} if {
	on := settings.merged(id)
	on.state == "canary"

	# A caller in the canary at one share stays in it at a larger one.
	input.bucket >= on.share * 10000
}

# METADATA
# title: What is said of a rule that is applied
# description: That the answer is in its canary; and that an exception no longer covers it.
applied(id) := object.union(canary(id), lapse(id))

canary(id) := {"state": "canary"} if {
	settings.merged(id).state == "canary"
} else := {}

lapse(id) := {"lapsed": lapsed[id]} if {
	lapsed[id]
} else := {}

# METADATA
# title: The exception that holds each rule back, now and for this answer
# description: The first by id where several do.
granted[id] := covers[0] if {
	some id in {exception.rule | some exception in here}
	covers := sort([exception.id |
		some exception in here
		exception.rule == id
		begun(exception)
		not over(exception)
	])
	covers != []
}

# METADATA
# title: The exception that held each rule back for this answer until it ended
lapsed[id] := covers[0] if {
	some id in {exception.rule | some exception in here}
	covers := sort([exception.id |
		some exception in here
		exception.rule == id
		over(exception)
	])
	covers != []
}

# METADATA
# title: The exceptions for this route and application, whatever the day
here contains exception if {
	some exception in data.exceptions
	among(input.route, exception, "routes")
	among(input.app, exception, "apps")
}

# No list means every route, or every application.
among(_, exception, scope) if not exception[scope]

among(name, exception, scope) if name in exception[scope]

# Days in UTC, the first and the last included.
begun(exception) if object.get(exception, "from", "") <= today

over(exception) if exception.until < today

today := substring(input.now, 0, 10)
