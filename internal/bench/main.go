// Command bench measures what Touchstone costs: against the plainest Go reverse
// proxy in the same run, with every answer different and a knowledge base of ten
// thousand passages. See docs/benchmark.md.
//
// The program measured is alone on one core; the fake upstream and the clients
// share another. Rounds are interleaved, so that a slow spell of the machine
// falls on everything alike.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	loadCore = "0" // clients and upstream
	peerCore = "1" // the program under measurement
)

type options struct {
	binary   string
	out      string
	profile  string
	passages int
	rounds   int
	seconds  float64
	streams  int
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "floor" { // run by the benchmark itself
		fmt.Fprintln(os.Stderr, serveFloor(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	var o options
	flag.StringVar(&o.binary, "binary", "", "touchstone `FILE` to measure; built from this module by default")
	flag.StringVar(&o.out, "out", ".cache/bench.json", "`FILE` for the figures")
	flag.StringVar(&o.profile, "profile", "", "`FILE` for a CPU profile of the checked route")
	flag.IntVar(&o.passages, "passages", 10_000, "passages in the knowledge base")
	flag.IntVar(&o.rounds, "rounds", 3, "interleaved rounds")
	flag.Float64Var(&o.seconds, "seconds", 4, "seconds of each measurement")
	flag.IntVar(&o.streams, "streams", 20, "streams a round")
	flag.Parse()
	if os.Getenv(pinnedEnv) == "" && repin() {
		return // unreachable: repin replaced the process
	}
	runtime.GOMAXPROCS(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const pinnedEnv = "BENCH_PINNED"

func pinned() bool { return os.Getenv(pinnedEnv) == "yes" }

// repin starts this program anew on the load's core. Without taskset or a second
// core it says so and goes on: the figures then share cores and are worth less.
func repin() bool {
	self, err := os.Executable()
	taskset, lookErr := exec.LookPath("taskset")
	if err != nil || lookErr != nil || runtime.NumCPU() < 2 {
		fmt.Fprintln(os.Stderr, "bench: needs taskset and two cores to keep the load off the program measured; figures will be worse")
		os.Setenv(pinnedEnv, "no")
		return false
	}
	os.Setenv(pinnedEnv, "yes")
	err = syscall.Exec(taskset, append([]string{"taskset", "-c", loadCore, self}, os.Args[1:]...), os.Environ())
	fmt.Fprintln(os.Stderr, "bench: taskset:", err)
	os.Exit(1)
	return true
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "touchstone-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := o.binary
	if binary == "" {
		binary = filepath.Join(dir, "touchstone")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "touchstone/cmd/touchstone").CombinedOutput(); err != nil {
			return fmt.Errorf("building touchstone: %w\n%s", err, out)
		}
	}
	c := newCorpus(o.passages, 1)
	up, err := startUpstream(c, 5*time.Millisecond)
	if err != nil {
		return err
	}
	stone, err := prepare(ctx, dir, binary, c, up.url, o.profile != "")
	if err != nil {
		return err
	}
	res := newResults(o)
	if info, err := os.Stat(binary); err == nil {
		res.note("binary MiB", float64(info.Size())/(1<<20))
	}

	// Cold starts: the last one goes on to be measured.
	var p *peer
	for range o.rounds {
		if p != nil {
			p.stop()
		}
		if p, err = stone.start(ctx); err != nil {
			return err
		}
		res.add("cold start ms", milliseconds(p.ready))
	}
	defer func() { p.stop() }()
	address, err := freeAddress()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	floor, err := startPeer(ctx, dir, "floor", "http://"+address, "/readyz", self, "floor", address, up.url)
	if err != nil {
		return err
	}
	defer floor.stop()

	var numbers atomic.Uint64
	for _, t := range []target{{"floor", floor, plainModel}, {"plain", p, plainModel}, {"checked", p, checkedModel}} {
		if _, err := drive(t.peer.url, t.model, 16, time.Second, &numbers); err != nil { // warm
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		if err := measure(ctx, o, res, up, floor, p, &numbers); err != nil {
			return err
		}
	}
	if o.profile != "" {
		if err := stone.profile(p, o, &numbers); err != nil {
			return err
		}
	}
	memory := p.memory()
	res.note("resident MiB at the end", memory["VmRSS"])
	res.note("of these, the program's own pages MiB", memory["RssAnon"])
	res.note("resident MiB at most", memory["VmHWM"])
	res.note("floor resident MiB", floor.memory()["VmRSS"])
	res.table(os.Stdout)
	return res.save(o.out)
}

// target is one way to the upstream.
type target struct {
	name  string
	peer  *peer
	model string
}

func measure(ctx context.Context, o options, res *results, up *upstream, floor, stone *peer, numbers *atomic.Uint64) error {
	d := time.Duration(o.seconds * float64(time.Second))
	targets := []target{{"direct", &peer{url: up.url}, plainModel}, {"floor", floor, plainModel}, {"plain", stone, plainModel}, {"checked", stone, checkedModel}}
	rps, cpu := map[string]float64{}, map[string]float64{}
	p50 := map[string]time.Duration{}
	for _, t := range targets {
		for _, clients := range []int{1, 16} {
			if err := ctx.Err(); err != nil {
				return err
			}
			var before time.Duration
			if t.peer.cmd != nil {
				before = t.peer.cpu()
			}
			l, err := drive(t.peer.url, t.model, clients, d, numbers)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			name := fmt.Sprintf("%s c=%d ", t.name, clients)
			res.add(name+"requests/s", l.rps)
			res.add(name+"p50 ms", milliseconds(l.p50))
			res.add(name+"p99 ms", milliseconds(l.p99))
			if t.peer.cmd != nil {
				ms := milliseconds(t.peer.cpu()-before) / float64(l.requests)
				res.add(name+"CPU ms a request", ms)
				if clients == 16 {
					rps[t.name], cpu[t.name] = l.rps, ms
				}
			}
			if clients == 1 {
				p50[t.name] = l.p50
				if t.peer.cmd != nil {
					res.add(name+"added p50 ms", milliseconds(l.p50-p50["direct"]))
				}
			}
			if t.peer == stone {
				res.verdicts(t.name, l.verdicts)
			}
		}
	}
	res.add("plain ÷ floor requests/s", rps["plain"]/rps["floor"])
	res.add("floor ÷ plain CPU", cpu["floor"]/cpu["plain"])
	res.add("checked ÷ floor requests/s", rps["checked"]/rps["floor"])
	res.add("checked requests a CPU second", 1000/cpu["checked"])
	for _, t := range targets {
		l, err := streams(t.peer.url, t.model, o.streams, up, numbers)
		if err != nil {
			return fmt.Errorf("%s, streamed: %w", t.name, err)
		}
		res.add(t.name+" stream: first text after the upstream's first text, p50 ms", milliseconds(l.afterFirst[len(l.afterFirst)/2]))
		res.add(t.name+" stream: first text after the first sentence is known whole, p50 ms", milliseconds(l.afterSentence[len(l.afterSentence)/2]))
		if t.name == "checked" {
			res.add(t.name+" stream: earliest first text after the first sentence is known whole, ms", milliseconds(l.afterSentence[0]))
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
