package rules.privacy.answer_test

import data.fixture
import data.rules.privacy.answer

defaults := {"action": "flag", "threshold": 0.5, "categories": ["email_address", "iban"], "known": false, "mask": "label", "replacement": ""}

fired(changes) := result if {
	result := answer.violation with input as fixture.answer(changes)
		with data.defaults["privacy.answer"] as defaults
		with data.routes as {
			"masking": {"privacy.answer": {"action": "redact", "mask": "hash"}},
			"strict": {"privacy.answer": {"known": true}},
			"off": {"privacy.answer": {"action": "allow"}},
		}
		with data.apps as {}
}

mail := fixture.finding("pii", "email_address", 1, 0.9)

test_names_the_sentences_and_kinds if {
	fired({"findings": [mail, fixture.finding("pii", "iban", 3, 0.99), fixture.finding("pii", "age", 2, 0.9)]}) == {{
		"action": "flag",
		"message": "The answer holds personal data: email address, iban.",
		"sentences": [1, 3],
		"replacement": "",
		"mask": [
			{"side": "answer", "message": 0, "start": 90, "end": 110, "with": "[email address]"},
			{"side": "answer", "message": 0, "start": 250, "end": 270, "with": "[iban]"},
		],
	}}
}

test_what_the_caller_sent_is_no_leak if {
	known := object.union(mail, {"known": true})
	fired({"findings": [known]}) == set()
	count(fired({"route": "strict", "findings": [known]})) == 1
}

test_route_masks_by_hash if {
	some violation in fired({"route": "masking", "findings": [mail]})
	violation.action == "redact"
	violation.mask[0]["with"] == "[email address {hash}]"
}

test_below_the_threshold if fired({"findings": [fixture.finding("pii", "email_address", 1, 0.3)]}) == set()

test_off if fired({"route": "off", "findings": [mail]}) == set()

test_prompts_are_another_rule if {
	fired({"phase": "prompt", "findings": [fixture.prompt_finding("pii", "email_address", 0, 0.9)]}) == set()
}
