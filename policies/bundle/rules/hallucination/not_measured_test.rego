package rules.hallucination.not_measured_test

import data.fixture
import data.rules.hallucination.not_measured

fired(answer) := result if {
	result := not_measured.violation with input as fixture.answer(answer)
		with data.defaults["hallucination.not_measured"] as {"action": "flag", "replacement": ""}
		with data.routes as {"strict": {"hallucination.not_measured": {"action": "block"}}}
		with data.apps as {}
}

down := {
	"guards": {"groundedness": {"status": "timeout", "error": "no result within 2s"}},
	"unmeasured": ["groundedness"],
	"sentences": {
		"supported": [fixture.sentence(0, 0.1)],
		"not_claim": [fixture.sentence(1, 0)],
		"not_measured": [fixture.sentence(2, 0.5)],
	},
}

test_guard_that_did_not_run_has_seen_no_sentence if {
	some violation in fired(down)
	violation.action == "flag"
	violation.message == "Part of the answer could not be checked: groundedness did not run."
	{index | some index in violation.sentences} == {0, 1, 2}
}

test_strict_route_blocks if {
	some violation in fired(object.union(down, {"route": "strict"}))
	violation.action == "block"
}

test_guard_without_a_verdict if {
	some violation in fired({"sentences": {"supported": [fixture.sentence(0, 0.1)], "not_measured": [fixture.sentence(1, 0.5)]}})
	violation.message == "Part of the answer could not be checked."
	violation.sentences == [1]
}

test_all_measured if fired({"sentences": {"supported": [fixture.sentence(0, 0.1)]}}) == set()

test_route_without_guards_that_check_statements if {
	not_measured.violation == set() with input as object.union(
		object.remove(fixture.answer({"sentences": {"not_measured": [fixture.sentence(0, 0.5)]}}), ["guards"]),
		{"guards": {"pii": {"status": "ok", "error": "", "truth": false}}},
	)
}

test_route_without_guards_is_unchecked_by_choice if {
	not_measured.violation == set() with input as object.union(
		object.remove(fixture.answer({"sentences": {"not_measured": [fixture.sentence(0, 0.5)]}}), ["guards"]),
		{"guards": {}},
	)
}
