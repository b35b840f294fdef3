package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/fatih/color"
	"golang.org/x/sync/errgroup"

	"touchstone/groundtruth"
	"touchstone/internal/demo"
)

const demoUsage = `usage: touchstone demo [OPTION...]

Starts a proxy that can be tried without a key: sample documents of a company that
does not exist, and a stand-in for an LLM that answers questions about them, partly
wrong on purpose. With OPENAI_API_KEY and OPENAI_BASE_URL set, answers come from
that API instead.

`

// demoPause lets streamed text appear about as fast as a model writes.
const demoPause = 20 * time.Millisecond

func runDemo(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, demoUsage); fs.PrintDefaults() }
	listen := fs.String("listen", Default().Listen, "`HOST:PORT` of the proxy, on loopback")
	data := fs.String("data", "", "`FOLDER` to keep the stores in; by default they go when the demo ends")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	if err := serveDemo(ctx, *listen, *data, std); err != nil {
		fmt.Fprintf(std.Err, "touchstone demo: %v\n", err)
		return exitError
	}
	return exitOK
}

func serveDemo(ctx context.Context, address, data string, std Streams) error {
	if !loopback(address) {
		return fmt.Errorf("-listen %q is not a loopback address; the demo is open to everybody who reaches it", address)
	}
	if data == "" {
		dir, err := os.MkdirTemp("", "touchstone-demo-")
		if err != nil {
			return fmt.Errorf("making a folder for the stores: %w", err)
		}
		defer os.RemoveAll(dir)
		data = dir
	}
	cfg := Default()
	cfg.Listen = address
	cfg.GroundTruth.Path = filepath.Join(data, "groundtruth.db")
	cfg.Audit.Path = filepath.Join(data, "audit.db")
	cfg.Log.Level = "warn"

	up := UpstreamConfig{}
	up.setDefaults()
	model, real := os.Getenv("OPENAI_MODEL"), os.Getenv("OPENAI_API_KEY") != "" && os.Getenv("OPENAI_BASE_URL") != ""
	if real {
		up.Name, up.BaseURL, up.APIKey = "openai", os.Getenv("OPENAI_BASE_URL"), NewSecret(os.Getenv("OPENAI_API_KEY"))
		model = cmp.Or(model, "gpt-4o-mini")
	} else {
		url, stop, err := serveStandIn()
		if err != nil {
			return err
		}
		defer stop()
		up.Name, up.BaseURL, model = demo.Name, url+"/v1", demo.Name
	}
	cfg.Upstreams = []UpstreamConfig{up}
	if err := cfg.Validate(); err != nil {
		return err
	}

	ln, err := listen(cfg.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	log := newLogger(std.Err, cfg.Log.Level)
	a, err := Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	documents, err := a.loadKnowledgeBase(ctx, cfg.Routes[0].Collections[0])
	if err != nil {
		return errors.Join(err, a.Close())
	}
	err = a.serve(ctx, ln, log, func(url string) {
		greet(std.Out, url, model, documents, real)
		if !real {
			go seed(ctx, url, log)
		}
	})
	return errors.Join(err, a.Close())
}

// serveStandIn serves the stand-in on a loopback port of its own.
func serveStandIn() (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening for the demo upstream: %w", err)
	}
	srv := &http.Server{Handler: &demo.Upstream{Pause: demoPause}, ReadHeaderTimeout: 10 * time.Second}
	go srv.Serve(ln)
	return "http://" + ln.Addr().String(), func() { srv.Close() }, nil
}

// loadKnowledgeBase stores the sample documents and returns how many there are.
func (a *App) loadKnowledgeBase(ctx context.Context, collection string) (int, error) {
	files, err := fs.Glob(demo.KnowledgeBase, "kb/*")
	if err != nil {
		return 0, err
	}
	for _, name := range files {
		data, err := demo.KnowledgeBase.ReadFile(name)
		if err != nil {
			return 0, err
		}
		doc, _, err := groundtruth.Read(ctx, name, data)
		if err != nil {
			return 0, fmt.Errorf("reading the sample document %s: %w", name, err)
		}
		doc.ID, doc.Collection = path.Base(name), collection
		if a.embedder != nil {
			if err := groundtruth.Embed(ctx, a.embedder, &doc); err != nil {
				return 0, err
			}
		}
		if _, err := a.store.Replace(ctx, doc); err != nil {
			return 0, fmt.Errorf("storing the sample document %s: %w", name, err)
		}
	}
	return len(files), nil
}

// greet tells a newcomer what there is to see and to try.
func greet(w io.Writer, url, model string, documents int, real bool) {
	bold := color.New(color.Bold)
	faint := color.New(color.Faint)
	if colourful(w) {
		bold.EnableColor()
		faint.EnableColor()
	} else {
		bold.DisableColor()
		faint.DisableColor()
	}
	fmt.Fprintf(w, "\n%s\n\n", bold.Sprint("Touchstone demo"))
	fmt.Fprintf(w, "  Dashboard     %s\n", bold.Sprint(url+"/"))
	fmt.Fprintf(w, "  API           %s/v1   model %q\n", url, model)
	fmt.Fprintf(w, "  Ground truth  %d sample documents of Larkfield Cycles, which does not exist\n\n", documents)
	if real {
		fmt.Fprintf(w, "Answers come from OPENAI_BASE_URL. Try, in another terminal:\n\n")
	} else {
		fmt.Fprintf(w, "Answers come from a stand-in called %s, which is no model: it has a fixed answer to\na few questions, some wrong on purpose. Try, in another terminal:\n\n", model)
	}
	try := func(what, question string, stream bool) {
		body, _ := json.Marshal(chatBody(model, question, stream))
		option := "-s"
		if stream {
			option = "-sN"
		}
		fmt.Fprintf(w, "  %s\n  curl %s %s/v1/chat/completions -H 'Content-Type: application/json' -d '%s'\n\n",
			faint.Sprint("# "+what), option, url, body)
	}
	try("a right answer", "How long do I have to return a bicycle?", false)
	try("a wrong price: blocked, with the evidence", "How much does theft insurance cost?", false)
	try("streamed: each sentence leaves only after its verdict", "What range does the Kestrel 500 have?", true)
	fmt.Fprintln(w, "Ctrl-C ends it.")
}

type chatRequest struct {
	Model    string        `json:"model"`
	Messages []chatMessage `json:"messages"`
	Stream   bool          `json:"stream,omitempty"`
}

type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func chatBody(model, question string, stream bool) chatRequest {
	return chatRequest{Model: model, Messages: []chatMessage{{"user", question}}, Stream: stream}
}

// seed asks every question of the stand-in through the proxy, so that the
// dashboard has something to show from the start.
func seed(ctx context.Context, url string, log *slog.Logger) {
	var g errgroup.Group
	g.SetLimit(4)
	for i, t := range demo.Topics {
		g.Go(func() error {
			body, err := json.Marshal(chatBody(demo.Name, t.Question, i%3 == 2))
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", bytes.NewReader(body))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		})
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		log.Warn("asking the sample questions failed", "error", err)
	}
}
