package watch.groups.difference_test

import data.watch.groups.difference

comparison(changes) := object.union(
	{
		"kind": "difference", "outcome": "refused", "group": "gender:woman", "differs": true,
		"worse_by": {"value": 0.1, "low": 0.03, "high": 0.17},
	},
	changes,
)

fired(comparisons) := {alarm.comparison |
	some alarm in difference.alarm with input as {"comparisons": comparisons}
		with data.alarms["groups.difference"] as {"action": "alarm", "margin": {"refused": 0.02, "words": 0.1}}
}

test_whole_interval_beyond_the_margin if fired([comparison({})]) == {0}

test_names_which if fired([comparison({"differs": false}), comparison({})]) == {1}

# The point lies far beyond the margin, the interval does not.
test_point_alone_is_no_alarm if {
	fired([comparison({"worse_by": {"value": 0.4, "low": 0.01, "high": 0.7}})]) == set()
}

test_better_is_no_alarm if {
	fired([comparison({"worse_by": {"value": -0.1, "low": -0.17, "high": -0.03}})]) == set()
}

test_other_kinds_are_for_other_rules if fired([comparison({"kind": "drift"})]) == set()

test_outcome_without_a_margin if fired([comparison({"outcome": "grade"})]) == set()

test_margin_of_the_outcome if fired([comparison({"outcome": "words", "worse_by": {"value": 0.2, "low": 0.05, "high": 0.3}})]) == set()

# In Rego null is less than any number.
test_end_that_is_not_finite if fired([comparison({"worse_by": {"value": null, "low": null, "high": null}})]) == set()

test_off if {
	difference.alarm == set() with input as {"comparisons": [comparison({})]}
		with data.alarms["groups.difference"] as {"action": "off", "margin": {"refused": 0}}
}
