package policies

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSwitches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "switches.json")
	s, err := OpenSwitches(path)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, sw := range []Switch{
		{Route: AllRoutes, To: SwitchShadow, By: "jane", Why: "a rule went wild", At: at},
		{Route: "support", To: SwitchBlock, By: "jane", Why: "the model leaks", At: at},
	} {
		if err := s.Set(sw); err != nil {
			t.Fatal(err)
		}
	}
	again, err := OpenSwitches(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Switches{s, again} {
		if s.Of("support").To != SwitchBlock || s.Of("billing").To != SwitchShadow || len(s.List()) != 2 || s.List()[1].Why != "the model leaks" {
			t.Errorf("got %+v", s.List())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		again.Watch(ctx, func(err error) { t.Error(err) })
	}()
	if err := s.Set(Switch{Route: "support", To: SwitchOff, By: "jane", Why: "mended"}); err != nil {
		t.Fatal(err)
	}
	for again.Of("support").To == SwitchBlock {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-done
	if s.Of("support").To != SwitchShadow {
		t.Error("the switch of all routes counts again")
	}
	if (*Switches)(nil).Of("support").To != SwitchOff {
		t.Error("without switches, one is set")
	}
}

func TestSwitchesThatCannotBe(t *testing.T) {
	s, err := OpenSwitches("")
	if err != nil {
		t.Fatal(err)
	}
	for want, sw := range map[string]Switch{
		"needs a route":              {To: SwitchBlock, By: "j", Why: "w"},
		`"open" is no position`:      {Route: "r", To: "open", By: "j", Why: "w"},
		"by whom it is set":          {Route: "r", To: SwitchBlock, Why: "w"},
		"by whom it is set, and why": {Route: "r", To: SwitchBlock, By: "j"},
	} {
		if err := s.Set(sw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", sw, err)
		}
	}
	bad := filepath.Join(t.TempDir(), "switches.json")
	for _, text := range []string{"[", `[{"route": "r", "to": "open"}]`} {
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSwitches(bad); err == nil {
			t.Errorf("%s was read", text)
		}
	}
	kept, err := OpenSwitches(filepath.Join(bad, "below-a-file.json"))
	if err == nil {
		err = kept.Set(Switch{Route: "r", To: SwitchBlock, By: "j", Why: "w"})
		if err == nil || kept.Of("r").To != SwitchBlock {
			t.Errorf("a switch that cannot be kept: %v, %+v", err, kept.Of("r"))
		}
	}
}
