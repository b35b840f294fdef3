# METADATA
# title: Findings
# description: Which findings a rule is about by its settings, and how they are masked.
package lib.findings

# METADATA
# title: The findings of a guard that the settings of a rule ask about
# description: >-
#   Those of its categories at or above its threshold. The category "more" stands for
#   what a guard no longer lists one by one, and is always among them.
of(guard, on) := [finding |
	some finding in input.findings
	finding.guard == guard
	finding.score >= on.threshold
	asked(finding.category, on)
]

asked(category, on) if category in on.categories

asked("more", _)

# METADATA
# title: The sentences that findings lie in
sentences(found) := sort({finding.sentence | some finding in found})

# METADATA
# title: The kinds of what was found, for a message
kinds(found) := concat(", ", {replace(finding.category, "_", " ") | some finding in found})

# METADATA
# title: Masks over findings
# description: >-
#   how is label ("[email address]"), hash ("[email address 3f2a…]", the same for the same
#   text) or token ("<EMAIL_ADDRESS_1>", which the answer restores; in prompts only).
#   A grounding source does not leave, so nothing in it is masked.
masks(found, how) := [mask |
	some finding in found
	finding.side != "context"
	mask := object.union(
		{"side": finding.side, "message": finding.message, "start": finding.start, "end": finding.end},
		stand_in(finding.category, how),
	)
]

stand_in(category, "label") := {"with": sprintf("[%s]", [replace(category, "_", " ")])}

stand_in(category, "hash") := {"with": sprintf("[%s {hash}]", [replace(category, "_", " ")])}

stand_in(category, "token") := {"with": sprintf("<%s_{n}>", [upper(category)]), "restore": true}
