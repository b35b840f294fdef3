package policies

import (
	_ "embed"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// Schema is the JSON Schema of the document that rules see as input. Bundles are
// compiled against it: a rule that reads a field which is not there does not load.
//
//go:embed input.schema.json
var Schema []byte

// WatchSchema is the same for rules on alarms, which say so by an annotation.
//
//go:embed watch.schema.json
var WatchSchema []byte

// schemas are both as the compiler takes them.
var schemas = sync.OnceValue(func() *ast.SchemaSet {
	set := ast.NewSchemaSet()
	put := func(at ast.Ref, text []byte) {
		var raw any
		if err := util.UnmarshalJSON(text, &raw); err != nil {
			panic(err) // part of the program; a test reads it
		}
		set.Put(at, raw)
	}
	put(ast.SchemaRootRef, Schema)
	put(ast.SchemaRootRef.Append(ast.StringTerm("watch")).Append(ast.StringTerm("input")), WatchSchema)
	return set
})
