package touchstone_test

import data.fixture
import data.touchstone

decide(sentences) := result if {
	result := touchstone.decision with input as fixture.answer({"sentences": sentences})
		with data.defaults["hallucination.contradicted"] as {"action": "block", "threshold": 0.5}
		with data.defaults["hallucination.not_covered"] as {"action": "flag", "threshold": 0.5}
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as []
}

test_nothing_found_is_allowed if decide({}) == {"action": "allow", "rules": set(), "shadow": set()}

test_strictest_action_wins if {
	decision := decide({"contradicted": [fixture.sentence(0, 0.9)], "not_covered": [fixture.sentence(1, 0.9)]})
	decision.action == "block"
	sentences := {rule.id: rule.sentences | some rule in decision.rules}
	sentences["hallucination.contradicted"] == [0]
	sentences["hallucination.not_covered"] == [1]
}

test_each_action_can_be_the_strictest if {
	some action in ["flag", "redact", "rewrite", "block"]
	decision := touchstone.decision with input as fixture.answer({"sentences": {"contradicted": [fixture.sentence(0, 0.9)]}})
		with data.defaults["hallucination.contradicted"] as {"action": action, "threshold": 0.5}
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as []
	decision.action == action
}

# One rule fires, in this state, for a caller of bucket 1,000.
in_state(settings) := decision if {
	answer := fixture.answer({"bucket": 1000, "sentences": {"contradicted": [fixture.sentence(0, 0.9)]}})
	decision := touchstone.decision with input as answer
		with data.defaults["hallucination.contradicted"] as object.union({"action": "block", "threshold": 0.5}, settings)
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as []
}

test_draft_does_not_fire if in_state({"state": "draft"}) == {"action": "allow", "rules": set(), "shadow": set()}

test_shadow_is_recorded_and_not_applied if {
	decision := in_state({"state": "shadow"})
	decision.action == "allow"
	decision.rules == set()
	some rule in decision.shadow
	rule.id == "hallucination.contradicted"
	rule.action == "block"
	rule.state == "shadow"
}

test_canary_is_applied_to_its_share if {
	decision := in_state({"state": "canary", "share": 0.11})
	decision.action == "block"
	decision.shadow == set()
	some rule in decision.rules
	rule.state == "canary"
}

test_canary_is_shadow_for_others if {
	decision := in_state({"state": "canary", "share": 0.1})
	decision.action == "allow"
	some rule in decision.shadow
	rule.state == "canary"
}

test_canary_of_nobody_and_of_all if {
	in_state({"state": "canary", "share": 0}).action == "allow"
	in_state({"state": "canary", "share": 1}).action == "block"
}

test_enforce_is_what_is_meant_without_a_state if {
	some rule in in_state({}).rules
	not rule.state
	in_state({"state": "enforce"}) == in_state({})
}

# Where the engine has named candidates, no others are asked.
test_only_candidates_are_asked if {
	answer := fixture.answer({
		"candidates": [["hallucination", "not_covered"]],
		"sentences": {"contradicted": [fixture.sentence(0, 0.9)], "not_covered": [fixture.sentence(1, 0.9)]},
	})
	decision := touchstone.decision with input as answer
		with data.defaults["hallucination.contradicted"] as {"action": "block", "threshold": 0.5}
		with data.defaults["hallucination.not_covered"] as {"action": "flag", "threshold": 0.5}
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as []
	{rule.id | some rule in decision.rules} == {"hallucination.not_covered"}
}
