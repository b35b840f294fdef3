package watch.groups.drift_test

import data.watch.groups.drift

fired(changes) := {alarm.comparison |
	some alarm in drift.alarm with input as {"comparisons": [object.union(
		{
			"kind": "drift", "outcome": "blocked", "differs": true,
			"worse_by": {"value": 0.1, "low": 0.05, "high": 0.15},
		},
		changes,
	)]}
		with data.alarms["groups.drift"] as {"action": "alarm", "margin": {"blocked": 0.04}}
}

test_grown if fired({}) == {0}

test_may_be_chance if fired({"differs": false, "worse_by": {"value": 0.1, "low": -0.05, "high": 0.25}}) == set()

test_under_the_margin if fired({"worse_by": {"value": 0.1, "low": 0.03, "high": 0.17}}) == set()

test_other_kinds_are_for_other_rules if fired({"kind": "difference"}) == set()

test_outcome_without_a_margin if fired({"outcome": "refused"}) == set()
