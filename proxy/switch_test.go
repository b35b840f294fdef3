package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"touchstone/internal/audit"
	"touchstone/policies"
	"touchstone/proxy"
)

// A switch counts over rules, modes and guards, for requests that come after it.
func TestEmergencySwitch(t *testing.T) {
	const wrong = "The WRONG fee is 4 EUR."
	ask := `{"model":"m","messages":[{"role":"user","content":"How much is it?"}]}`
	for name, c := range map[string]struct {
		route   policies.Switch
		set     func(r *proxy.Route)
		path    string
		outcome audit.Outcome
		text    string // of the reply
		asked   int    // of the upstream
		sw      policies.SwitchTo
	}{
		"off":                    {policies.Switch{Route: "other", To: policies.SwitchBlock}, nil, "", audit.Blocked, "Withheld.", 1, ""},
		"shadow":                 {policies.Switch{Route: "main", To: policies.SwitchShadow}, nil, "", audit.Pass, wrong, 1, policies.SwitchShadow},
		"shadow for all":         {policies.Switch{Route: "*", To: policies.SwitchShadow}, nil, "", audit.Pass, wrong, 1, policies.SwitchShadow},
		"block":                  {policies.Switch{Route: "main", To: policies.SwitchBlock}, nil, "", audit.Blocked, "Withheld.", 0, policies.SwitchBlock},
		"block in shadow mode":   {policies.Switch{Route: "main", To: policies.SwitchBlock}, func(r *proxy.Route) { r.Mode = policies.Shadow }, "", audit.Blocked, "Withheld.", 0, policies.SwitchBlock},
		"block without guards":   {policies.Switch{Route: "main", To: policies.SwitchBlock}, func(r *proxy.Route) { r.Judge = nil }, "", audit.Blocked, "Withheld.", 0, policies.SwitchBlock},
		"block as an error":      {policies.Switch{Route: "main", To: policies.SwitchBlock}, func(r *proxy.Route) { r.OnBlock = proxy.OnBlockError }, "", audit.Blocked, `"code":"content_filter"`, 0, policies.SwitchBlock},
		"block of another path":  {policies.Switch{Route: "*", To: policies.SwitchBlock}, nil, "/v1/embeddings", audit.Blocked, "Withheld.", 0, policies.SwitchBlock},
		"shadow of another path": {policies.Switch{Route: "*", To: policies.SwitchShadow}, nil, "/v1/embeddings", audit.Unchecked, wrong, 1, policies.SwitchShadow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := newFakeUpstream(t, scenario{}, []byte(`{"choices":[{"index":0,"message":{"role":"assistant","content":"`+wrong+`"},"finish_reason":"stop"}]}`), false, 0)
			route := proxy.Route{Name: "main", Models: []string{"*"}, Upstream: "up", BlockMessage: "Withheld.", Mode: policies.Enforce, Judge: scriptedJudge(t, "", "")}
			if c.set != nil {
				c.set(&route)
			}
			switches, err := policies.OpenSwitches("")
			if err != nil {
				t.Fatal(err)
			}
			c.route.By, c.route.Why = "jane", "a test"
			if err := switches.Set(c.route); err != nil {
				t.Fatal(err)
			}
			srv := serve(t, proxy.Options{Upstreams: []proxy.Upstream{{Name: "up", BaseURL: up.url, APIKey: "upstream-secret"}}, Routes: []proxy.Route{route}, Switches: switches})
			var reply string
			if c.path == "" {
				reply = post(t, srv.url, ask)
			} else {
				resp, err := http.Post(srv.url+c.path, "application/json", strings.NewReader(ask))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				b := new(strings.Builder)
				if _, err := io.Copy(b, resp.Body); err != nil {
					t.Fatal(err)
				}
				reply = b.String()
			}
			srv.stop(t)
			if !strings.Contains(reply, c.text) {
				t.Errorf("the reply is %s", reply)
			}
			if n := len(up.requests()); n != c.asked {
				t.Errorf("the upstream was asked %d times, want %d", n, c.asked)
			}
			e := srv.log.entries()[0]
			if e.Outcome != c.outcome || e.Switch != c.sw {
				t.Errorf("recorded %s with the switch %q, want %s with %q", e.Outcome, e.Switch, c.outcome, c.sw)
			}
			if c.sw == policies.SwitchBlock && (len(e.Choices) != 1 || e.Choices[0].Rules[0].ID != "switch.block" || e.Choices[0].Action != policies.Block) {
				t.Errorf("recorded %+v", e.Choices)
			}
		})
	}
}
