package rules.hallucination.low_groundedness_test

import data.fixture
import data.rules.hallucination.low_groundedness

fired(answer) := result if {
	result := low_groundedness.violation with input as fixture.answer(answer)
		with data.defaults["hallucination.low_groundedness"] as {"action": "flag", "threshold": 0.6, "min_checked": 3}
		with data.routes as {}
		with data.apps as {}
}

test_low if {
	fired({"counts": {"checked": 4, "supported": 2, "not_covered": 2}, "groundedness": 0.5}) == {{
		"action": "flag",
		"message": "Too little of the answer is supported by the ground truth.",
		"sentences": [],
		"replacement": "",
	}}
}

test_high_enough if fired({"counts": {"checked": 5}, "groundedness": 0.6}) == set()

test_too_few_sentences_to_say if fired({"counts": {"checked": 2}, "groundedness": 0}) == set()

test_waits_for_the_whole_answer if fired({"final": false, "counts": {"checked": 9}, "groundedness": 0}) == set()

# In Rego null is less than any number.
test_nothing_checked if {
	low_groundedness.violation == set() with input as fixture.answer({"groundedness": null})
		with data.defaults["hallucination.low_groundedness"] as {"action": "flag", "threshold": 0.6, "min_checked": 0}
		with data.routes as {}
		with data.apps as {}
}
