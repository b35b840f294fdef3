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

// schemas is Schema as the compiler takes it.
var schemas = sync.OnceValue(func() *ast.SchemaSet {
	var raw any
	if err := util.UnmarshalJSON(Schema, &raw); err != nil {
		panic(err) // part of the program; a test reads it
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, raw)
	return set
})
