package rules.hallucination.not_covered_test

import data.fixture
import data.rules.hallucination.not_covered

fired(answer) := result if {
	result := not_covered.violation with input as fixture.answer(answer)
		with data.defaults["hallucination.not_covered"] as {"action": "flag", "threshold": 0.5, "replacement": ""}
		with data.routes as {"closed": {"hallucination.not_covered": {"action": "redact"}}}
		with data.apps as {}
}

sentences := {"not_covered": [fixture.sentence(0, 0.7), fixture.sentence(2, 0.2)]}

test_flags_what_nothing_covers if {
	fired({"sentences": sentences}) == {{
		"action": "flag",
		"message": "The ground truth does not cover part of the answer.",
		"sentences": [0],
		"replacement": "",
	}}
}

test_closed_route_redacts if {
	some violation in fired({"route": "closed", "sentences": sentences})
	violation.action == "redact"
	violation.sentences == [0]
}

test_below_the_threshold if fired({"sentences": {"not_covered": [fixture.sentence(2, 0.2)]}}) == set()

test_contradicted_is_another_rule if fired({"sentences": {"contradicted": [fixture.sentence(0, 0.9)]}}) == set()
