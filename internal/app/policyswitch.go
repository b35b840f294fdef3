package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"touchstone/policies"
)

// switchTime bounds one request to a running proxy.
const switchTime = 15 * time.Second

func runPolicySwitch(ctx context.Context, args []string, std Streams) int {
	fs := policyFlags(std, "switch", "", "Puts a route of a running proxy to shadow (decide and record, apply nothing), to block (refuse every\nrequest) or to off. Without -to, shows the switches that are set. It counts at once and is recorded in\nthe audit log.")
	config := fs.String("config", defaultConfig, "configuration `FILE` of the proxy, for its address and admin key")
	address := fs.String("url", "", "`URL` of the proxy, in place of the configured address")
	keyFile := fs.String("key-file", "", "`FILE` with the admin key, in place of the configured one")
	route := fs.String("route", "", "`ROUTE` to switch; * for all")
	to := fs.String("to", "", "shadow, block or off")
	by := fs.String("by", os.Getenv("USER"), "`WHO` switches, which is recorded")
	why := fs.String("why", "", "`REASON`, which is recorded")
	if code, ok := parseOperands(fs, args, 0); !ok {
		return code
	}
	misuse := func(what string) int {
		fmt.Fprintf(std.Err, "touchstone policy switch: %s; -h explains the options\n", what)
		return exitUsage
	}
	if *to != "" {
		switch policies.SwitchTo(*to) {
		case policies.SwitchShadow, policies.SwitchBlock, policies.SwitchOff:
		default:
			return misuse(fmt.Sprintf("-to %q is not shadow, block or off", *to))
		}
		if *route == "" || *by == "" || *why == "" {
			return misuse("-to needs -route, -by and -why")
		}
	}
	base, key, err := running(*config, *address, *keyFile)
	if err != nil {
		return policyFailed(std, "switch", err)
	}
	method, path, body := http.MethodGet, "/api/policies", []byte(nil)
	if *to != "" {
		method, path = http.MethodPost, "/api/policies/switch"
		if body, err = json.Marshal(map[string]string{"route": *route, "to": *to, "by": *by, "why": *why}); err != nil {
			return policyFailed(std, "switch", err)
		}
	}
	answer, err := askProxy(ctx, method, base+path, key, body)
	if err != nil {
		return policyFailed(std, "switch", err)
	}
	var now struct{ Switches []policies.Switch }
	if err := json.Unmarshal(answer, &now); err != nil {
		return policyFailed(std, "switch", fmt.Errorf("reading the proxy's answer: %w", err))
	}
	if len(now.Switches) == 0 {
		fmt.Fprintln(std.Out, "No switch is set: the rules decide on every route.")
	}
	for _, s := range now.Switches {
		fmt.Fprintf(std.Out, "%-16s %-6s since %s by %s: %s\n", s.Route, s.To, s.At.UTC().Format(time.DateTime), s.By, s.Why)
	}
	return exitOK
}

// running is the address and the admin key of a proxy: as given, else as configured.
func running(config, address, keyFile string) (base, key string, err error) {
	if keyFile != "" {
		text, err := os.ReadFile(keyFile)
		if err != nil {
			return "", "", fmt.Errorf("reading the admin key: %w", err)
		}
		key = strings.TrimSpace(string(text))
	}
	if address == "" || keyFile == "" {
		cfg, err := LoadConfig(config)
		switch {
		case errors.Is(err, os.ErrNotExist) && address != "":
			return strings.TrimSuffix(address, "/"), key, nil // a proxy without a key, on this machine
		case err != nil:
			return "", "", err
		}
		if key == "" {
			key = cfg.Admin.Key.Reveal()
		}
		if address == "" {
			address = "http://" + strings.Replace(cfg.Listen, "0.0.0.0", "127.0.0.1", 1)
		}
	}
	return strings.TrimSuffix(address, "/"), key, nil
}

// askProxy makes one request of an operator; an answer other than 200 is an error
// that says what the proxy said.
func askProxy(ctx context.Context, method, url, key string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, switchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%q is no address: %w", url, err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the proxy: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the proxy's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var told struct {
			Error struct{ Message string }
		}
		if json.Unmarshal(answer, &told) == nil && told.Error.Message != "" {
			return nil, fmt.Errorf("the proxy answered %s: %s", resp.Status, told.Error.Message)
		}
		return nil, fmt.Errorf("the proxy answered %s", resp.Status)
	}
	return answer, nil
}
