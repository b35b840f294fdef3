package rules.bias.answer_test

import data.fixture
import data.rules.bias.answer

fired(changes) := result if {
	result := answer.violation with input as fixture.answer(changes)
		with data.defaults["bias.answer"] as {"action": "flag", "threshold": 0.8, "categories": ["hate", "stereotype", "assumption", "sexism"]}
		with data.routes as {"strict": {"bias.answer": {"action": "block", "threshold": 0.5}}, "off": {"bias.answer": {"action": "allow"}}}
		with data.apps as {}
}

test_fires_at_the_threshold if {
	fired({"findings": [fixture.finding("safety", "hate", 1, 0.8)]}) == {{
		"action": "flag",
		"message": "The answer is biased or hateful: hate.",
		"sentences": [1],
		"replacement": "",
	}}
}

test_below_the_threshold if fired({"findings": [fixture.finding("safety", "hate", 1, 0.6)]}) == set()

test_route_blocks_from_its_own_threshold if {
	some violation in fired({"route": "strict", "findings": [fixture.finding("safety", "hate", 1, 0.6)]})
	violation.action == "block"
}

test_off if fired({"route": "off", "findings": [fixture.finding("safety", "hate", 1, 0.99)]}) == set()

test_other_categories_and_guards if {
	fired({"findings": [
		fixture.finding("safety", "email_address", 1, 0.99),
		object.union(fixture.finding("safety", "hate", 1, 0.99), {"guard": "pii"}),
	]}) == set()
}

test_other_phase if fired({"phase": "prompt", "findings": [fixture.finding("safety", "hate", 1, 0.99)]}) == set()

test_nothing_found if fired({}) == set()
