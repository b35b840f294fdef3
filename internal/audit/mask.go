package audit

import (
	"strings"
)

// mask replaces e-mail addresses, phone, card and account numbers, long runs of
// digits and secrets (API keys, tokens) in s by a label of the same length in
// bytes, so that offsets into s still hold. It errs towards masking too much.
// It does not know the names of people or places.
func mask(s string) string {
	var out []byte // nil until something is masked
	cover := func(from, to int, label string) {
		if out == nil {
			out = []byte(s)
		}
		copy(out[from:to], cloak(label, to-from))
	}
	for i := 0; i < len(s); {
		if c := s[i]; !isAlnum(c) && c != '+' && c != '(' {
			i++
			continue
		}
		end, label := sensitive(s, i)
		if label != "" {
			cover(i, end, label)
		}
		i = end
	}
	if out == nil {
		return s
	}
	return string(out)
}

// cloak is label in brackets, filled up with stars to n bytes.
func cloak(label string, n int) string {
	if n < len(label)+2 {
		return strings.Repeat("*", n)
	}
	return "[" + label + strings.Repeat("*", n-len(label)-2) + "]"
}

// sensitive looks at what starts at i. It returns where that ends, and how to call
// it if it must be masked.
func sensitive(s string, i int) (end int, label string) {
	if end := secretEnd(s, i); end > 0 {
		return end, "secret"
	}
	if end := mailEnd(s, i); end > 0 {
		return end, "mail"
	}
	if end := ibanEnd(s, i); end > 0 {
		return end, "account"
	}
	if c := s[i]; isDigit(c) || c == '+' || c == '(' {
		return number(s, i)
	}
	end = i + 1
	for end < len(s) && isAlnum(s[end]) {
		end++
	}
	return longDigits(s, i, end)
}

// longDigits masks a word with many digits in it, such as a customer number with a
// letter in front.
func longDigits(s string, from, to int) (int, string) {
	run := 0
	for i := from; i < to; i++ {
		if !isDigit(s[i]) {
			run = 0
			continue
		}
		if run++; run >= longRun {
			return to, "number"
		}
	}
	return to, ""
}

// longRun is how many digits in a row are taken for a number of somebody.
const longRun = 7

// number looks at digits with what people put between them.
func number(s string, i int) (end int, label string) {
	if end := dateEnd(s, i); end > 0 {
		return end, ""
	}
	digits, groups := 0, 1
	lead := s[i] == '+' || s[i] == '(' || s[i] == '0'
	end = i
	for j := i; j < len(s); j++ {
		c := s[j]
		if isDigit(c) {
			digits++
			end = j + 1
			continue
		}
		if !strings.ContainsRune(" -.()/+", rune(c)) || c == '+' && j > i || j-end > 2 {
			break
		}
		if j > i && isDigit(s[j-1]) {
			groups++
		}
	}
	if end == i {
		return i + 1, ""
	}
	one, _ := longDigits(s, i, i+digitsAt(s, i))
	switch {
	case digits >= 12 && luhn(s[i:end]):
		return end, "card"
	case digits >= 9 && groups > 1, digits >= longRun && lead:
		return end, "phone"
	case one-i >= longRun:
		return one, "number"
	}
	return max(i+1, i+digitsAt(s, i)), ""
}

// digitsAt counts the digits from i on.
func digitsAt(s string, i int) (n int) {
	for i+n < len(s) && isDigit(s[i+n]) {
		n++
	}
	return n
}

// dateEnd returns where a date such as 2026-11-24, 24.11.2026 or 11/24/2026 ends,
// or 0: dates are no numbers of somebody, and an audit needs them.
func dateEnd(s string, i int) int {
	a := digitsAt(s, i)
	if a == 0 || i+a >= len(s) {
		return 0
	}
	sep := s[i+a]
	j := i + a + 1
	if sep != '-' && sep != '.' && sep != '/' {
		return 0
	}
	b := digitsAt(s, j)
	if b < 1 || b > 2 || j+b >= len(s) || s[j+b] != sep {
		return 0
	}
	k := j + b + 1
	c := digitsAt(s, k)
	if a == 4 && (c == 1 || c == 2) || a <= 2 && c == 4 {
		return k + c
	}
	return 0
}

// luhn tells whether the digits of s carry the check digit of payment cards.
func luhn(s string) bool {
	sum, n := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if !isDigit(s[i]) {
			continue
		}
		d := int(s[i] - '0')
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n++
	}
	return n >= 12 && n <= 19 && sum%10 == 0
}

// ibanEnd returns where an IBAN that starts at i ends, or 0.
func ibanEnd(s string, i int) int {
	if i+4 > len(s) || !isUpper(s[i]) || !isUpper(s[i+1]) || !isDigit(s[i+2]) || !isDigit(s[i+3]) {
		return 0
	}
	n, end := 4, i+4
	for j := end; j < len(s) && n < 34; j++ {
		c := s[j]
		if isDigit(c) || isUpper(c) {
			n++
			end = j + 1
		} else if c != ' ' || j > end {
			break
		}
	}
	if n < 15 || end < len(s) && isAlnum(s[end]) {
		return 0
	}
	return end
}

// mailEnd returns where an e-mail address that starts at i ends, or 0. It looks no
// further than an address may be long (RFC 5321: 64 bytes, then 255).
func mailEnd(s string, i int) int {
	j := i
	for j < len(s) && j-i < 64 && (isAlnum(s[j]) || s[j] >= 0x80 || strings.IndexByte("._%+-'", s[j]) >= 0) {
		j++
	}
	if j == i || j >= len(s) || s[j] != '@' {
		return 0
	}
	end, dot := j+1, false
	for k := j + 1; k < len(s) && k-j < 256 && (isAlnum(s[k]) || s[k] >= 0x80 || s[k] == '.' || s[k] == '-'); k++ {
		if s[k] != '.' && s[k] != '-' {
			end = k + 1
			dot = dot || s[k-1] == '.'
		}
	}
	if !dot {
		return 0
	}
	return end
}

// secretPrefixes begin keys and tokens that people paste into prompts.
var secretPrefixes = []string{"sk-", "pk_", "rk_", "sk_", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "AKIA", "ASIA", "AIza", "eyJ", "hf_", "npm_"}

// secretEnd returns where a secret that starts at i ends, or 0.
func secretEnd(s string, i int) int {
	for _, p := range secretPrefixes {
		if s[i] != p[0] || !strings.HasPrefix(s[i:], p) {
			continue
		}
		end := i + len(p)
		for end < len(s) && (isAlnum(s[end]) || strings.IndexByte("-_.~+/=", s[end]) >= 0) {
			end++
		}
		for end > i && s[end-1] == '.' {
			end--
		}
		if end-i-len(p) >= 12 {
			return end
		}
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool {
	return isDigit(c) || isUpper(c) || c >= 'a' && c <= 'z'
}
