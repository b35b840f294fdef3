package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Switch is what an operator has put a route to in an emergency. It counts over
// whatever the rules say.
type Switch struct {
	Route string    `json:"route"` // AllRoutes for all that have none of their own
	To    SwitchTo  `json:"to"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
	At    time.Time `json:"at"`
}

// SwitchTo is what a switch does.
type SwitchTo string

const (
	SwitchOff    SwitchTo = "off"    // the rules count again
	SwitchShadow SwitchTo = "shadow" // decided and recorded, nothing applied
	SwitchBlock  SwitchTo = "block"  // nothing is sent upstream, every request is refused
)

// AllRoutes stands for every route without a switch of its own.
const AllRoutes = "*"

// Switches are the emergency switches of one process or, by a file that they share,
// of several. They are safe for concurrent use.
type Switches struct {
	path string

	mu  sync.RWMutex
	set map[string]Switch // by route
	mod time.Time         // of the file that was read last
}

// maxSwitches bounds the file: it is written by us, and may be by others.
const maxSwitches = 1 << 20

// OpenSwitches reads the switches that were set before from a file, which need not be
// there; "" keeps them in memory only.
func OpenSwitches(path string) (*Switches, error) {
	s := &Switches{path: path, set: map[string]Switch{}}
	if err := s.read(); err != nil {
		return nil, err
	}
	return s, nil
}

// read takes over what the file says when it has changed.
func (s *Switches) read() error {
	if s.path == "" {
		return nil
	}
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the switches: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if info.ModTime().Equal(s.mod) {
		return nil
	}
	if !info.Mode().IsRegular() || info.Size() > maxSwitches {
		return fmt.Errorf("reading the switches: %s is not a file of ours", s.path)
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("reading the switches: %w", err)
	}
	var list []Switch
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("reading the switches from %s: %w", s.path, err)
	}
	set := map[string]Switch{}
	for _, sw := range list {
		if sw.Route == "" || sw.To != SwitchShadow && sw.To != SwitchBlock {
			return fmt.Errorf("reading the switches from %s: route %q to %q is no switch", s.path, sw.Route, sw.To)
		}
		set[sw.Route] = sw
	}
	s.set, s.mod = set, info.ModTime()
	return nil
}

// Of is the switch that counts for a route; its To is SwitchOff where there is none.
// Switches that are nil have none.
func (s *Switches) Of(route string) Switch {
	if s == nil {
		return Switch{Route: route, To: SwitchOff}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sw, ok := s.set[route]; ok {
		return sw
	}
	if sw, ok := s.set[AllRoutes]; ok {
		return sw
	}
	return Switch{Route: route, To: SwitchOff}
}

// List is the switches that are set, by route.
func (s *Switches) List() []Switch {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Switch, 0, len(s.set))
	for _, route := range slices.Sorted(maps.Keys(s.set)) {
		out = append(out, s.set[route])
	}
	return out
}

// Set puts a route to something, at once, and keeps it in the file. When the file
// cannot be written, the switch counts all the same, until the process ends, and the
// error says so.
func (s *Switches) Set(sw Switch) error {
	switch {
	case sw.Route == "":
		return errors.New("a switch needs a route, or * for all")
	case sw.To != SwitchOff && sw.To != SwitchShadow && sw.To != SwitchBlock:
		return fmt.Errorf("%q is no position of a switch: use shadow, block or off", sw.To)
	case sw.By == "" || sw.Why == "":
		return errors.New("a switch needs to know by whom it is set, and why")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sw.To == SwitchOff {
		delete(s.set, sw.Route)
	} else {
		s.set[sw.Route] = sw
	}
	if s.path == "" {
		return nil
	}
	list := make([]Switch, 0, len(s.set))
	for _, route := range slices.Sorted(maps.Keys(s.set)) {
		list = append(list, s.set[route])
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(s.path), 0o755)
	}
	if err == nil {
		err = keep(s.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the switch is set, and could not be kept for the next start: %w", err)
	}
	if info, err := os.Stat(s.path); err == nil {
		s.mod = info.ModTime()
	}
	return nil
}

// Watch takes over switches that another process wrote to the file, until ctx ends.
// failed is called for a file that cannot be read, once for each reason; what was set
// before stays.
func (s *Switches) Watch(ctx context.Context, failed func(error)) {
	told := ""
	for sleep(ctx, localPoll) == nil {
		err := s.read()
		if err != nil && err.Error() != told {
			failed(err)
		}
		if told = ""; err != nil {
			told = err.Error()
		}
	}
}
