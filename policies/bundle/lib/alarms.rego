# METADATA
# title: Settings of alarms
# description: What data.yaml says of a rule below data.watch.
package lib.alarms

# METADATA
# title: The settings of one rule
# description: Undefined when the rule is off.
of(id) := settings if {
	settings := data.alarms[id]
	settings.action == "alarm"
}
