package app

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Secret is a key that no log, error or dump shows. Only Reveal gives it away.
type Secret struct{ value string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal is the value itself, for the one place that sends or compares it.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return "[secret]" }

// Format hides the value from every verb, %#v and %d included.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText hides the value from JSON, YAML and slog.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the value as it stands.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

// Duration is a time span written as 500ms, 2s or 1m30s.
type Duration time.Duration

// String writes the span as it is read.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the span as it is read.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration, such as 500ms, 2s or 1m30s", text)
	}
	*d = Duration(v)
	return nil
}

// Size is a number of bytes written as 512KiB, 4MiB, 1GiB or a plain number.
type Size int64

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range []int{2, 1, 0} {
		if unit := Size(sizeUnits[u].bytes); s >= unit && s%unit == 0 {
			return fmt.Sprintf("%d%s", s/unit, sizeUnits[u].suffix)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText writes the size as it is read.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a whole number and a unit.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for _, u := range sizeUnits {
		if n, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("%q is not a size, such as 512KiB, 4MiB or a number of bytes", text)
	}
	*s = Size(n * unit)
	return nil
}
