package rules.safety.prompt_test

import data.fixture
import data.rules.safety.prompt

fired(changes) := result if {
	result := prompt.violation with input as fixture.prompt(changes)
		with data.defaults["safety.prompt"] as {"action": "flag", "threshold": 0.9, "categories": ["hate", "violence", "sexual", "self_harm", "illicit"]}
		with data.routes as {"strict": {"safety.prompt": {"action": "block", "threshold": 0.5}}, "off": {"safety.prompt": {"action": "allow"}}}
		with data.apps as {}
}

test_fires_at_the_threshold if {
	fired({"findings": [fixture.prompt_finding("safety", "hate", 2, 0.9)]}) == {{
		"action": "flag",
		"message": "The prompt is unsafe: hate.",
		"sentences": [],
		"replacement": "",
	}}
}

test_below_the_threshold if fired({"findings": [fixture.prompt_finding("safety", "hate", 2, 0.6)]}) == set()

test_route_blocks_from_its_own_threshold if {
	some violation in fired({"route": "strict", "findings": [fixture.prompt_finding("safety", "hate", 2, 0.6)]})
	violation.action == "block"
}

test_off if fired({"route": "off", "findings": [fixture.prompt_finding("safety", "hate", 2, 0.99)]}) == set()

test_other_categories_and_guards if {
	fired({"findings": [
		fixture.prompt_finding("safety", "email_address", 2, 0.99),
		object.union(fixture.prompt_finding("safety", "hate", 2, 0.99), {"guard": "pii"}),
	]}) == set()
}

test_other_phase if fired({"phase": "answer", "findings": [fixture.prompt_finding("safety", "hate", 2, 0.99)]}) == set()

test_nothing_found if fired({}) == set()
