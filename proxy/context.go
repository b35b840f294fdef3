package proxy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/fairness"
)

// parseGuard reads the "guard" member of a request: evidence that the caller
// vouches for, the groups it declares, whether the receipt is wanted, and for whom the
// answer is.
func (r *chatRequest) parseGuard(v gjson.Result) (err error) {
	if !v.Exists() || v.Type == gjson.Null {
		return nil
	}
	if !v.IsObject() {
		return wrongType("guard", "an object", v)
	}
	v.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "context":
			r.given, err = parseContext("guard.context", value)
		case "detail":
			if !value.IsBool() {
				err = wrongType("guard.detail", "a boolean", value)
			}
			b := value.Bool()
			r.wantDetail = &b
		case "scope":
			r.scope, err = parseScope("guard.scope", value)
		case "group":
			r.groups, err = parseGroups("guard.group", value)
		default:
			err = badRequest("guard."+key.Str, "The field \"guard\" knows \"context\", \"detail\", \"group\" and \"scope\", not %q.", key.Str)
		}
		return err == nil
	})
	return err
}

// maxGroups is how many groups one request may declare.
const maxGroups = 16

// parseGroups reads the id of a group, or an array of them.
func parseGroups(field string, v gjson.Result) (groups []fairness.Group, err error) {
	if v.Type == gjson.Null {
		return nil, nil
	}
	if v.Type != gjson.String && !v.IsArray() {
		return nil, wrongType(field, "a string or an array of strings", v)
	}
	for _, item := range v.Array() {
		if item.Type != gjson.String {
			return nil, wrongType(field, "a string or an array of strings", item)
		}
		g := fairness.Group(strings.Clone(item.Str))
		if !g.WellFormed() {
			return nil, badRequest(field, "The field %q takes groups such as \"gender:woman\", not %q.", field, item.Str[:min(80, len(item.Str))])
		}
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if len(groups) > maxGroups {
		return nil, badRequest(field, "The field %q may name %d groups, not %d.", field, maxGroups, len(groups))
	}
	return groups, nil
}

// declare records the groups that the application declares. Only groups of a fixed list
// are taken: records must not hold what an application makes up.
func (x *exchange) declare(field string, groups []fairness.Group) error {
	for _, g := range groups {
		if !x.s.groups[g] {
			return badRequest(field, "The field %q names %q, which is no group that is known here; docs/fairness.md lists them, and fairness.own in the configuration adds more.", field, g)
		}
	}
	if len(groups) > 0 {
		x.entry.Groups = &fairness.Groups{Declared: groups}
	}
	return nil
}

// parseContext reads a string, or an array of strings and {source, title, text}.
func parseContext(field string, v gjson.Result) ([]groundtruth.Evidence, error) {
	var g givenContext
	switch {
	case v.Type == gjson.Null:
	case v.Type == gjson.String:
		g.add("context", "", v.Str)
	case v.IsArray():
		i := 0
		var bad error
		v.ForEach(func(_, item gjson.Result) bool {
			at := fmt.Sprintf("%s[%d]", field, i)
			i++
			name := fmt.Sprintf("context-%d", i)
			if item.Type == gjson.String {
				g.add(name, "", item.Str)
				return true
			}
			if !item.IsObject() {
				bad = wrongType(at, "a string or an object with text", item)
				return false
			}
			var source, title, text string
			item.ForEach(func(key, value gjson.Result) bool {
				into := map[string]*string{"source": &source, "title": &title, "text": &text}[key.Str]
				switch {
				case into == nil:
					bad = badRequest(at+"."+key.Str, "The field %q takes source, title and text, not %q.", at, key.Str)
				case value.Type != gjson.String:
					bad = wrongType(at+"."+key.Str, "a string", value)
				default:
					*into = value.Str
				}
				return bad == nil
			})
			if bad == nil && text == "" {
				bad = badRequest(at+".text", "The field %q is missing or empty.", at+".text")
			}
			if source == "" {
				source = name
			}
			g.add(source, title, text)
			return bad == nil
		})
		if bad != nil {
			return nil, bad
		}
	default:
		return nil, wrongType(field, "a string or an array", v)
	}
	return g.evidence, nil
}

// givenContext collects what the caller offers as evidence, cut into passages.
type givenContext struct {
	evidence []groundtruth.Evidence
}

func (g *givenContext) add(source, title, text string) {
	// cloned, not to hold the whole request for a part of it
	g.evidence = append(g.evidence, groundtruth.Given(strings.Clone(source), strings.Clone(title), strings.Clone(text))...)
}

// Blocks that applications put into a prompt: <context> and <documents>, the
// latter with <document> inside, which may also stand alone.
var (
	contextTag   = regexp.MustCompile(`(?is)<context(\s[^>]*)?>(.*?)</context>`)
	documentsTag = regexp.MustCompile(`(?is)<documents(\s[^>]*)?>(.*?)</documents>`)
	documentTag  = regexp.MustCompile(`(?is)<document(\s[^>]*)?>(.*?)</document>`)
	attribute    = regexp.MustCompile(`(?i)\b(source|title|name|id|index)\s*=\s*"([^"]*)"`)
	naming       = regexp.MustCompile(`(?is)<(source|title)>(.*?)</(?:source|title)>`)
	wrapping     = regexp.MustCompile(`(?is)</?document_contents?>`)
)

// fromMessages finds the evidence inside a prompt: what tools answered, and
// context blocks of system, developer and user turns. What an assistant said
// is no evidence.
func fromMessages(messages []guards.Message) []groundtruth.Evidence {
	var g givenContext
	tools, blocks := 0, 0
	for _, m := range messages {
		switch m.Role {
		case "tool", "function":
			tools++
			name := m.Name
			if name == "" {
				name = fmt.Sprint(tools)
			}
			g.add("tool:"+name, "", m.Text)
		case "system", "developer", "user":
			for _, text := range contextBlocks(m.Text) {
				blocks++
				source, title := fmt.Sprintf("prompt:%d", blocks), ""
				for _, a := range attribute.FindAllStringSubmatch(text.attrs, -1) {
					if strings.EqualFold(a[1], "title") {
						title = a[2]
					} else {
						source = "prompt:" + a[2]
					}
				}
				for _, t := range naming.FindAllStringSubmatch(text.body, -1) {
					if strings.EqualFold(t[1], "title") {
						title = strings.TrimSpace(t[2])
					} else {
						source = "prompt:" + strings.TrimSpace(t[2])
					}
				}
				body := naming.ReplaceAllString(text.body, "")
				g.add(source, title, strings.TrimSpace(wrapping.ReplaceAllString(body, "")))
			}
		}
	}
	return g.evidence
}

type contextBlock struct{ attrs, body string }

// contextBlocks finds the blocks of a text; a <documents> block falls into its
// documents.
func contextBlocks(text string) []contextBlock {
	if !strings.Contains(text, "</") {
		return nil
	}
	var out []contextBlock
	for _, tag := range []*regexp.Regexp{contextTag, documentsTag, documentTag} {
		for _, m := range tag.FindAllStringSubmatch(text, -1) {
			inner := documentTag.FindAllStringSubmatch(m[2], -1)
			for _, d := range inner {
				out = append(out, contextBlock{d[1], d[2]})
			}
			if len(inner) == 0 {
				out = append(out, contextBlock{m[1], m[2]})
			}
		}
		text = tag.ReplaceAllString(text, "")
	}
	return out
}
