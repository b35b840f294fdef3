package lib.states_test

import data.fixture
import data.lib.states
import data.touchstone

exception := {
	"id": "EX-1",
	"rule": "hallucination.contradicted",
	"routes": ["support"],
	"from": "2026-12-01",
	"until": "2026-12-31",
	"owner": "Jane",
	"reason": "A test.",
}

# What is decided of a contradiction at this time, with these exceptions.
at(now, exceptions) := decision if {
	answer := fixture.answer({"now": now, "sentences": {"contradicted": [fixture.sentence(0, 0.9)]}})
	decision := touchstone.decision with input as answer
		with data.defaults["hallucination.contradicted"] as {"action": "block", "threshold": 0.5}
		with data.routes as {}
		with data.apps as {}
		with data.exceptions as exceptions
}

test_exception_holds_the_rule_back if {
	decision := at("2026-12-10T08:00:00Z", [exception])
	decision.action == "allow"
	some rule in decision.shadow
	rule.state == "exception"
	rule.exception == "EX-1"
}

test_first_and_last_day_are_included if {
	every now in ["2026-12-01T00:00:00Z", "2026-12-31T23:59:59Z"] {
		at(now, [exception]).action == "allow"
	}
}

test_not_before_it_begins if {
	decision := at("2026-11-30T23:59:59Z", [exception])
	decision.action == "block"
	some rule in decision.rules
	not rule.lapsed
}

test_over_it_stops_and_says_so if {
	decision := at("2027-01-01T00:00:00Z", [exception])
	decision.action == "block"
	some rule in decision.rules
	rule.lapsed == "EX-1"
}

test_a_renewed_one_counts if {
	renewed := object.union(exception, {"id": "EX-2", "until": "2027-02-28"})
	some rule in at("2027-01-15T00:00:00Z", [exception, renewed]).shadow
	rule.exception == "EX-2"
}

test_other_routes_apps_and_rules if {
	every other in [{"routes": ["billing"]}, {"apps": ["back-office"]}, {"rule": "hallucination.not_covered"}] {
		at("2026-12-10T08:00:00Z", [object.union(exception, other)]).action == "block"
	}
}

test_everywhere_without_lists if {
	at("2026-12-10T08:00:00Z", [object.remove(exception, ["routes", "from"])]).action == "allow"
}

test_bundle_without_exceptions if {
	states.here == set() with data.exceptions as null
}
