# Mistakes in the section alarms of data.yaml.
package lib.problems

watches contains concat(".", [area, name]) if {
	some area, name
	data.watch[area][name].alarm
}

found contains sprintf("alarms has no action for the rule %s", [id]) if {
	some id in watches
	not data.alarms[id].action
}

found contains sprintf("alarms names the rule %s, which the bundle does not have", [id]) if {
	some id, _ in data.alarms
	not id in watches
}

found contains sprintf("alarms.%s: %v is no action: use alarm or off", [id, settings.action]) if {
	some id, settings in data.alarms
	not settings.action in {"alarm", "off"}
}

found contains sprintf("alarms.%s: margin.%s must be a number from 0, not %s", [id, outcome, json.marshal(value)]) if {
	some id, settings in data.alarms
	some outcome, value in settings.margin
	not margin(value)
}

found contains sprintf("alarms.%s: margin must say how much of each outcome matters, such as {refused: 0.02}", [id]) if {
	some id in watches
	data.watch[id_area(id)][id_name(id)].reads == "margin"
	not is_object(object.get(data.alarms, [id, "margin"], null))
}

found contains sprintf("alarms.%s: threshold must be a number from 0 to 1, not %s", [id, json.marshal(value)]) if {
	some id in watches
	data.watch[id_area(id)][id_name(id)].reads == "threshold"
	value := object.get(data.alarms, [id, "threshold"], null)
	not share(value)
}

id_area(id) := split(id, ".")[0]

id_name(id) := split(id, ".")[1]

margin(value) if {
	is_number(value)
	value >= 0
}
