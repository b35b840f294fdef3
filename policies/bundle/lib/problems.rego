# METADATA
# title: Problems
# description: >-
#   Mistakes in data.yaml. The engine asks when it loads the bundle and refuses one
#   that has any, so that a misspelt setting cannot silently leave a rule as it was.
package lib.problems

known := {"allow", "flag", "redact", "rewrite", "block"}

rules contains concat(".", [area, name]) if {
	some area, name
	data.rules[area][name].violation
}

overrides contains {"at": concat(".", [level, who]), "rule": rule, "settings": settings} if {
	some level in ["routes", "apps"]
	some who, byrule in sections[level]
	some rule, settings in byrule
}

sections["defaults"] := data.defaults

sections["routes"] := data.routes

sections["apps"] := data.apps

found contains sprintf("%s must be a map; without entries it is {}", [section]) if {
	some section in ["defaults", "routes", "apps"]
	not is_object(sections[section])
}

found contains sprintf("defaults has no action for the rule %s", [rule]) if {
	some rule in rules
	not data.defaults[rule].action
}

found contains sprintf("defaults names the rule %s, which the bundle does not have", [rule]) if {
	some rule, _ in data.defaults
	not rule in rules
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
}

found contains sprintf("%s.%s: %s is a %s, not a %s", [
	override.at, override.rule, setting,
	type_name(value), type_name(data.defaults[override.rule][setting]),
]) if {
	some override in overrides
	some setting, value in override.settings
	type_name(value) != type_name(data.defaults[override.rule][setting])
}

found contains sprintf("%s.%s: %v is no action: use allow, flag, redact, rewrite or block", [at, rule, settings.action]) if {
	some [at, rule, settings] in effective
	not settings.action in known
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
	settings := object.union(data.defaults[override.rule], override.settings)
}
