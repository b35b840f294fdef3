package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of the documentation work: blocks marked "sh run" are run, those of
// one document after each other in a folder of its own.
func TestDocumentedCommands(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	must(t, err)
	documents = append(documents, "../../README.md")
	block := regexp.MustCompile("(?ms)^```sh run\n(.*?)^```")
	ran := 0
	for _, path := range documents {
		data, err := os.ReadFile(path)
		must(t, err)
		dir := t.TempDir()
		for _, m := range block.FindAllStringSubmatch(string(data), -1) {
			ran++
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", m[1])
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", filepath.Base(path), err, strings.TrimSpace(m[1]), out)
			}
		}
	}
	if ran < 3 {
		t.Errorf("only %d blocks were run", ran)
	}
}
