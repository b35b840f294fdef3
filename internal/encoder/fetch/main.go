// Command fetch puts the native library of ONNX Runtime into the cache folder.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"touchstone/internal/encoder/ortlib"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if _, err := ortlib.Fetch(ctx, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "touchstone will run without encoders:", err)
		os.Exit(1)
	}
}
