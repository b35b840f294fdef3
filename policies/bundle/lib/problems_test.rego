package lib.problems_test

import data.lib.problems

# What is wrong when routes is the only section with a mistake.
found(routes) := result if {
	result := problems.found with data.routes as routes
		with data.apps as {}
		with data.defaults as {"a.rule": {"action": "flag", "threshold": 0.5}}
}

# What is wrong with the settings of one shipped rule, in defaults.
defaults(rule, settings) := {problem |
	some problem in problems.found with data.routes as {}
		with data.apps as {}
		with data.defaults as {rule: settings}
	contains(problem, rule)
}

# What is wrong with a route's settings of one shipped rule.
route(rule, settings) := {problem |
	some problem in problems.found with data.routes as {"x": {rule: settings}}
		with data.apps as {}
		with data.defaults as {rule: {"action": "flag", "threshold": 0.5, "min_checked": 3}}
	startswith(problem, "routes.")
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

test_threshold_is_a_number_from_0_to_1 if {
	every value, shown in {"0.5": `"0.5"`, true: "true", null: "null", -0.1: "-0.1", 1.1: "1.1"} {
		every rule in {"hallucination.contradicted", "hallucination.not_covered", "hallucination.low_groundedness"} {
			wrong := sprintf("%s: threshold must be a number from 0 to 1, not %s", [rule, shown])
			defaults(rule, {"action": "flag", "threshold": value, "min_checked": 0}) == {concat(".", ["defaults", wrong])}
			route(rule, {"threshold": value}) == {concat(".", ["routes.x", wrong])}
		}
	}
}

test_threshold_may_be_0_or_1 if {
	every value in {0, 1} {
		defaults("hallucination.contradicted", {"action": "block", "threshold": value}) == set()
		route("hallucination.contradicted", {"threshold": value}) == set()
	}
}

test_min_checked_is_a_whole_number if {
	every value, shown in {"3": `"3"`, -1: "-1", 1.5: "1.5", null: "null"} {
		wrong := sprintf("hallucination.low_groundedness: min_checked must be a whole number from 0, not %s", [shown])
		defaults("hallucination.low_groundedness", {"action": "flag", "threshold": 0.6, "min_checked": value}) == {concat(".", ["defaults", wrong])}
		route("hallucination.low_groundedness", {"min_checked": value}) == {concat(".", ["routes.x", wrong])}
	}
}

test_settings_that_rules_read_are_there if {
	defaults("hallucination.contradicted", {"action": "block", "treshold": 0.5}) == {"defaults.hallucination.contradicted: threshold is missing"}
	defaults("hallucination.not_covered", {"action": "block"}) == {"defaults.hallucination.not_covered: threshold is missing"}
	defaults("hallucination.low_groundedness", {"action": "flag"}) == {
		"defaults.hallucination.low_groundedness: threshold is missing",
		"defaults.hallucination.low_groundedness: min_checked is missing",
	}
}

test_action_in_defaults if {
	defaults("coverage.skipped", {"acton": "flag"}) == {"defaults has no action for the rule coverage.skipped"}
	defaults("coverage.skipped", "flag") == {"defaults has no action for the rule coverage.skipped"}
	defaults("coverage.skipped", {"action": "Flag"}) == {"defaults.coverage.skipped: Flag is no action: use allow, flag, redact, rewrite or block"}
	defaults("coverage.skipped", {"action": null}) == {"defaults.coverage.skipped: null is no action: use allow, flag, redact, rewrite or block"}
}

test_mistake_in_defaults_is_named_once if {
	problems.found == {"defaults.coverage.skipped: blok is no action: use allow, flag, redact, rewrite or block"} with data.apps as {"y": {"coverage.skipped": {"action": "flag"}}}
		with data.routes as {"x": {"coverage.skipped": {}}}
		with data.defaults["coverage.skipped"] as {"action": "blok"}
}

test_whole_answers_have_no_sentence_to_replace if {
	defaults("coverage.skipped", {"action": "redact"}) == {"defaults.coverage.skipped: redact names no sentence to replace: use allow, flag or block"}
	route("hallucination.low_groundedness", {"action": "redact"}) == {"routes.x.hallucination.low_groundedness: redact names no sentence to replace: use allow, flag or block"}
}

test_replacement_is_a_text if {
	defaults("hallucination.not_measured", {"action": "flag", "replacement": 7}) == {"defaults.hallucination.not_measured: replacement must be a text, not 7"}
}

test_overrides_are_maps if {
	"routes.x must be a map of rules; without entries, leave it out" in found({"x": null})
	"routes.x.a.rule must be a map of settings, such as {action: flag}" in found({"x": {"a.rule": "block"}})
}

test_states_and_shares if {
	defaults("coverage.skipped", {"action": "flag", "state": "shadwo"}) == {"defaults.coverage.skipped: shadwo is no state: use draft, shadow, canary or enforce"}
	defaults("coverage.skipped", {"action": "flag", "state": "canary"}) == {"defaults.coverage.skipped: canary needs a share, such as 0.05"}
	defaults("coverage.skipped", {"action": "flag", "state": "canary", "share": 5}) == {"defaults.coverage.skipped: share must be a number from 0 to 1, not 5"}
	every state in ["draft", "shadow", "enforce"] {
		defaults("coverage.skipped", {"action": "flag", "state": state}) == set()
	}
	defaults("coverage.skipped", {"action": "flag", "state": "canary", "share": 0}) == set()
}

test_every_rule_may_have_a_state_for_a_route if {
	route("hallucination.contradicted", {"state": "canary", "share": 0.05}) == set()
	route("hallucination.contradicted", {"state": "canary"}) == {"routes.x.hallucination.contradicted: canary needs a share, such as 0.05"}
	route("hallucination.contradicted", {"state": 7}) == {"routes.x.hallucination.contradicted: 7 is no state: use draft, shadow, canary or enforce"}
}

# What is wrong with a setting of this kind and value.
kind(name, value) := {problem |
	some problem in problems.found with data.rules.a.rule as {"violation": set(), "reads": {"setting": name}}
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as []
		with data.defaults as {"a.rule": {"action": "flag", "setting": value}}
	contains(problem, "a.rule")
}

test_kinds_of_settings if {
	every name, value in {"share": 0.5, "count": 3, "number": -7.5, "text": "a", "texts": ["a", "b"], "switch": false} {
		kind(name, value) == set()
	}
	every name, value in {"share": 2, "count": 0.5, "number": "7", "text": 7, "texts": ["a", 7], "switch": "no"} {
		some problem in kind(name, value)
		startswith(problem, "defaults.a.rule: setting must be ")
	}
	kind("texts", "a") == {`defaults.a.rule: setting must be a list of texts, not "a"`}
	some problem in kind("shares", 0.5)
	contains(problem, "the rule a.rule reads setting as shares; it can be one of ")
}

# What is wrong with a route's settings of a rule that masks.
masking(rule, settings) := {problem |
	some problem in problems.found with data.routes as {"x": {rule: settings}}
		with data.apps as {}
		with data.defaults as {rule: {"action": "flag", "threshold": 0.5, "categories": [], "known": false, "mask": "label"}}
	startswith(problem, "routes.")
}

test_prompts_have_no_sentence_to_replace if {
	some problem in masking("privacy.prompt", {"action": "rewrite"})
	problem == "routes.x.privacy.prompt: rewrite names no sentence to replace: use allow, flag, redact or block"
}

test_masks if {
	masking("privacy.answer", {"mask": "token"}) == {`routes.x.privacy.answer: mask must be label or hash, not "token"`}
	masking("privacy.prompt", {"mask": "tokens"}) == {`routes.x.privacy.prompt: mask must be label, hash or token, not "tokens"`}
	masking("privacy.prompt", {"mask": "hash"}) == set()
	masking("privacy.answer", {"categories": "email_address"}) == {`routes.x.privacy.answer: categories must be a list of texts, not "email_address"`}
}
