# Exceptions are time-boxed, and somebody's: what is wrong with those of data.yaml.
package lib.problems

found contains "exceptions must be a list; without entries it is []" if {
	some given in [data.exceptions]
	not is_array(given)
}

exceptions contains [concat("", ["exceptions[", sprintf("%d", [i]), "]"]), exception] if {
	is_array(data.exceptions)
	some i, exception in data.exceptions
}

found contains sprintf("%s must be a map such as {id: EX-1, rule: ..., until: 2027-01-31, owner: ..., reason: ...}", [at]) if {
	some [at, exception] in exceptions
	not is_object(exception)
}

found contains sprintf("%s: %s is missing", [at, field]) if {
	some [at, exception] in exceptions
	is_object(exception)
	some field in ["id", "rule", "until", "owner", "reason"]
	object.get(exception, field, "") in {"", null}
}

found contains sprintf("%s: there is no field %q; an exception has id, rule, routes, apps, from, until, owner and reason", [at, field]) if {
	some [at, exception] in exceptions
	some field, _ in exception
	not field in {"id", "rule", "routes", "apps", "from", "until", "owner", "reason"}
}

found contains sprintf("%s: %s must be a text, not %s", [at, field, json.marshal(exception[field])]) if {
	some [at, exception] in exceptions
	some field in ["id", "rule", "owner", "reason"]
	not is_string(exception[field])
	exception[field] != null
}

found contains sprintf("%s: the bundle has no rule %s", [at, exception.rule]) if {
	some [at, exception] in exceptions
	is_string(exception.rule)
	exception.rule != ""
	not rules[exception.rule]
}

found contains sprintf("%s: %s must be a day such as 2027-01-31, not %s", [at, field, json.marshal(exception[field])]) if {
	some [at, exception] in exceptions
	some field in ["from", "until"]
	not is_day(exception[field])
	not exception[field] in {"", null}
}

is_day(value) if {
	is_string(value)
	regex.match(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`, value)
}

found contains sprintf("%s: it ends, on %s, before it begins", [at, exception.until]) if {
	some [at, exception] in exceptions
	exception.until < exception.from
}

found contains sprintf("%s: %s must be a list of names; leave it out to mean all", [at, field]) if {
	some [at, exception] in exceptions
	some field in ["routes", "apps"]
	names := exception[field]
	not names_of(names)
}

names_of(names) if {
	is_array(names)
	names != []
	every name in names {
		is_string(name)
	}
}

found contains sprintf("two exceptions have the id %s", [id]) if {
	some i, j
	id := data.exceptions[i].id
	data.exceptions[j].id == id
	i < j
}
