package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"touchstone/internal/review"
)

const promotionAbout = `Says whether a rule in shadow or canary is ready for more, by recorded traffic: in how many exchanges
of each application, route and group it fires and would block, how often rightly by what reviewers
ruled, and which exchanges would be newly blocked if it were applied to all, or newly allowed if to none.`

func runPromotion(ctx context.Context, args []string, std Streams) int {
	var t traffic
	fs := policyFlags(std, "promotion", " RULE", promotionAbout)
	t.flags(fs)
	output := fs.String("o", "text", "`FORMAT`: text, json or html")
	list := fs.Int("list", 10, "text: `N` exchanges of each list")
	if code, ok := parseOperands(fs, args, 1); !ok {
		return code
	}
	if *output != "text" && *output != "json" && *output != "html" {
		fmt.Fprintf(std.Err, "touchstone policy promotion: -o %q is not text, json or html\n", *output)
		return exitUsage
	}
	p, err := t.promotion(ctx, fs.Arg(0), std)
	switch {
	case err != nil:
	case *output == "json":
		err = json.NewEncoder(std.Out).Encode(p)
	case *output == "html":
		err = p.WriteHTML(std.Out)
	default:
		err = p.WriteText(std.Out, *list)
	}
	if err != nil {
		return policyFailed(std, "promotion", err)
	}
	return exitOK
}

func (t *traffic) promotion(ctx context.Context, rule string, std Streams) (*review.Promotion, error) {
	_, log, span, err := t.open(time.Now())
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // it is only read
	bar := newCounting(std.Err, "reading")
	defer bar.finish()
	return (&review.Promoting{Span: span, Rule: rule, Progress: bar.at}).Run(ctx, log)
}
