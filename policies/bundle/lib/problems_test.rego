package lib.problems_test

import data.lib.problems

# Of the bundle's data with one section replaced.
with_routes(routes) := result if {
	result := problems.found with data.routes as routes with data.apps as {}
}

test_route_names_an_unknown_rule if {
	with_routes({"a": {"hallucination.contradictd": {"action": "flag"}}}) == {"routes.a names the rule hallucination.contradictd, which defaults does not"}
}

test_unknown_setting if {
	with_routes({"a": {"coverage.skipped": {"acton": "flag"}}}) == {`routes.a.coverage.skipped: there is no setting "acton"; this rule has action`}
}

test_wrong_type if {
	with_routes({"a": {"hallucination.contradicted": {"threshold": "0.5"}}}) == {"routes.a.hallucination.contradicted: threshold is a string, not a number"}
}

test_unknown_action if {
	with_routes({"a": {"coverage.skipped": {"action": "blok"}}}) == {"routes.a.coverage.skipped: blok is no action: use allow, flag, redact, rewrite or block"}
}

test_rewrite_without_replacement if {
	with_routes({"a": {"coverage.skipped": {"action": "rewrite"}}}) == {"routes.a.coverage.skipped: rewrite needs a replacement"}
}

test_section_that_is_no_map if {
	problems.found == {"routes must be a map; without entries it is {}"} with data.routes as null with data.apps as {}
}

test_applications_are_checked_too if {
	problems.found == {"apps.b names the rule x.y, which defaults does not"} with data.routes as {} with data.apps as {"b": {"x.y": {}}}
}

test_rule_without_defaults if {
	"defaults has no action for the rule hallucination.contradicted" in problems.found with data.defaults as {}
}

test_defaults_of_an_unknown_rule if {
	"defaults names the rule x.y, which the bundle does not have" in problems.found with data.defaults["x.y"] as {"action": "flag"}
}
