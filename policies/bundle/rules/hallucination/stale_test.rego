package rules.hallucination.stale_test

import data.fixture
import data.rules.hallucination.stale

fired(sentences) := result if {
	result := stale.violation with input as fixture.answer({"sentences": {"contradicted": sentences}})
		with data.defaults["hallucination.stale"] as {"action": "flag", "threshold": 0.5, "replacement": ""}
		with data.routes as {}
		with data.apps as {}
}

old(index, score) := object.union(fixture.sentence(index, score), {"category": "stale"})

test_names_what_was_true_before if {
	fired([old(0, 0.9), fixture.sentence(1, 0.9), old(2, 0.4), old(3, 0.5)]) == {{
		"action": "flag",
		"message": "The answer says what is no longer true.",
		"sentences": [0, 3],
		"replacement": "",
	}}
}

test_other_contradictions_are_another_rule if fired([fixture.sentence(0, 0.9)]) == set()

test_nothing_contradicted if fired([]) == set()
