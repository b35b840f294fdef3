package rules.coverage.skipped_test

import data.fixture
import data.rules.coverage.skipped

fired(answer) := result if {
	result := skipped.violation with input as fixture.answer(answer)
		with data.defaults["coverage.skipped"] as {"action": "allow"}
		with data.routes as {"tools": {"coverage.skipped": {"action": "flag"}}}
		with data.apps as {}
}

test_off_by_default if fired({"skipped": ["tool_calls"]}) == set()

test_names_the_parts if {
	fired({"route": "tools", "skipped": ["tool_calls", "reasoning"]}) == {{
		"action": "flag",
		"message": "Parts of the answer were not checked: tool_calls, reasoning.",
		"sentences": [],
		"replacement": "",
	}}
}

test_waits_for_the_whole_answer if fired({"route": "tools", "skipped": ["tool_calls"], "final": false}) == set()

test_nothing_skipped if fired({"route": "tools"}) == set()
