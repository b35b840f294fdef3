# METADATA
# title: Problems
# description: >-
#   Mistakes in data.yaml. The engine asks when it loads the bundle and refuses one
#   that has any, so that a misspelt setting cannot silently leave a rule as it was.
package lib.problems

known := {"allow", "flag", "redact", "rewrite", "block"}

states := {"draft", "shadow", "canary", "enforce"}

# Settings that every rule may have, whether defaults has them or not.
common := {"action", "state", "share"}

# What a rule reads of its settings besides the action: its own `reads`, by kind. A
# setting that is missing or of another type makes a condition undefined in Rego, and
# the rule would never fire.
reads := {id: kinds |
	some area, name
	kinds := data.rules[area][name].reads
	id := concat(".", [area, name])
}

# Rules on the answer as a whole, which name no sentence that could be replaced.
whole := {id |
	some area, name
	data.rules[area][name].whole
	id := concat(".", [area, name])
}

# Rules on prompts, which have no sentences: they mask, and replace nothing else.
masked contains concat(".", [area, name]) if {
	some area, name
	data.rules[area][name].masked
}

# Complete sets, of which a member is found at once, however many rules there are.
rules := {id |
	some area, name
	data.rules[area][name].violation
	id := concat(".", [area, name])
}

overrides contains {"at": concat(".", [level, who]), "rule": rule, "settings": settings} if {
	some level in ["routes", "apps"]
	some who, byrule in sections[level]
	some rule, settings in byrule
	is_object(settings)
}

# Settings where they are written, each to be judged there.
written contains ["defaults", rule, settings] if {
	some rule, settings in data.defaults
}

written contains [override.at, override.rule, override.settings] if {
	some override in overrides
}

sections["defaults"] := data.defaults

sections["routes"] := data.routes

sections["apps"] := data.apps

found contains sprintf("%s must be a map; without entries it is {}", [section]) if {
	some section in ["defaults", "routes", "apps"]
	not is_object(sections[section])
}

found contains sprintf("%s.%s must be a map of rules; without entries, leave it out", [section, who]) if {
	some section in ["routes", "apps"]
	some who, byrule in sections[section]
	not is_object(byrule)
}

found contains sprintf("%s.%s.%s must be a map of settings, such as {action: flag}", [section, who, rule]) if {
	some section in ["routes", "apps"]
	some who, byrule in sections[section]
	some rule, settings in byrule
	not is_object(settings)
}

found contains sprintf("defaults has no action for the rule %s", [rule]) if {
	some rule in rules
	not data.defaults[rule].action
}

found contains sprintf("defaults names the rule %s, which the bundle does not have", [rule]) if {
	some rule, _ in data.defaults
	not rules[rule]
}

found contains sprintf("%s names the rule %s, which defaults does not", [override.at, override.rule]) if {
	some override in overrides
	not data.defaults[override.rule]
}

found contains sprintf("%s.%s: there is no setting %q; this rule has %s", [
	override.at, override.rule, setting,
	concat(", ", object.keys(data.defaults[override.rule])),
]) if {
	some override in overrides
	some setting, _ in override.settings
	data.defaults[override.rule]
	not setting in object.keys(data.defaults[override.rule])
	not setting in common
}

found contains sprintf("%s.%s: %s is a %s, not a %s", [
	override.at, override.rule, setting,
	type_name(value), type_name(data.defaults[override.rule][setting]),
]) if {
	some override in overrides
	some setting, value in override.settings
	not setting in object.keys(object.get(reads, override.rule, {})) # judged below
	not setting in {"state", "share"}
	type_name(value) != type_name(data.defaults[override.rule][setting])
}

found contains sprintf("%s.%s: %v is no action: use allow, flag, redact, rewrite or block", [at, rule, settings.action]) if {
	some [at, rule, settings] in written
	not settings.action in known
}

found contains sprintf("%s.%s: %s names no sentence to replace: use allow, flag or block", [at, rule, settings.action]) if {
	some [at, rule, settings] in written
	whole[rule]
	settings.action in {"redact", "rewrite"}
}

found contains sprintf("%s.%s: rewrite names no sentence to replace: use allow, flag, redact or block", [at, rule]) if {
	some [at, rule, settings] in written
	rule in masked
	settings.action == "rewrite"
}

found contains sprintf("defaults.%s: %s is missing", [rule, setting]) if {
	some rule, settings in data.defaults
	some setting, _ in reads[rule]
	is_object(settings)
	not setting in object.keys(settings)
}

found contains sprintf("%s.%s: %s must be %s, not %s", [at, rule, setting, described[kind], json.marshal(value)]) if {
	some [at, rule, settings] in written
	some setting, kind in reads[rule]
	value := settings[setting]
	not is(kind, value)
}

found contains sprintf("the rule %s reads %s as %v; it can be one of %s", [rule, setting, kind, concat(", ", object.keys(described))]) if {
	some rule, kinds in reads
	some setting, kind in kinds
	not described[kind]
}

described := {
	"share": "a number from 0 to 1",
	"count": "a whole number from 0",
	"number": "a number",
	"text": "a text",
	"texts": "a list of texts",
	"switch": "true or false",
	"mask": "label or hash",
	"mask or token": "label, hash or token",
}

is("share", value) if share(value)

is("count", value) if number_of_sentences(value)

is("number", value) if is_number(value)

is("text", value) if is_string(value)

is("texts", value) if {
	is_array(value)
	every element in value {
		is_string(element)
	}
}

is("switch", value) if is_boolean(value)

is("mask", value) if value in {"label", "hash"}

is("mask or token", value) if value in {"label", "hash", "token"}

found contains sprintf("%s.%s: %v is no state: use draft, shadow, canary or enforce", [at, rule, settings.state]) if {
	some [at, rule, settings] in written
	not settings.state in states
}

found contains sprintf("%s.%s: share must be a number from 0 to 1, not %s", [at, rule, json.marshal(settings.share)]) if {
	some [at, rule, settings] in written
	not share(settings.share)
}

found contains sprintf("defaults.%s: replacement must be a text, not %s", [rule, json.marshal(value)]) if {
	some rule, settings in data.defaults
	value := settings.replacement
	not is_string(value)
}

share(value) if {
	is_number(value)
	value >= 0
	value <= 1
}

number_of_sentences(value) if {
	is_number(value)
	value >= 0
	floor(value) == value
}

found contains sprintf("%s.%s: canary needs a share, such as 0.05", [at, rule]) if {
	some [at, rule, settings] in effective
	settings.state == "canary"
	not settings.share
}

found contains sprintf("%s.%s: rewrite needs a replacement", [at, rule]) if {
	some [at, rule, settings] in effective
	settings.action == "rewrite"
	object.get(settings, "replacement", "") == ""
}

effective contains ["defaults", rule, settings] if {
	some rule, settings in data.defaults
}

effective contains [override.at, override.rule, settings] if {
	some override in overrides
	is_object(data.defaults[override.rule])
	settings := object.union(data.defaults[override.rule], override.settings)
}
