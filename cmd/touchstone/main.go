// Command touchstone checks the answers of LLM APIs against a company's ground
// truth and its policies.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"touchstone/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(app.Main(ctx, os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
