package policies

import (
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// MarshalJSON writes the document that Rego sees as input.
func (in *Input) MarshalJSON() ([]byte, error) {
	value, err := in.Value()
	if err != nil {
		return nil, err
	}
	doc, err := ast.JSON(value)
	if err != nil {
		return nil, fmt.Errorf("writing the input: %w", err)
	}
	return json.Marshal(doc)
}
