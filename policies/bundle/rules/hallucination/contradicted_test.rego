package rules.hallucination.contradicted_test

import data.fixture
import data.rules.hallucination.contradicted

defaults := {"action": "block", "threshold": 0.5, "replacement": ""}

fired(answer) := result if {
	result := contradicted.violation with input as fixture.answer(answer)
		with data.defaults["hallucination.contradicted"] as defaults
		with data.routes as {"billing": {"hallucination.contradicted": {"action": "redact", "replacement": "[see the price list]"}}}
		with data.apps as {"lenient": {"hallucination.contradicted": {"threshold": 0.95}}}
}

sentences := {"contradicted": [fixture.sentence(1, 0.9), fixture.sentence(4, 0.3), fixture.sentence(6, 0.5)]}

test_names_the_sentences_at_or_above_the_threshold if {
	fired({"sentences": sentences}) == {{
		"action": "block",
		"message": "The answer contradicts the ground truth.",
		"sentences": [1, 6],
		"replacement": "",
	}}
}

test_route_redacts_with_its_own_notice if {
	some violation in fired({"route": "billing", "sentences": sentences})
	violation.action == "redact"
	violation.replacement == "[see the price list]"
}

test_application_raises_the_threshold if fired({"app": "lenient", "sentences": sentences}) == set()

test_application_and_route_together if {
	some violation in fired({"app": "lenient", "route": "billing", "sentences": {"contradicted": [fixture.sentence(0, 0.99)]}})
	violation.action == "redact"
}

test_other_verdicts_do_not_fire if {
	fired({"sentences": {"not_covered": [fixture.sentence(0, 1)], "supported": [fixture.sentence(1, 0)]}}) == set()
}

test_fires_before_the_answer_is_final if count(fired({"final": false, "sentences": sentences})) == 1

test_off_by_action_allow if {
	contradicted.violation == set() with input as fixture.answer({"sentences": sentences})
		with data.defaults["hallucination.contradicted"] as object.union(defaults, {"action": "allow"})
		with data.routes as {}
		with data.apps as {}
}
