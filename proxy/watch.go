package proxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// watchEvery is how often the connections of waiting clients are looked at: a
// client that has gone costs its upstream at most this much longer.
const watchEvery = 200 * time.Millisecond

// watcher notices clients that hang up while nothing is being written to them.
// fasthttp does not: it reads a connection again only after the handler ends.
type watcher struct {
	mu    sync.Mutex
	conns map[*watched]struct{}
	stop  chan struct{}
}

type watched struct {
	conn   net.Conn
	cancel context.CancelCauseFunc
	old    bool // has seen one round: short exchanges are never looked at
}

func newWatcher() *watcher {
	w := &watcher{conns: map[*watched]struct{}{}, stop: make(chan struct{})}
	go w.run()
	return w
}

// add watches a connection until remove; cancel is called with errClientGone.
func (w *watcher) add(conn net.Conn, cancel context.CancelCauseFunc) *watched {
	e := &watched{conn: conn, cancel: cancel}
	w.mu.Lock()
	w.conns[e] = struct{}{}
	w.mu.Unlock()
	return e
}

func (w *watcher) remove(e *watched) {
	w.mu.Lock()
	delete(w.conns, e)
	w.mu.Unlock()
}

func (w *watcher) run() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		for e := range w.conns {
			if e.old && hungUp(e.conn) {
				e.cancel(errClientGone)
				delete(w.conns, e)
			}
			e.old = true
		}
		w.mu.Unlock()
	}
}

func (w *watcher) close() { close(w.stop) }
