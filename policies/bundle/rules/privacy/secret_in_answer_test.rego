package rules.privacy.secret_in_answer_test

import data.fixture
import data.rules.privacy.secret_in_answer

fired(changes) := result if {
	result := secret_in_answer.violation with input as fixture.answer(changes)
		with data.defaults["privacy.secret_in_answer"] as {"action": "flag", "threshold": 0.5, "known": false, "mask": "label", "replacement": ""}
		with data.routes as {"strict": {"privacy.secret_in_answer": {"action": "redact", "known": true}}}
		with data.apps as {}
}

key := fixture.finding("secrets", "aws_access_token", 1, 0.9)

test_names_the_sentence if {
	some violation in fired({"findings": [key]})
	violation.action == "flag"
	violation.sentences == [1]
}

test_masks if {
	some violation in fired({"route": "strict", "findings": [object.union(key, {"known": true})]})
	violation.mask == [{"side": "answer", "message": 0, "start": 90, "end": 110, "with": "[aws access token]"}]
}

test_callers_own_secret if fired({"findings": [object.union(key, {"known": true})]}) == set()

test_below_the_threshold if fired({"findings": [fixture.finding("secrets", "generic_api_key", 1, 0.3)]}) == set()

test_personal_data_is_another_rule if fired({"findings": [fixture.finding("pii", "email_address", 1, 0.9)]}) == set()
