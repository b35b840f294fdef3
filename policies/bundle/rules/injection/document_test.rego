package rules.injection.document_test

import data.fixture
import data.rules.injection.document

fired(changes) := result if {
	result := document.violation with input as fixture.prompt(changes)
		with data.defaults["injection.document"] as {"action": "flag", "threshold": 0.8, "categories": ["injection", "hidden_text", "role_marker"]}
		with data.routes as {"strict": {"injection.document": {"action": "block", "threshold": 0.5}}, "off": {"injection.document": {"action": "allow"}}}
		with data.apps as {}
}

test_fires_at_the_threshold if {
	fired({"findings": [object.union(fixture.prompt_finding("injection", "injection", 2, 0.8), {"side": "tool"})]}) == {{
		"action": "flag",
		"message": "A document gives the assistant orders: injection.",
		"sentences": [],
		"replacement": "",
	}}
}

test_below_the_threshold if fired({"findings": [object.union(fixture.prompt_finding("injection", "injection", 2, 0.6), {"side": "tool"})]}) == set()

test_route_blocks_from_its_own_threshold if {
	some violation in fired({"route": "strict", "findings": [object.union(fixture.prompt_finding("injection", "injection", 2, 0.6), {"side": "tool"})]})
	violation.action == "block"
}

test_off if fired({"route": "off", "findings": [object.union(fixture.prompt_finding("injection", "injection", 2, 0.99), {"side": "tool"})]}) == set()

test_other_categories_and_guards if {
	fired({"findings": [
		object.union(fixture.prompt_finding("injection", "email_address", 2, 0.99), {"side": "tool"}),
		object.union(object.union(fixture.prompt_finding("injection", "injection", 2, 0.99), {"side": "tool"}), {"guard": "pii"}),
	]}) == set()
}

test_other_phase if fired({"phase": "answer", "findings": [object.union(fixture.prompt_finding("injection", "injection", 2, 0.99), {"side": "tool"})]}) == set()

test_nothing_found if fired({}) == set()

test_other_side_is_another_rule if fired({"findings": [fixture.prompt_finding("injection", "injection", 2, 0.99)]}) == set()
