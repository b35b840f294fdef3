package guards

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	mostEncoded = 4       // encoded stretches of one window that are read
	encodedSize = 4 << 10 // bytes of one, decoded
)

var (
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}={0,2}`)
	hexRun    = regexp.MustCompile(`(?:[0-9a-fA-F]{2}[ :]?){12,}`)
	urlRun    = regexp.MustCompile(`(?:%[0-9a-fA-F]{2}[A-Za-z]*){6,}`)
)

// decodings gives the texts that are encoded in a text: base64, hexadecimal, per cent.
// Only what decodes to words counts.
func decodings(text string) []string {
	var out []string
	keep := func(b []byte, err error) {
		if err == nil && len(out) < mostEncoded {
			if len(b) > encodedSize {
				b = b[:encodedSize]
			}
			if isWords(b) {
				out = append(out, string(b))
			}
		}
	}
	if len(text) < 16 {
		return nil
	}
	for _, run := range base64Run.FindAllString(text, 2*mostEncoded) {
		run = strings.TrimRight(run, "=")
		if strings.ContainsAny(run, "-_") {
			keep(base64.RawURLEncoding.DecodeString(run))
		} else {
			keep(base64.RawStdEncoding.DecodeString(run))
		}
	}
	for _, run := range hexRun.FindAllString(text, mostEncoded) {
		keep(hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(run)))
	}
	for _, run := range urlRun.FindAllString(text, mostEncoded) {
		plain, err := url.QueryUnescape(run)
		keep([]byte(plain), err)
	}
	return out
}

// isWords says whether decoded bytes are a text of several words.
func isWords(b []byte) bool {
	if len(b) < 8 || !utf8.Valid(b) {
		return false
	}
	letters, spaces := 0, 0
	for _, c := range b {
		switch {
		case isLatin(c):
			letters++
		case c == ' ' || c == '\n':
			spaces++
		case c < ' ' && c != '\t' && c != '\r':
			return false
		}
	}
	return spaces > 0 && letters*10 >= len(b)*6
}
