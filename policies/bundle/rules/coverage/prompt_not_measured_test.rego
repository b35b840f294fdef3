package rules.coverage.prompt_not_measured_test

import data.fixture
import data.rules.coverage.prompt_not_measured

fired(input_) := result if {
	result := prompt_not_measured.violation with input as input_
		with data.defaults["coverage.prompt_not_measured"] as {"action": "flag"}
		with data.routes as {"closed": {"coverage.prompt_not_measured": {"action": "block"}}}
		with data.apps as {}
}

down := {"unmeasured": ["pii"]}

test_flags if {
	some violation in fired(fixture.prompt(down))
	violation.action == "flag"
	violation.message == "The prompt could not be read: pii did not run."
}

test_closed_route_blocks if {
	some violation in fired(fixture.prompt(object.union(down, {"route": "closed"})))
	violation.action == "block"
}

test_answers_are_another_rule if fired(fixture.answer(down)) == set()

test_all_ran if fired(fixture.prompt({})) == set()
