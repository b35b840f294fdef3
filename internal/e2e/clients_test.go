//go:build clients

package e2e

import (
	"os"
	"os/exec"
	"testing"

	"touchstone/internal/demo"
)

// The official clients, as `make test-clients` installs them.
func TestOfficialClients(t *testing.T) {
	for name, args := range map[string][]string{
		"python": {os.Getenv("PYTHON"), "clients.py"},
		"node":   {os.Getenv("NODE"), "clients.mjs"},
	} {
		t.Run(name, func(t *testing.T) {
			if args[0] == "" {
				t.Fatal("run this by: make test-clients")
			}
			s := start(t, 0)
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "BASE_URL="+s.url+"/v1", "API_KEY="+clientKey, "MODEL="+demo.Name,
				"CALLS_URL="+s.upstream+"/calls", "RIGHT="+right, "WITHHELD="+withheld)
			out, err := cmd.CombinedOutput()
			t.Logf("\n%s", out)
			if err != nil {
				t.Errorf("%v\n%s", err, s.logs)
			}
		})
	}
}
