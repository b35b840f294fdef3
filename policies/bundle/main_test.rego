package touchstone_test

import data.fixture
import data.touchstone

decide(sentences) := result if {
	result := touchstone.decision with input as fixture.answer({"sentences": sentences})
		with data.defaults["hallucination.contradicted"] as {"action": "block", "threshold": 0.5}
		with data.defaults["hallucination.not_covered"] as {"action": "flag", "threshold": 0.5}
		with data.routes as {}
		with data.apps as {}
}

test_nothing_found_is_allowed if decide({}) == {"action": "allow", "rules": set()}

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
	decision.action == action
}
