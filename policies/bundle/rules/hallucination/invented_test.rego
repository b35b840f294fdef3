package rules.hallucination.invented_test

import data.fixture
import data.rules.hallucination.invented

fired(sentences) := result if {
	result := invented.violation with input as fixture.answer({"sentences": {"not_covered": sentences}})
		with data.defaults["hallucination.invented"] as {"action": "redact", "threshold": 0.5, "categories": ["url", "number"], "replacement": ""}
		with data.routes as {}
		with data.apps as {}
}

of(index, score, category) := object.union(fixture.sentence(index, score), {"category": category})

test_names_the_sentences_and_what_is_in_them if {
	fired([of(0, 0.9, "url"), of(1, 0.9, "coverage"), of(2, 0.5, "number"), of(3, 0.4, "url")]) == {{
		"action": "redact",
		"message": "The ground truth does not hold what the answer names: number, url.",
		"sentences": [0, 2],
		"replacement": "",
	}}
}

test_other_kinds_are_left_to_not_covered if fired([of(0, 0.9, "coverage"), of(1, 0.9, "money")]) == set()

test_below_the_threshold if fired([of(0, 0.4, "url")]) == set()
