package policies

import (
	"embed"
	"io/fs"
)

//go:embed bundle
var embedded embed.FS

// Default is the embedded bundle: what Load uses without a directory, and what
// `touchstone policy init` writes out as a start.
func Default() fs.FS {
	sub, err := fs.Sub(embedded, "bundle")
	if err != nil { // only for a malformed path
		panic(err)
	}
	return sub
}
