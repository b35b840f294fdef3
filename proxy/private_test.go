package proxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
	"touchstone/policies"
	"touchstone/proxy"
)

// The guards and rules that ship: what is personal in a prompt goes upstream as stand-ins
// and comes back; what the answer leaks besides is masked.
func TestPersonalDataStaysHere(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, policies.Default()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "data.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(data), "routes: {}", "routes: {main: {privacy.prompt: {action: redact}, privacy.answer: {action: redact}, privacy.secret_in_prompt: {action: redact}}}", 1)
	if err := os.WriteFile(filepath.Join(dir, "data.yaml"), []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	engine, err := policies.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	chain := &guards.Chain{}
	for _, name := range []string{"pii", "secrets"} {
		g, err := guards.New(name, guards.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		chain.Guards = append(chain.Guards, g)
	}
	for name, cut := range chunkings {
		sc := scenario{}
		up := newFakeUpstream(t, sc, stream([]string{"Dear <PERSON_1>, we wrote to <EMAIL_ADDRESS_1>. Ask boss@corp.example.com too."}, cut), true, 0)
		srv := serve(t, proxy.Options{
			Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.url, APIKey: "upstream-secret"}}, Metrics: metrics.New(),
			Routes: []proxy.Route{{Name: "main", Models: []string{"*"}, Upstream: "up", Judge: &judge.Judge{Chain: chain, Policy: engine}}},
		})
		reply := post(t, srv.url, `{"model":"m","stream":true,"messages":[{"role":"user","content":"My name is Petra Novak, mail p.novak@mail.com, password: Tr0ub4dor&3x"}]}`)
		content, _ := read(t, []byte(reply), "text/event-stream")
		if len(content) != 1 || content[0] != "Dear Petra Novak, we wrote to p.novak@mail.com. Ask [email address] too." {
			t.Errorf("%s: the client reads %q", name, content)
		}
		if asked := up.requests(); len(asked) != 1 || !strings.Contains(asked[0], "My name is <PERSON_1>, mail <EMAIL_ADDRESS_1>, password: [password]") {
			t.Errorf("%s: the upstream got %s", name, asked)
		}
	}
}
