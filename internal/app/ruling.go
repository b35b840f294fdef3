package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"touchstone/internal/audit"
)

const rulingUsage = `usage: touchstone audit review (-right | -wrong) [OPTION...] ID
       touchstone audit rulings [OPTION...] [ID]

review records that the verdict on a sentence of the exchange ID, or what a rule did
there, was right or wrong; rulings lists what was recorded, of one exchange or of all.
Rulings are never changed: the newest on the same thing stands.

Options:
`

// rulingOptions are those of both verbs.
type rulingOptions struct {
	config, log, output string
	right, wrong        bool
	choice, sentence    int
	rule, by, note      string
}

func runRuling(ctx context.Context, verb string, args []string, std Streams) int {
	var o rulingOptions
	fs := flag.NewFlagSet("audit "+verb, flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, rulingUsage); fs.PrintDefaults() }
	fs.StringVar(&o.config, "config", "", "configuration `FILE`, which names the log and its key")
	fs.StringVar(&o.log, "log", "", "the log's `FILE`; without it, that of the configuration")
	if verb == "review" {
		fs.BoolVar(&o.right, "right", false, "it was right")
		fs.BoolVar(&o.wrong, "wrong", false, "it was wrong")
		fs.IntVar(&o.choice, "choice", 0, "the choice `N` of the answer, from 0")
		fs.IntVar(&o.sentence, "sentence", 0, "the verdict on sentence `N`, from 1, as the page of the exchange counts")
		fs.StringVar(&o.rule, "rule", "", "what the rule `ID` did: that it fired, or that it did not")
		fs.StringVar(&o.by, "by", os.Getenv("USER"), "`WHO` rules, which is recorded")
		fs.StringVar(&o.note, "note", "", "why; erased with the content of the entry")
	} else {
		fs.StringVar(&o.output, "o", "text", "`FORMAT`: text or json")
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	misuse := ""
	switch {
	case verb == "review" && fs.NArg() != 1:
		misuse = "name one exchange by its id, after the options"
	case verb == "review" && o.right == o.wrong:
		misuse = "say -right or -wrong"
	case verb == "rulings" && fs.NArg() > 1:
		misuse = "name one exchange, or none for all"
	case verb == "rulings" && o.output != "text" && o.output != "json":
		misuse = fmt.Sprintf("-o %q is not text or json", o.output)
	}
	if misuse != "" {
		fmt.Fprintf(std.Err, "touchstone audit %s: %s\n", verb, misuse)
		return exitUsage
	}
	run := o.list
	if verb == "review" {
		run = o.review
	}
	if err := run(ctx, fs.Arg(0), std); err != nil {
		fmt.Fprintf(std.Err, "touchstone audit %s: %v\n", verb, err)
		return exitError
	}
	return exitOK
}

// files are the log and the key that signs it.
func (o *rulingOptions) files() (log, key string, err error) {
	cfg := Default()
	if o.config != "" {
		if cfg, err = LoadConfig(o.config); err != nil {
			return "", "", err
		}
	}
	if o.log != "" {
		return o.log, o.log + ".key", nil
	}
	return cfg.Audit.Path, cfg.Audit.keyFile(), nil
}

// review writes beside a proxy that may be writing too, as erase does.
func (o *rulingOptions) review(ctx context.Context, id string, std Streams) (err error) {
	path, keyFile, err := o.files()
	if err != nil {
		return err
	}
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
	r := audit.Ruling{Exchange: id, Choice: o.choice, Rule: o.rule, Right: o.right, By: o.by, Note: o.note}
	if o.sentence != 0 {
		index := o.sentence - 1
		r.Sentence = &index
	}
	if r, err = l.Review(ctx, r); err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "recorded as number %d of the chain\n", r.Number)
	return nil
}

func (o *rulingOptions) list(ctx context.Context, id string, std Streams) error {
	path, _, err := o.files()
	if err != nil {
		return err
	}
	log, err := audit.OpenReader(path)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // it is only read
	list, err := log.Rulings(ctx, id)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return json.NewEncoder(std.Out).Encode(list)
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	for _, r := range list {
		what, said := r.Rule, "wrong"
		if r.Right {
			said = "right"
		}
		if r.Sentence != nil {
			what = fmt.Sprintf("sentence %d", *r.Sentence+1)
			if r.Rule != "" {
				what += ", " + r.Rule
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", r.At.Format(time.DateTime), r.Exchange, r.Choice, oneLine(what), said, oneLine(r.By), oneLine(r.Note))
	}
	return w.Flush()
}
