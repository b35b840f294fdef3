package proxy

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/tidwall/gjson"

	"touchstone/groundtruth"
)

// parseScope reads "guard.scope": for whom an answer is, as far as the caller says.
func parseScope(field string, v gjson.Result) (scope groundtruth.Scope, err error) {
	if v.Type == gjson.Null {
		return scope, nil
	}
	if !v.IsObject() {
		return scope, wrongType(field, "an object", v)
	}
	v.ForEach(func(key, value gjson.Result) bool {
		at := field + "." + key.Str
		switch {
		case value.Type != gjson.String:
			err = wrongType(at, "a string", value)
		case len(value.Str) > maxScope:
			err = badRequest(at, "The field %q has more than %d bytes.", at, maxScope)
		case !scope.Set(key.Str, strings.Clone(strings.TrimSpace(value.Str))):
			err = badRequest(at, "The field %q knows region, product and audience, not %q.", field, key.Str)
		}
		return err == nil
	})
	return scope, err
}

// maxScope bounds a part of a scope, in bytes.
const maxScope = 200

// scoped finds for whom the answer is: what the key fixes, then what headers and the
// request's own field say. A request cannot leave the scope of its key.
func (x *exchange) scoped(c *fiber.Ctx) error {
	x.scope = x.who.scope
	for _, p := range groundtruth.Scope.Parts(groundtruth.Scope{}) {
		name := "x-guard-" + p.Name
		v := strings.Clone(strings.TrimSpace(string(c.Request().Header.Peek(name))))
		if len(v) > maxScope {
			return badRequest(name, "The header %s has more than %d bytes.", name, maxScope)
		}
		if err := x.narrow(name, p.Name, v); err != nil {
			return err
		}
	}
	x.entry.Scope, x.entry.Tenant = x.scope, x.who.tenant
	return nil
}

// within takes over the scope of the request's own field.
func (x *exchange) within(field string, scope groundtruth.Scope) error {
	for _, p := range scope.Parts() {
		if err := x.narrow(field+"."+p.Name, p.Name, p.Value); err != nil {
			return err
		}
	}
	x.entry.Scope = x.scope
	return nil
}

func (x *exchange) narrow(from, part, value string) error {
	if value == "" {
		return nil
	}
	for _, have := range x.scope.Parts() {
		if have.Name == part && have.Value != "" && !strings.EqualFold(have.Value, value) {
			return badRequest(from, "The %s is %q already, by the key or a header; it cannot be %q too.", part, have.Value, value)
		}
	}
	x.scope.Set(part, value)
	return nil
}
