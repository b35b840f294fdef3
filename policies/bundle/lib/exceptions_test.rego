package lib.problems_test

import data.lib.problems

exception := {
	"id": "EX-1",
	"rule": "hallucination.contradicted",
	"from": "2026-12-01",
	"until": "2026-12-31",
	"owner": "Jane",
	"reason": "A test.",
}

# What is wrong with exceptions, besides the rest of data.yaml.
with_exceptions(list) := {problem |
	some problem in problems.found with data.exceptions as list
	contains(problem, "xception")
}

changed(fields) := with_exceptions([object.union(exception, fields)])

test_good_exceptions if {
	with_exceptions([]) == set()
	with_exceptions([exception, {"id": "EX-2", "rule": "coverage.skipped", "until": "2026-12-31", "owner": "Jane", "reason": "Another."}]) == set()
	changed({"routes": ["support"], "apps": ["shop"]}) == set()
}

test_exceptions_are_a_list_of_maps if {
	with_exceptions({"EX-1": exception}) == {"exceptions must be a list; without entries it is []"}
	some problem in with_exceptions(["EX-1"])
	startswith(problem, "exceptions[0] must be a map such as")
}

test_exception_needs_an_owner_a_reason_and_an_end if {
	with_exceptions([object.remove(exception, ["owner", "reason", "until"])]) == {
		"exceptions[0]: owner is missing",
		"exceptions[0]: reason is missing",
		"exceptions[0]: until is missing",
	}
	changed({"owner": ""}) == {"exceptions[0]: owner is missing"}
}

test_exception_fields if {
	some problem in changed({"untill": "2026-12-31"})
	contains(problem, `there is no field "untill"`)
	changed({"rule": "a.rule"}) == {"exceptions[0]: the bundle has no rule a.rule"}
	changed({"owner": 7}) == {"exceptions[0]: owner must be a text, not 7"}
	changed({"routes": "support"}) == {"exceptions[0]: routes must be a list of names; leave it out to mean all"}
	changed({"apps": []}) == {"exceptions[0]: apps must be a list of names; leave it out to mean all"}
	changed({"routes": [7]}) == {"exceptions[0]: routes must be a list of names; leave it out to mean all"}
}

test_exception_days if {
	every day in ["2026-12-32", "31.12.2026", "2026-12-31T10:00:00Z"] {
		changed({"until": day}) == {sprintf("exceptions[0]: until must be a day such as 2027-01-31, not %q", [day])}
	}
	changed({"from": 7}) == {"exceptions[0]: from must be a day such as 2027-01-31, not 7"}
	changed({"until": "2026-11-30"}) == {"exceptions[0]: it ends, on 2026-11-30, before it begins"}
}

test_two_exceptions_with_one_id if with_exceptions([exception, exception]) == {"two exceptions have the id EX-1"}
