//go:build cgo

package models

import (
	"embed"
	"io/fs"
)

//go:embed verifier-minilm-l6 embedder-minilm-l6 safety-minilm-l6
var files embed.FS

// carried are the models that the program brings along; nil in a program that could
// not run them.
var carried fs.FS = files
