package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/semaphore"
)

// Options say how a Log buffers; the zero value is ready to use.
type Options struct {
	Queue int           // entries that may wait to be written; 0 means 4096
	Bytes int64         // what those may weigh together; 0 means 64 MiB
	Flush time.Duration // how long an entry may wait for company; 0 means 100 ms
	// SignKey signs checkpoints of the chain, as NewKey makes it; "" signs none.
	SignKey string
	Groups  Recognition  // which groups entries record; "" means none
	Logger  *slog.Logger // told about lost entries and failing writes, never with content; nil means slog.Default
}

// maxBatch is how many entries one transaction holds at most.
const maxBatch = 256

// Log keeps entries in a SQLite file of its own. Append hands an entry to one
// writer, which commits in batches. When the process dies, what it had not yet
// committed is lost: at most what was queued plus Options.Flush. What Flush
// acknowledged is on disk, and no entry is ever half there. A Log is safe for
// concurrent use.
type Log struct {
	write, read *sql.DB
	opt         Options
	queue       chan item
	weight      *semaphore.Weighted
	store       *writer
	names       *names

	mu       sync.RWMutex // held for reading while sending on queue, so that Close can close it
	closed   bool
	closing  chan struct{} // releases those who wait for room
	giveUp   chan struct{} // ends the retries of a write that cannot succeed
	done     chan struct{} // the writer has ended
	once     sync.Once
	closeErr error

	pending, bytes, written, dropped, failures atomic.Int64
	lastDropLog                                atomic.Int64
	failing                                    atomic.Bool // the last attempt to commit failed
}

// item is an entry on its way to the writer, or a mark that Flush waits for.
type item struct {
	entry   *Entry
	size    int64
	flushed chan struct{}
	do      func(*writer) // run once what came before is written
}

// Stats counts what a Log did since it was opened.
type Stats struct {
	Queued, QueuedBytes int64 // waiting to be written
	Written             int64 // entries committed
	Dropped             int64 // entries lost: queue full, closed, or not written before Close gave up
	Failures            int64 // attempts to commit that failed; each is retried
}

// Open opens the log at path, creating or upgrading it.
func Open(path string, opt Options) (*Log, error) {
	if opt.Queue <= 0 {
		opt.Queue = 4096
	}
	if opt.Bytes <= 0 {
		opt.Bytes = 64 << 20
	}
	if opt.Flush <= 0 {
		opt.Flush = 100 * time.Millisecond
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	write, read, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening audit log %s: %w", path, err)
	}
	l := &Log{
		write: write, read: read, opt: opt,
		queue: make(chan item, opt.Queue), weight: semaphore.NewWeighted(opt.Bytes),
		closing: make(chan struct{}), giveUp: make(chan struct{}), done: make(chan struct{}),
	}
	var signer note.Signer
	if opt.SignKey != "" {
		if signer, err = note.NewSigner(opt.SignKey); err != nil {
			err = fmt.Errorf("the key that signs checkpoints: %w", err)
		}
	}
	if err == nil {
		l.names, err = loadNames(read)
	}
	if err == nil {
		l.store, err = newWriter(write, l.names, signer, opt.Groups)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening audit log %s: %w", path, err), write.Close(), read.Close())
	}
	go l.run()
	return l, nil
}

// Append queues an entry, which must not be changed afterwards; ok tells whether
// it was taken. On a full queue it waits for room until ctx ends if wait is set,
// else it drops the entry at once. Whatever e.Keep forbids to keep is removed
// before the entry is written.
func (l *Log) Append(ctx context.Context, e Entry, wait bool) (ok bool) {
	size := min(e.size(), l.opt.Bytes)
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed || !l.take(ctx, size, wait) {
		l.drop(&e)
		return false
	}
	it := item{entry: &e, size: size}
	l.count(it, 1)
	select {
	case l.queue <- it:
		return true
	default:
	}
	if wait {
		select {
		case l.queue <- it:
			return true
		case <-ctx.Done():
		case <-l.closing:
		}
	}
	l.count(it, -1)
	l.weight.Release(size)
	l.drop(&e)
	return false
}

// take reserves room in bytes.
func (l *Log) take(ctx context.Context, size int64, wait bool) bool {
	if l.weight.TryAcquire(size) {
		return true
	}
	if !wait {
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return l.weight.Acquire(ctx, size) == nil
}

func (l *Log) count(it item, sign int64) {
	l.pending.Add(sign)
	l.bytes.Add(sign * it.size)
}

// drop counts a lost entry and says so in the log, at most once a second: a full
// queue must not turn into a full log.
func (l *Log) drop(e *Entry) {
	n := l.dropped.Add(1)
	now := time.Now().UnixNano()
	if last := l.lastDropLog.Load(); now-last > int64(time.Second) && l.lastDropLog.CompareAndSwap(last, now) {
		l.opt.Logger.Error("audit entry lost", "id", e.ID, "route", e.Route, "lost_since_start", n, "queued", l.pending.Load())
	}
}

// Flush waits until every entry appended before it is on disk, or ctx ends.
func (l *Log) Flush(ctx context.Context) error {
	mark := item{flushed: make(chan struct{})}
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return errors.New("flushing the audit log: it is closed")
	}
	select {
	case l.queue <- mark:
	case <-ctx.Done():
	case <-l.closing:
	}
	l.mu.RUnlock()
	select {
	case <-mark.flushed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("flushing the audit log: %w", ctx.Err())
	case <-l.done:
		select {
		case <-mark.flushed:
			return nil
		default:
			return errors.New("flushing the audit log: it was closed before everything was written")
		}
	}
}

// Close takes no more entries, writes those that wait and closes the file. When
// ctx ends first, the rest is counted as dropped.
func (l *Log) Close(ctx context.Context) error {
	l.once.Do(func() { l.closeErr = l.close(ctx) })
	return l.closeErr
}

func (l *Log) close(ctx context.Context) error {
	close(l.closing)
	l.mu.Lock()
	l.closed = true
	close(l.queue)
	l.mu.Unlock()
	var late error
	select {
	case <-l.done:
	case <-ctx.Done():
		close(l.giveUp)
		<-l.done
		late = fmt.Errorf("closing the audit log: %w", ctx.Err())
	}
	if l.store.signer != nil && late == nil {
		late = l.store.transact(func(context.Context) error { return nil }, true)
	}
	l.store.close()
	return errors.Join(late, l.write.Close(), l.read.Close())
}

// Stats tells what the log did so far.
func (l *Log) Stats() Stats {
	return Stats{
		Queued: l.pending.Load(), QueuedBytes: l.bytes.Load(),
		Written: l.written.Load(), Dropped: l.dropped.Load(), Failures: l.failures.Load(),
	}
}

// run is the writer: it gathers a batch, commits it, and begins again until the
// queue is closed and empty.
func (l *Log) run() {
	defer close(l.done)
	timer := time.NewTimer(0)
	<-timer.C
	batch := make([]item, 0, maxBatch)
	for it := range l.queue {
		batch = append(batch[:0], it)
		timer.Reset(l.opt.Flush)
	gather:
		for len(batch) < maxBatch && batch[len(batch)-1].flushed == nil {
			select {
			case it, open := <-l.queue:
				if !open {
					break gather
				}
				batch = append(batch, it)
			case <-timer.C:
				break gather
			}
		}
		timer.Stop()
		l.commit(batch)
		clear(batch) // written entries are not to be kept in memory
	}
}

// commit writes a batch, trying again until it is on disk or Close gives up.
func (l *Log) commit(batch []item) {
	entries := make([]*Entry, 0, len(batch))
	for _, it := range batch {
		if it.entry != nil {
			entries = append(entries, it.entry)
		}
	}
	pause := 50 * time.Millisecond
	for attempt := 0; len(entries) > 0; attempt++ {
		err := l.store.commit(entries, attempt > 0)
		if err == nil {
			l.written.Add(int64(len(entries)))
			l.failing.Store(false)
			break
		}
		l.failing.Store(true)
		l.failures.Add(1)
		l.opt.Logger.Error("writing the audit log failed, trying again", "err", err, "entries", len(entries), "queued", l.pending.Load(), "pause", pause)
		select {
		case <-l.giveUp:
			for _, e := range entries {
				l.drop(e)
			}
			l.release(batch)
			return // without telling Flush: these are lost
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
	l.release(batch)
	for _, it := range batch {
		if it.do != nil {
			it.do(l.store)
		}
		if it.flushed != nil {
			close(it.flushed)
		}
	}
}

// release gives back the room of a batch.
func (l *Log) release(batch []item) {
	for _, it := range batch {
		if it.entry != nil {
			l.count(it, -1)
			l.weight.Release(it.size)
		}
	}
}
