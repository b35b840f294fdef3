package rules.privacy.secret_in_prompt_test

import data.fixture
import data.rules.privacy.secret_in_prompt

fired(changes) := result if {
	result := secret_in_prompt.violation with input as fixture.prompt(changes)
		with data.defaults["privacy.secret_in_prompt"] as {"action": "allow", "threshold": 0.5, "mask": "label"}
		with data.routes as {"closed": {"privacy.secret_in_prompt": {"action": "redact"}}}
		with data.apps as {}
}

key := fixture.prompt_finding("secrets", "aws_access_token", 0, 0.9)

test_off_by_default if fired({"findings": [key]}) == set()

test_closed_route_masks if {
	some violation in fired({"route": "closed", "findings": [key, fixture.prompt_finding("secrets", "generic_api_key", 0, 0.3)]})
	violation.mask == [{"side": "prompt", "message": 0, "start": 10, "end": 30, "with": "[aws access token]"}]
}

test_answers_are_another_rule if {
	fired({"phase": "answer", "route": "closed", "findings": [fixture.finding("secrets", "aws_access_token", 0, 0.9)]}) == set()
}
