package guards

import (
	"strings"
	"testing"
	"time"
)

// prose is an answer of 12 sentences, 1.5 kB.
const prose = "Acme Cloud offers three plans, which differ in storage, in support and in the number of seats. The Basic plan costs $5 a month and includes 10 GB of storage for a single user. " +
	"It can be cancelled at any time before the next billing date. Refunds are paid within 14 days, e.g. to the card that was charged. " +
	"The Pro plan adds priority support from 9 a.m. to 6 p.m. on working days. Dr. Jane Miller, who founded the company in 2011, still leads the research team in Dublin. " +
	"Customers in the U.S. pay sales tax on top of the listed price, as the law requires. They can export every document as version 2.1 of the open format. " +
	"Teams of more than 25 people should look at the Enterprise plan, which has no fixed price. This plan comes with a contract, a named contact and an uptime promise of 99.95%. " +
	"Data is kept in two regions and deleted 30 days after an account is closed. If you have lost access to your account, the support desk will verify your identity before anything is changed and will answer within one working day. "

// TestCutterIsLinear pushes texts byte by byte that would be read again and
// again if decisions were not bounded, and compares them with prose.
func TestCutterIsLinear(t *testing.T) {
	const size, times = 1 << 17, 40
	push := func(unit string) time.Duration {
		text := strings.Repeat(unit, size/len(unit))
		start := time.Now()
		var c Cutter
		for i := range len(text) {
			c.Push(text[i : i+1])
			if cap(c.buf) > 8*maxUnit {
				t.Fatalf("%.20q: holds %d bytes", unit, cap(c.buf))
			}
		}
		c.Flush()
		return time.Since(start)
	}
	limit := times * push(prose)
	for _, unit := range []string{".", ". ", ".-", "a. ", "x", " ", "\n", "|", "| a ", "`", "```\n", "- ", "> ", "Inc. ", "Inc. \n", "[1", ".[1,", "#", "**", "1", "1.",
		"😊", ".😊", "。", "\x80", "é", "a,b ", "A: b\n", ". (", "...\n", "-", "- -", "\u00a0", "x\u00a0", "\u2029", ". \u00a0", "| a\n", "(1) ", "[ ", "\t", "is, ", "but i ", "here: "} {
		took := push(unit)
		if took > limit {
			took = push(unit) // a noisy machine
		}
		if took > limit {
			t.Errorf("%.20q: %s, prose takes %s", unit, took, limit/times)
		}
	}
}

func BenchmarkCutter(b *testing.B) {
	b.SetBytes(int64(len(prose)))
	b.ReportAllocs()
	for b.Loop() {
		var c Cutter
		if n := len(c.Push(prose)) + len(c.Flush()); n != 12 {
			b.Fatalf("%d sentences", n)
		}
	}
}
