package rules.approved.answer_test

import data.fixture
import data.rules.approved.answer

defaults := {"action": "flag", "threshold": 0.5, "categories": ["differs"], "replacement": "{approved}"}

fired(changes) := result if {
	result := answer.violation with input as fixture.answer(changes)
		with data.defaults["approved.answer"] as defaults
		with data.routes as {
			"strict": {"approved.answer": {"action": "rewrite", "categories": ["differs", "adds"]}},
			"off": {"approved.answer": {"action": "allow"}},
		}
		with data.apps as {}
}

differs := fixture.finding("approved", "differs", 1, 0.9)

adds := fixture.finding("approved", "adds", 2, 0.9)

test_names_the_sentences_that_differ if {
	some violation in fired({"findings": [fixture.finding("approved", "agrees", 0, 1), differs, adds]})
	violation.action == "flag"
	violation.sentences == [1]
}

test_a_route_replaces_what_differs_or_adds if {
	some violation in fired({"route": "strict", "findings": [differs, adds]})
	violation.action == "rewrite"
	violation.sentences == [1, 2]
	violation.replacement == "{approved}"
}

test_below_the_threshold if fired({"findings": [fixture.finding("approved", "differs", 1, 0.4)]}) == set()

test_other_guards_do_not_count if fired({"findings": [fixture.finding("pii", "differs", 1, 1)]}) == set()

test_off if fired({"route": "off", "findings": [differs]}) == set()
