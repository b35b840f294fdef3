package policies

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed bundle
var embedded embed.FS

//go:embed starter/README.md
var starterReadme []byte

// Default is the embedded bundle: what Load uses without a directory.
func Default() fs.FS {
	sub, err := fs.Sub(embedded, "bundle")
	if err != nil { // only for a malformed path
		panic(err)
	}
	return sub
}

// WriteStarter writes the embedded bundle to a folder as a start of one's own, with a
// guide, and with the schema and capabilities by which stock OPA can check it.
func WriteStarter(dir string) error {
	capabilities, err := json.MarshalIndent(Capabilities(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", capabilitiesFile, err)
	}
	if err := os.CopyFS(dir, Default()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, schemasFolder, "watch"), 0o755); err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"README.md": starterReadme, filepath.Join(schemasFolder, "input.json"): Schema, filepath.Join(schemasFolder, "watch", "input.json"): WatchSchema, capabilitiesFile: append(capabilities, '\n'),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
