// Command plain writes rows (JSON lines) with their text and context as guards.Plain
// reads them, so that the safety heads are trained on what they will be asked.
//
//	zcat rows.jsonl.gz | go run ./eval/train/plain | gzip > plain.jsonl.gz
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"touchstone/guards"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 64<<10), 16<<20)
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	changed, n := 0, 0
	for in.Scan() {
		var row map[string]any
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			fail(fmt.Errorf("line %d: %w", n+1, err))
		}
		n++
		for _, field := range []string{"text", "context"} {
			if text, ok := row[field].(string); ok {
				plain, _ := guards.Plain(text)
				if plain != text {
					changed++
				}
				row[field] = plain
			}
		}
		if err := enc.Encode(row); err != nil {
			fail(err)
		}
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
	fmt.Fprintf(os.Stderr, "%d rows, %d texts changed\n", n, changed)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "plain:", err)
	os.Exit(1)
}
