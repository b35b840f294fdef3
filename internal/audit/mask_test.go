package audit

import (
	"strings"
	"testing"
	"time"

	"touchstone/guards"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Write to jane.doe+x@mail.example.com.", "Write to [mail]."},
		{"é: josé@example.org, ok", "é: [mail], ok"},
		{"Call +44 20 7946 0958 now", "Call [phone] now"},
		{"Call (555) 123-4567.", "Call [phone]."},
		{"Call 555-123-4567.", "Call [phone]."},
		{"Call 0151/2345678!", "Call [phone]!"},
		{"Card 4111 1111 1111 1111 expires", "Card [card] expires"},
		{"IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [account] please"},
		{"Account 12345678", "Account [number]"},
		{"Customer C12345678", "Customer [number]"},
		{"key sk-proj-abcdefghijklmnop1234 here", "key [secret] here"},
		{"token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "token [secret]"},
		{"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc.", "jwt [secret]."},
		// What an audit needs and nobody is known by.
		{"On 2026-11-24 10:30 it was 24.11.2026 or 11/24/2026.", "On 2026-11-24 10:30 it was 24.11.2026 or 11/24/2026."},
		{"It costs $1,299.00, or 3.5% of 2,400,000.", "It costs $1,299.00, or 3.5% of 2,400,000."},
		{"24 months, 30 days, version 2.15.3, 100-240 V", "24 months, 30 days, version 2.15.3, 100-240 V"},
		{"Use @here and a@b, e.g. task-list.", "Use @here and a@b, e.g. task-list."},
		{"sk-short", "sk-short"},
		{"", ""},
	} {
		got := mask(c.in)
		if short := strings.ReplaceAll(got, "*", ""); short != c.want || len(got) != len(c.in) {
			t.Errorf("%q\ngot  %q\nwant %q, filled up to the length of the original", c.in, got, c.want)
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"a@b.co", "+49 (0) 30 123 456", "sk-aaaaaaaaaaaaaaaa", "DE89370400440532013000", "2026-11-24", "(((", "1-", "999999999V99999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := mask(s)
		if len(m) != len(s) {
			t.Errorf("%q has %d bytes, masked %d: offsets no longer hold", s, len(s), len(m))
		}
		run := 0
		for i := range len(m) {
			if run++; !isDigit(m[i]) {
				run = 0
			}
			if run == longRun {
				t.Fatalf("%q became %q, which still has a long number", s, m)
			}
		}
	})
}

// TestMaskTakesLinearTime feeds what makes a careless scanner look at the rest of
// the text again from every word.
func TestMaskTakesLinearTime(t *testing.T) {
	for _, unit := range []string{"+a", "a.", "1-", "( ", "sk-", "eyJ.", "AB12", "1.1.", "é"} {
		begun := time.Now()
		mask(strings.Repeat(unit, 256<<10/len(unit)))
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("256 KiB of %q took %s", unit, took)
		}
	}
}

// TestNothingForbiddenIsWritten looks for content in the bytes of the file itself.
func TestNothingForbiddenIsWritten(t *testing.T) {
	const mail, word = "jane.doe@example.com", "Zanzibar"
	for _, c := range []struct {
		keep       Keep
		mail, word bool
	}{{KeepAll, true, true}, {KeepMask, false, true}, {KeepHash, false, false}, {"unknown", false, false}} {
		t.Run(string(c.keep), func(t *testing.T) {
			l := open(t, Options{})
			e := entry(1, guards.Contradicted)
			e.Keep = c.keep
			text := "Write to " + mail + " in " + word + "."
			e.Question, e.Answers[0], e.Sent = text, text, []string{text}
			s := &e.Choices[0].Sentences[0]
			s.Text, s.Reason, s.Evidence[0].Quote = text, text, text
			l.Append(t.Context(), e, true)
			flush(t, l)
			var all string
			if err := l.read.QueryRow("SELECT json FROM bodies").Scan(&all); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(all, mail); got != c.mail {
				t.Errorf("the address is there: %v, want %v", got, c.mail)
			}
			if got := strings.Contains(all, word); got != c.word {
				t.Errorf("the word is there: %v, want %v", got, c.word)
			}
			if s.Text != text || e.Question != text {
				t.Error("the caller's entry was changed")
			}
			got, err := l.Entry(t.Context(), e.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !c.word && got.Question != hash(text) {
				t.Errorf("question %q, want a SHA-256", got.Question)
			}
			if got.Choices[0].Sentences[0].Verdict != guards.Contradicted || got.Choices[0].Sentences[0].Evidence[0].Source != "docs/warranty.md" {
				t.Error("the verdict and its source are gone")
			}
		})
	}
}
