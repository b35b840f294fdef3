package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/review"
)

const exportUsage = `usage: touchstone audit export [OPTION...]

Writes recorded decisions as OPA decision logs: JSON lines to a file or standard output, or
gzipped batches to an HTTP endpoint as OPA itself sends them. With -state it goes on where
it ended, so that a timer can run it.

Options:
`

// exportOptions are what audit export was asked for.
type exportOptions struct {
	config, log, format, to, state, after, token string
	labels                                       map[string]string
	tries                                        int
	pause                                        time.Duration // before the first retry; doubled for each further one
}

func runExport(ctx context.Context, args []string, std Streams) int {
	o := exportOptions{labels: map[string]string{"app": "touchstone", "version": version()}, tries: 5, pause: time.Second}
	fs := flag.NewFlagSet("audit export", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, exportUsage); fs.PrintDefaults() }
	fs.StringVar(&o.config, "config", "", "configuration `FILE`, which names the log")
	fs.StringVar(&o.log, "log", "", "the log's `FILE`; without it, that of the configuration")
	fs.StringVar(&o.format, "o", "opa", "`FORMAT`: opa")
	fs.StringVar(&o.to, "to", "", "`FILE` to append to, or an http address such as https://logs.example.com/logs; without it, standard output")
	fs.StringVar(&o.state, "state", "", "`FILE` that remembers the last entry exported")
	fs.StringVar(&o.after, "after", "", "begin after the entry `ID`, in the order of writing")
	fs.StringVar(&o.token, "token-file", "", "`FILE` with the bearer token for the endpoint")
	fs.Func("label", "`NAME=VALUE` on every decision; may be given more than once", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return errors.New("write NAME=VALUE")
		}
		o.labels[name] = value
		return nil
	})
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	misuse := ""
	switch {
	case o.format != "opa":
		misuse = fmt.Sprintf("-o %q is not opa", o.format)
	case o.after != "" && o.state != "":
		misuse = "-after and -state both say where to begin: give one"
	}
	if misuse != "" {
		fmt.Fprintln(std.Err, "touchstone audit export:", misuse)
		return exitUsage
	}
	n, err := o.run(ctx, std)
	if err != nil {
		fmt.Fprintf(std.Err, "touchstone audit export: %v\n", err)
		return exitError
	}
	fmt.Fprintf(std.Err, "exported %d decisions\n", n)
	return exitOK
}

func (o *exportOptions) run(ctx context.Context, std Streams) (n int, err error) {
	path := o.log
	if path == "" {
		cfg := Default()
		if o.config != "" {
			if cfg, err = LoadConfig(o.config); err != nil {
				return 0, err
			}
		}
		path = cfg.Audit.Path
	}
	if o.state != "" {
		text, err := os.ReadFile(o.state)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, fmt.Errorf("reading the state: %w", err)
		}
		o.after = strings.TrimSpace(string(text))
	}
	send, done, err := o.sink(std)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	log, err := audit.OpenReader(path)
	if err != nil {
		return 0, err
	}
	defer log.Close() //nolint:errcheck // it is only read
	x := review.Exporting{After: o.after, Labels: o.labels, Send: func(ctx context.Context, events []json.RawMessage, last string) error {
		if len(events) > 0 { // of entries about which nothing was decided there are none
			if err := send(ctx, events); err != nil {
				return err
			}
		}
		return o.remember(last)
	}}
	return x.Run(ctx, log)
}

// remember writes the last entry exported, whole or not at all.
func (o *exportOptions) remember(last string) error {
	if o.state == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(o.state), filepath.Base(o.state)+".*")
	if err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	_, err = f.WriteString(last + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), o.state)
	}
	if err != nil {
		return fmt.Errorf("writing the state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// sink is where decisions go.
func (o *exportOptions) sink(std Streams) (send func(context.Context, []json.RawMessage) error, done func() error, err error) {
	if u, err := url.Parse(o.to); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		token := ""
		if o.token != "" {
			text, err := os.ReadFile(o.token)
			if err != nil {
				return nil, nil, fmt.Errorf("reading the token: %w", err)
			}
			token = strings.TrimSpace(string(text))
		}
		return func(ctx context.Context, events []json.RawMessage) error { return o.post(ctx, token, events) }, func() error { return nil }, nil
	}
	var to io.Writer = std.Out
	done = func() error { return nil }
	sync := done
	if o.to != "" {
		f, err := os.OpenFile(o.to, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("opening the file to write to: %w", err)
		}
		to, done, sync = f, f.Close, f.Sync
	}
	return func(_ context.Context, events []json.RawMessage) error {
		var b bytes.Buffer
		for _, e := range events {
			b.Write(e)
			b.WriteByte('\n')
		}
		if _, err := to.Write(b.Bytes()); err != nil {
			return err
		}
		return sync() // before the state says that they are there
	}, done, nil
}

// post sends a batch as OPA does, and again when the endpoint is away or busy.
func (o *exportOptions) post(ctx context.Context, token string, events []json.RawMessage) error {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	if err := errors.Join(json.NewEncoder(z).Encode(events), z.Close()); err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	pause := o.pause
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.to, bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", "gzip")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := client.Do(req)
		again := err != nil
		if err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
			resp.Body.Close()
			if resp.StatusCode/100 == 2 {
				return nil
			}
			again = resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
			err = fmt.Errorf("the endpoint answers %s", resp.Status)
		}
		if !again || try == o.tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}
