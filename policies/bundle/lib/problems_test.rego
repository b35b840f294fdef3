package lib.problems_test

import data.lib.problems

# What is wrong when routes is the only section with a mistake.
found(routes) := result if {
	result := problems.found with data.routes as routes
		with data.apps as {}
		with data.defaults as {"a.rule": {"action": "flag", "threshold": 0.5}}
}

test_route_names_an_unknown_rule if {
	"routes.x names the rule a.rul, which defaults does not" in found({"x": {"a.rul": {"action": "flag"}}})
}

test_unknown_setting if {
	`routes.x.a.rule: there is no setting "treshold"; this rule has action, threshold` in found({"x": {"a.rule": {"treshold": 0.9}}})
}

test_wrong_type if {
	"routes.x.a.rule: threshold is a string, not a number" in found({"x": {"a.rule": {"threshold": "0.9"}}})
}

test_unknown_action if {
	"routes.x.a.rule: blok is no action: use allow, flag, redact, rewrite or block" in found({"x": {"a.rule": {"action": "blok"}}})
}

test_rewrite_without_replacement if {
	"routes.x.a.rule: rewrite needs a replacement" in found({"x": {"a.rule": {"action": "rewrite"}}})
}

test_good_override if {
	every problem in found({"x": {"a.rule": {"action": "block", "threshold": 1}}}) {
		not startswith(problem, "routes.")
	}
}

test_section_that_is_no_map if "routes must be a map; without entries it is {}" in found(null)

test_applications_are_checked_too if {
	"apps.y names the rule a.rul, which defaults does not" in problems.found with data.apps as {"y": {"a.rul": {}}}
}

test_rule_without_defaults if "defaults has no action for the rule hallucination.contradicted" in found({})

test_defaults_of_an_unknown_rule if "defaults names the rule a.rule, which the bundle does not have" in found({})
