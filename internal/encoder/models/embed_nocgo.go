//go:build !cgo

package models

import "io/fs"

// carried are the models that the program brings along; nil in a program that could
// not run them.
var carried fs.FS
