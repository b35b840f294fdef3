package rules.injection.leak_test

import data.fixture
import data.rules.injection.leak

fired(changes) := result if {
	result := leak.violation with input as fixture.answer(changes)
		with data.defaults["injection.leak"] as {"action": "flag", "threshold": 0.8, "categories": ["prompt_leak"]}
		with data.routes as {"strict": {"injection.leak": {"action": "block", "threshold": 0.5}}, "off": {"injection.leak": {"action": "allow"}}}
		with data.apps as {}
}

test_fires_at_the_threshold if {
	fired({"findings": [fixture.finding("injection", "prompt_leak", 1, 0.8)]}) == {{
		"action": "flag",
		"message": "The answer repeats the system prompt.",
		"sentences": [1],
		"replacement": "",
	}}
}

test_below_the_threshold if fired({"findings": [fixture.finding("injection", "prompt_leak", 1, 0.6)]}) == set()

test_route_blocks_from_its_own_threshold if {
	some violation in fired({"route": "strict", "findings": [fixture.finding("injection", "prompt_leak", 1, 0.6)]})
	violation.action == "block"
}

test_off if fired({"route": "off", "findings": [fixture.finding("injection", "prompt_leak", 1, 0.99)]}) == set()

test_other_categories_and_guards if {
	fired({"findings": [
		fixture.finding("injection", "email_address", 1, 0.99),
		object.union(fixture.finding("injection", "prompt_leak", 1, 0.99), {"guard": "pii"}),
	]}) == set()
}

test_other_phase if fired({"phase": "prompt", "findings": [fixture.finding("injection", "prompt_leak", 1, 0.99)]}) == set()

test_nothing_found if fired({}) == set()
