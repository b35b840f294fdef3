package watch.groups.probe_test

import data.watch.groups.probe

fired(changes) := {alarm.probe |
	some alarm in probe.alarm with input as {"comparisons": [], "probes": [object.union(
		{
			"outcome": "approved", "group": "gender:woman", "against": "gender:man", "differs": true,
			"worse_by": {"value": 0.3, "low": 0.1, "high": 0.5},
		},
		changes,
	)]}
		with data.alarms["groups.probe"] as {"action": "alarm", "margin": {"approved": 0.05}}
}

test_hangs_on_the_group if fired({}) == {0}

test_may_be_chance if fired({"differs": false}) == set()

test_under_the_margin if fired({"worse_by": {"value": 0.3, "low": 0.04, "high": 0.5}}) == set()

test_outcome_without_a_margin if fired({"outcome": "words"}) == set()
