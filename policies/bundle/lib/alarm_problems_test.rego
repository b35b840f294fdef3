package lib.problems_test

import data.lib.problems

# Problems of this section alarms, in a bundle with one rule that reads a margin and one
# that reads a threshold.
alarms(section) := {problem |
	some problem in problems.found with data.watch as {"a": {"wide": {"alarm": set(), "reads": "margin"}, "low": {"alarm": set(), "reads": "threshold"}}}
		with data.alarms as section
	regex.match(`alarms`, problem)
}

good := {"a.wide": {"action": "alarm", "margin": {"refused": 0.02}}, "a.low": {"action": "off", "threshold": 0.8}}

test_good_alarms if alarms(good) == set()

test_alarm_without_settings if {
	alarms(object.remove(good, ["a.low"])) == {
		"alarms has no action for the rule a.low",
		"alarms.a.low: threshold must be a number from 0 to 1, not null",
	}
}

test_alarm_of_an_unknown_rule if {
	alarms(object.union(good, {"a.wid": {"action": "off"}})) == {"alarms names the rule a.wid, which the bundle does not have"}
}

test_alarm_settings_are_judged if {
	alarms(object.union(good, {"a.wide": {"action": "block"}})) == {"alarms.a.wide: block is no action: use alarm or off"}
	alarms(object.union(good, {"a.wide": {"margin": {"refused": "2%"}}})) == {`alarms.a.wide: margin.refused must be a number from 0, not "2%"`}
	alarms(object.union(good, {"a.wide": {"margin": 0.02}})) == {"alarms.a.wide: margin must say how much of each outcome matters, such as {refused: 0.02}"}
	alarms(object.union(good, {"a.low": {"threshold": 8}})) == {"alarms.a.low: threshold must be a number from 0 to 1, not 8"}
}
