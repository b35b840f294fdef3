package watch.groups.four_fifths_test

import data.watch.groups.four_fifths

fired(kind, high) := {alarm.comparison |
	some alarm in four_fifths.alarm with input as {"comparisons": [{
		"kind": kind, "outcome": "approved", "group": "ethnicity:black",
		"interval": {"value": 0.6, "low": 0.5, "high": high},
	}]}
		with data.alarms["groups.four_fifths"] as {"action": "alarm", "threshold": 0.8}
}

test_whole_interval_under_the_bound if fired("four_fifths", 0.75) == {0}

test_may_be_chance if fired("four_fifths", 0.82) == set()

test_at_the_bound if fired("four_fifths", 0.8) == set()

test_other_kinds_are_for_other_rules if fired("difference", 0.1) == set()

test_off if {
	four_fifths.alarm == set() with input as {"comparisons": [{"kind": "four_fifths", "interval": {"value": 0.1, "low": 0, "high": 0.2}}]}
		with data.alarms["groups.four_fifths"] as {"action": "off", "threshold": 0.8}
}
