package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"touchstone/internal/audit"
)

const auditUsage = `usage: touchstone audit VERB [OPTION...]

  key                       print the verifier key, which is no secret: hand it to whoever checks
  verify                    check the whole log against its records, checkpoints and key
  checkpoint                print the last signed head: keep it elsewhere, and give it to verify later
  prove ID                  write a proof that a decision stands in the log, for somebody without it
  check FILE                check such a proof; needs the verifier key and no log
  erase -why REASON ID...   take the content out of entries; their records stay
  review ID                 record that a verdict or a rule was right or wrong (-h explains)
  rulings [ID]              list what reviewers recorded
  export                    write decisions as OPA decision logs, to a file or an endpoint (-h explains)

Options:
`

// auditOptions are those of all verbs; each says what it needs.
type auditOptions struct {
	config, path, witness, why, by, output string
	keys                                   []string
	disclose                               bool
}

// runAudit is the auditor's tool.
func runAudit(ctx context.Context, args []string, std Streams) int {
	var o auditOptions
	fs := flag.NewFlagSet("audit", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, auditUsage); fs.PrintDefaults() }
	fs.StringVar(&o.config, "config", "", "configuration `FILE`, which names the log and its key")
	fs.StringVar(&o.path, "log", "", "the log's `FILE`; without it, that of the configuration")
	fs.Func("key", "verifier `KEY`, or a file that holds it; may be given more than once", func(s string) error {
		if text, err := os.ReadFile(s); err == nil {
			s = strings.TrimSpace(string(text))
		}
		o.keys = append(o.keys, s)
		return nil
	})
	fs.StringVar(&o.witness, "checkpoint", "", "verify: `FILE` with a checkpoint that was kept elsewhere")
	fs.BoolVar(&o.disclose, "disclose", false, "prove: with the content of the entry")
	fs.StringVar(&o.why, "why", "", "erase: the `REASON`, which is recorded")
	fs.StringVar(&o.by, "by", os.Getenv("USER"), "erase: `WHO` does it, which is recorded")
	fs.StringVar(&o.output, "o", "text", "verify, check: `FORMAT`, text or json")
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	if verb == "review" || verb == "rulings" {
		return runRuling(ctx, verb, args, std)
	}
	if verb == "export" {
		return runExport(ctx, args, std)
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	wants := map[string]struct{ least, most int }{"key": {0, 0}, "verify": {0, 0}, "checkpoint": {0, 0}, "prove": {1, 1}, "check": {1, 1}, "erase": {1, 1 << 20}}
	n, known := wants[verb]
	misuse := ""
	switch {
	case !known || fs.NArg() < n.least || fs.NArg() > n.most:
		fs.Usage()
		return exitUsage
	case o.output != "text" && o.output != "json":
		misuse = fmt.Sprintf("-o %q is not text or json", o.output)
	case verb == "erase" && o.why == "":
		misuse = "say why with -why: it is recorded for good"
	}
	if misuse != "" {
		fmt.Fprintf(std.Err, "touchstone audit %s: %s\n", verb, misuse)
		return exitUsage
	}
	err := o.run(ctx, verb, fs.Args(), std)
	if err != nil {
		fmt.Fprintf(std.Err, "touchstone audit %s: %v\n", verb, err)
		return exitError
	}
	return exitOK
}

func (o *auditOptions) run(ctx context.Context, verb string, args []string, std Streams) error {
	if verb == "check" {
		return o.check(args[0], std)
	}
	cfg := Default()
	if o.config != "" {
		var err error
		if cfg, err = LoadConfig(o.config); err != nil {
			return err
		}
	}
	path, keyFile := cfg.Audit.Path, cfg.Audit.keyFile()
	if o.path != "" {
		path, keyFile = o.path, o.path+".key"
	}
	if len(o.keys) == 0 && (verb == "verify" || verb == "key") {
		signer, err := os.ReadFile(keyFile)
		if err != nil {
			return fmt.Errorf("reading the log's own key: %w; name the verifier key with -key", err)
		}
		verifier, err := audit.VerifierKey(strings.TrimSpace(string(signer)))
		if err != nil {
			return fmt.Errorf("audit key %s: %w", keyFile, err)
		}
		o.keys = []string{verifier}
	}
	switch verb {
	case "key":
		_, err := fmt.Fprintln(std.Out, strings.Join(o.keys, "\n"))
		return err
	case "verify":
		return o.verify(ctx, path, std)
	case "checkpoint":
		text, err := audit.LastCheckpoint(ctx, path)
		if err == nil {
			_, err = io.WriteString(std.Out, text)
		}
		return err
	case "prove":
		p, err := audit.Prove(ctx, path, args[0], o.disclose)
		if err != nil {
			return err
		}
		return json.NewEncoder(std.Out).Encode(p)
	}
	return o.erase(ctx, path, keyFile, args, std)
}

func (o *auditOptions) verify(ctx context.Context, path string, std Streams) error {
	witness := ""
	if o.witness != "" {
		text, err := os.ReadFile(o.witness)
		if err != nil {
			return fmt.Errorf("reading the checkpoint: %w", err)
		}
		witness = string(text)
	}
	var bar *progressbar.ProgressBar
	progress := func(done, of int64) {
		if bar == nil && of > 20_000 && isTerminal(std.Err) {
			bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(std.Err), progressbar.OptionSetDescription("checking"),
				progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowIts())
		}
		if bar != nil {
			bar.Set64(done) //nolint:errcheck // nothing hangs on the bar
		}
	}
	v, err := audit.Verify(ctx, path, o.keys, witness, progress)
	if bar != nil {
		bar.Finish() //nolint:errcheck // likewise
	}
	if err != nil {
		return err
	}
	if o.output == "json" {
		if err := json.NewEncoder(std.Out).Encode(v); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(std.Out, "%d records of %d entries and %d events, %d erased, %d from before the chain\n", v.Records, v.Entries, v.Events, v.Erased, v.Unchained)
		fmt.Fprintf(std.Out, "%d checkpoints; %d records are signed", v.Checkpoints, v.Signed)
		if v.Signed > 0 {
			fmt.Fprintf(std.Out, ", the last at %s", v.SignedAt.Format(time.RFC3339))
		}
		fmt.Fprintf(std.Out, "\nroot %s\n", v.Root)
		for _, p := range v.Problems {
			fmt.Fprintln(std.Out, "BROKEN:", p)
		}
	}
	if v.Broken > 0 {
		return fmt.Errorf("the log does not hold: %d problems", v.Broken)
	}
	if o.output == "text" {
		fmt.Fprintln(std.Out, "the log holds")
	}
	return nil
}

// check reads a proof and says what it proves.
func (o *auditOptions) check(path string, std Streams) error {
	if len(o.keys) == 0 {
		return errors.New("name the verifier key with -key: a proof cannot vouch for its own")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the proof: %w", err)
	}
	var p audit.Proof
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("%s is no proof: %w", path, err)
	}
	r, err := p.Check(o.keys)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return json.NewEncoder(std.Out).Encode(r)
	}
	fmt.Fprintf(std.Out, "proved: %s at %s, application %q, route %q, model %q: %s", r.ID, r.At.Format(time.RFC3339), r.App, r.Route, r.Model, r.Outcome)
	if len(r.Rules) > 0 {
		fmt.Fprintf(std.Out, " by %s", strings.Join(r.Rules, ", "))
	}
	fmt.Fprintf(std.Out, " of policy %s\n", r.Policy)
	if p.Content != nil {
		fmt.Fprintln(std.Out, "the content in the proof is what was logged")
	}
	return nil
}

// erase opens the log beside a proxy that may be writing it: SQLite's lock keeps the
// two apart, and the chain goes on from whatever is last.
func (o *auditOptions) erase(ctx context.Context, path, keyFile string, ids []string, std Streams) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	key, err := signKey(keyFile)
	if err != nil {
		return err
	}
	l, err := audit.Open(path, audit.Options{SignKey: key, Logger: slog.New(slog.NewTextHandler(std.Err, nil))})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	n, err := l.Erase(ctx, ids, o.by, o.why)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "erased the content of %d entries\n", n)
	return nil
}

// signKey reads the key that signs checkpoints, and makes one where there is none,
// for nobody but its owner to read.
func signKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("audit key %s can be read by others: chmod 600 it, and make a new one if it has been read", path)
		}
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the audit key: %w", err)
	}
	signer, _, err := audit.NewKey()
	if err != nil {
		return "", fmt.Errorf("making an audit key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", fmt.Errorf("making an audit key: %w", err)
	}
	// Exclusive: two processes that start at once must not sign with two keys.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return signKey(path)
	} else if err != nil {
		return "", fmt.Errorf("making an audit key: %w", err)
	}
	_, err = f.WriteString(signer + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("making an audit key: %w", err)
	}
	return signer, nil
}
