package rules.privacy.prompt_test

import data.fixture
import data.rules.privacy.prompt

fired(changes) := result if {
	result := prompt.violation with input as fixture.prompt(changes)
		with data.defaults["privacy.prompt"] as {"action": "allow", "threshold": 0.5, "categories": ["email_address"], "mask": "token"}
		with data.routes as {
			"masking": {"privacy.prompt": {"action": "redact"}},
			"closed": {"privacy.prompt": {"action": "block"}},
		}
		with data.apps as {}
}

mail := fixture.prompt_finding("pii", "email_address", 2, 0.9)

test_off_by_default if fired({"findings": [mail]}) == set()

test_masking_route_sends_stand_ins if {
	fired({"route": "masking", "findings": [mail]}) == {{
		"action": "redact",
		"message": "The prompt holds personal data: email address.",
		"sentences": [],
		"replacement": "",
		"mask": [{"side": "prompt", "message": 2, "start": 170, "end": 190, "with": "<EMAIL_ADDRESS_{n}>", "restore": true}],
	}}
}

test_closed_route_blocks if {
	some violation in fired({"route": "closed", "findings": [mail]})
	violation.action == "block"
}

test_answers_are_another_rule if {
	fired({"phase": "answer", "route": "closed", "findings": [fixture.finding("pii", "email_address", 0, 0.9)]}) == set()
}

test_nothing_found if fired({"route": "closed"}) == set()
