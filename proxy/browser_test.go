//go:build browser

package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"touchstone/internal/audit"
)

// browser is a headless Chromium driven over the DevTools protocol by two pipes:
// NUL-terminated JSON in, the same out.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	id      int
	session string
	errors  []string // of the console, and violations of the content security policy
}

func chromium(t *testing.T) *browser {
	t.Helper()
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{inR, outW} // file descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s (set CHROMIUM to where it is): %v", name, err)
	}
	inR.Close()
	outW.Close()
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }) // a deadline on every read of the pipe
	b := &browser{t: t, in: inW, out: bufio.NewReader(outR)}
	t.Cleanup(func() {
		b.call("Browser.close", nil)
		cmd.Wait()
		timer.Stop()
		inW.Close()
		outR.Close()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	b.session = b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	return b
}

func (b *browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.id++
	msg := map[string]any{"id": b.id, "method": method, "params": params}
	if params == nil {
		delete(msg, "params")
	}
	if b.session != "" && !strings.HasPrefix(method, "Browser.") {
		msg["sessionId"] = b.session
	}
	raw, err := json.Marshal(msg)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(raw, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		line, err := b.out.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: the browser is gone: %v", method, err)
		}
		var got struct {
			ID     int
			Method string
			Result map[string]any
			Error  *struct{ Message string }
			Params json.RawMessage
		}
		if err := json.Unmarshal(bytes.TrimSuffix(line, []byte{0}), &got); err != nil {
			b.t.Fatal(err)
		}
		if got.Method == "Runtime.exceptionThrown" || got.Method == "Log.entryAdded" && !bytes.Contains(got.Params, []byte(`"level":"verbose"`)) {
			b.errors = append(b.errors, string(got.Params))
		}
		if got.ID == b.id {
			if got.Error != nil && method == "Runtime.evaluate" && strings.Contains(got.Error.Message, "navigated") {
				return map[string]any{"result": map[string]any{}} // the page went away under the expression: no value
			}
			if got.Error != nil {
				b.t.Fatalf("%s: %s", method, got.Error.Message)
			}
			return got.Result
		}
	}
}

// eval is the value of an expression on the page; promises are awaited.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	got := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if e, ok := got["exceptionDetails"]; ok {
		b.t.Fatalf("%s: %v", expression, e)
	}
	return got["result"].(map[string]any)["value"]
}

// until waits for an expression to hold.
func (b *browser) until(expression string) {
	b.t.Helper()
	for range 200 {
		if b.eval(expression) == true {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("never true: %s\npage: %v", expression, b.eval("document.body.innerText.slice(0, 600)"))
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url})
	b.until(fmt.Sprintf("document.readyState === 'complete' && location.href.startsWith(%q)", url))
}

func (b *browser) key(name string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		p := map[string]any{"type": kind, "key": name}
		if len(name) == 1 && kind == "keyDown" {
			p["text"] = name
		}
		if name == "Enter" && kind == "keyDown" {
			p["text"], p["windowsVirtualKeyCode"] = "\r", 13
		}
		if name == "Escape" {
			p["windowsVirtualKeyCode"] = 27
		}
		b.call("Input.dispatchKeyEvent", p)
	}
}

// TestDashboardInABrowser drives what people do: sign in, look, filter, move by keys,
// open an exchange beside the list, close it, and see a new exchange come in.
func TestDashboardInABrowser(t *testing.T) {
	base, log := adminServer(t, "the-admin-key", adminEntry("01A", "first question"), adminEntry("01B", "second <b>question</b>"))
	b := chromium(t)

	b.open(base + "/")
	b.until("location.pathname === '/login'")
	b.eval("document.getElementById('key').value = 'the-admin-key'; document.querySelector('.login').requestSubmit()")
	b.until("location.pathname === '/' && document.querySelectorAll('tbody tr').length === 2")
	if got := b.eval("document.cookie"); got != "" {
		t.Errorf("scripts can read the cookie: %v", got)
	}
	if got := b.eval("document.querySelector('.headline strong').innerText"); got != "500" {
		t.Errorf("the rate shown is %v, want 500", got)
	}
	if got := b.eval("getComputedStyle(document.querySelector('.rate .line, .rate .dots')).stroke"); got == "none" {
		t.Error("the line is not drawn: the style sheet did not load")
	}

	b.key("j")
	b.key("j")
	b.until("document.querySelector('tr.selected a').innerText === 'first question'")
	b.key("k")
	b.until("document.querySelector('tr.selected a').innerText === 'second <b>question</b>'")
	b.key("Enter")
	b.until("document.querySelector('dialog').open && document.querySelector('dialog .s.contradicted') !== null")
	if got := b.eval("location.pathname"); got != "/" {
		t.Errorf("opening an exchange left the list for %v", got)
	}
	b.key("j")
	b.until("document.querySelector('dialog .reading .text').innerText === 'first question'")
	b.key("Escape")
	b.until("!document.querySelector('dialog').open")

	log.Append(t.Context(), adminEntry("01C", "third question"), true)
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.eval("document.dispatchEvent(new Event('visibilitychange'))") // as when somebody comes back to the page
	b.until("document.querySelectorAll('tbody tr').length === 3")

	pass := adminEntry("01D", "fine question")
	pass.Outcome = audit.Pass
	log.Append(t.Context(), pass, true)
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.eval("(() => { const s = document.querySelector('select[name=outcome]'); s.value = 'pass'; s.dispatchEvent(new Event('change', {bubbles: true})); })()")
	b.until("location.search.includes('outcome=pass') && document.querySelectorAll('tbody tr').length === 1")

	b.open(base + "/exchanges/01A")
	if got := b.eval("getComputedStyle(document.querySelector('.s.contradicted')).textDecorationStyle"); got != "wavy" {
		t.Errorf("a contradicted sentence is underlined %v, want wavy: colour alone must not tell", got)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": true})
	for _, path := range []string{"/", "/exchanges/01A"} {
		b.open(base + path)
		if got := b.eval("document.documentElement.scrollWidth - innerWidth"); got.(float64) > 0 {
			t.Errorf("%s is %v px wider than a phone", path, got)
		}
	}
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	b.call("Page.navigate", map[string]any{"url": base + "/"})
	b.until("document.querySelector('tbody a') !== null && document.querySelector('.apply').offsetWidth > 0")
	if len(b.errors) > 0 {
		t.Errorf("the console says: %s", strings.Join(b.errors, "\n"))
	}
}
