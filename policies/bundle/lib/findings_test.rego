package lib.findings_test

import data.fixture
import data.lib.findings

on := {"threshold": 0.5, "categories": ["email_address", "phone_number"]}

mail := fixture.finding("pii", "email_address", 2, 0.9)

of(found) := result if {
	result := findings.of("pii", on) with input as fixture.answer({"findings": found})
}

test_by_guard_category_and_threshold if {
	of([
		mail,
		fixture.finding("pii", "email_address", 1, 0.4),
		fixture.finding("pii", "person", 1, 0.9),
		fixture.finding("other", "email_address", 1, 0.9),
	]) == [mail]
}

test_more_is_always_asked_about if {
	more := fixture.finding("pii", "more", 3, 1)
	of([more]) == [more]
}

test_sentences_and_kinds if {
	found := [mail, mail, fixture.finding("pii", "phone_number", 0, 1)]
	findings.sentences(found) == [0, 2]
	findings.kinds(found) == "email address, phone number"
}

test_masks if {
	findings.masks([mail], "label") == [{"side": "answer", "message": 0, "start": 170, "end": 190, "with": "[email address]"}]
	findings.masks([mail], "hash")[0]["with"] == "[email address {hash}]"
	token := findings.masks([fixture.prompt_finding("pii", "email_address", 1, 1)], "token")[0]
	token["with"] == "<EMAIL_ADDRESS_{n}>"
	token.restore
	token.message == 1
}

test_grounding_sources_are_not_masked if {
	findings.masks([object.union(mail, {"side": "context"})], "label") == []
}
