package pii

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// nationalRegions are where a number that begins with its trunk 0 is looked up, and
// those where numbers have none.
var nationalRegions = []string{
	"GB", "DE", "FR", "IT", "NL", "BE", "CH", "AT", "SE", "FI", "IE", "AU", "NZ", "IN", "JP", "KR", "ZA", "HR", "RO", "BG", "TR", "IL", "BR", "SI", "SK", "UA",
}

// phone tells telephone numbers: international ones, those of a national form, and
// what the words around call one.
func (c *candidate) phone() bool {
	n := len(c.digits)
	c.extension()
	if n < 6 || n > 15 || strings.Count(c.text, "(") != strings.Count(c.text, ")") {
		return false
	}
	called := c.told&tellsPhone != 0 && c.label() != tellsNegative
	negative := !called && c.told&tellsNegative != 0
	switch {
	case c.plus || strings.HasPrefix(c.digits, "00") && n >= 10 && (called || len(c.groups) > 1):
		number := "+" + strings.TrimPrefix(strings.Replace(c.digits, "(0)", "", 1), "00")
		if c.plus {
			number = "+" + strings.ReplaceAll(strings.ReplaceAll(c.text[strings.IndexByte(c.text, '+')+1:], "(0)", ""), ")", "")
		}
		p, err := phonenumbers.Parse(number, "ZZ")
		switch {
		case err == nil && phonenumbers.IsValidNumber(p):
			return c.find(Phone, 0.97, "A telephone number with its country code.")
		case n >= 8 && !negative:
			return c.find(Phone, 0.8, "A number written as an international telephone number.")
		}
		return false
	case c.american():
		return true
	case called && (n >= 7 || len(c.groups) > 1) && !c.looksDated():
		return c.find(Phone, 0.85, "A number that the words around it call a telephone number.")
	case c.digits[0] == '0' && len(c.groups) > 1 && n >= 9 && n <= 11 && c.even() && !c.looksDated():
		for _, region := range nationalRegions {
			p, err := phonenumbers.Parse(c.digits, region)
			if err == nil && phonenumbers.IsValidNumberForRegion(p, region) {
				if negative {
					return false
				}
				return c.find(Phone, 0.8, "A number of the form of a national telephone number.")
			}
		}
	}
	return false
}

// extension takes what is dialled behind a number with it: "ext. 42".
func (c *candidate) extension() {
	s := c.s
	k := c.to
	if k+1 >= len(s.tokens) || s.tokens[k].gap != blank {
		return
	}
	switch strings.ToLower(s.of(k)) {
	case "ext", "extension", "x", "durchwahl":
		if k++; s.of(k) == "." {
			k++
		}
		if k < len(s.tokens) && s.tokens[k].kind == number && len(s.of(k)) <= 6 && s.tokens[k].gap != newline {
			c.to = k + 1
		}
	}
}

// american tells numbers of the North American plan by their form.
func (c *candidate) american() bool {
	d := c.digits
	switch c.shape {
	case "3-3-4", "3.3.4", "3 3 4", "(3) 3-4", "(3)3-4", "(3) 3 4", "(3)3 4", "(3) 3.4", "(3)-3-4", "3 3-4", "3/3-4":
	case "1-3-3-4", "1.3.3.4", "1 3 3 4", "1 (3) 3-4", "1(3)3-4", "1-(3)-3-4", "1 3-3-4":
		if d[0] != '1' {
			return false
		}
		d = d[1:]
	default:
		return false
	}
	if d[0] < '2' && c.told&tellsPhone == 0 {
		return false
	}
	if c.told&tellsNegative != 0 && c.told&tellsPhone == 0 && !strings.Contains(c.shape, "(") {
		return c.find(Phone, 0.4, "It has the form of a telephone number, but is called something else.")
	}
	if p, err := phonenumbers.Parse(d, "US"); err == nil && phonenumbers.IsValidNumber(p) {
		return c.find(Phone, 0.93, "A telephone number of the North American plan.")
	}
	if strings.Contains(c.shape, " ") && !strings.Contains(c.shape, "(") && c.told&tellsPhone == 0 {
		return false // thousands are grouped by blanks too
	}
	return c.find(Phone, 0.8, "A number of the form of a telephone number of the North American plan.")
}

// even tells groups that are set apart in one way.
func (c *candidate) even() bool {
	seps := map[string]bool{}
	s := c.s
	for i := 1; i < len(c.groups); i++ {
		seps[s.text[s.tokens[c.groups[i-1]].end:s.tokens[c.groups[i]].start]] = true
	}
	return len(seps) <= 2 && !seps[" - "] && !seps[" / "]
}

// looksDated tells what is a date or a time rather than a number of somebody.
func (c *candidate) looksDated() bool {
	switch c.shape {
	case "4-2-2", "2-2-4", "2.2.4", "2/2/4", "4/2/2", "4.2.2", "1/2/4", "2/1/4", "4-4", "4/4":
		return true
	}
	return false
}

// label is what the nearest word that labels numbers, before the candidate, tells.
func (c *candidate) label() tells {
	s := c.s
	const labels = tellsPhone | tellsCard | tellsID | tellsNegative | tellsBirth
	for k, i := 0, c.from-1; i >= 0 && k < reach; i-- {
		if s.tokens[i].kind == mark {
			continue
		}
		if told := s.tokens[i].tells & labels; told != 0 {
			for _, one := range []tells{tellsPhone, tellsCard, tellsID, tellsBirth, tellsNegative} {
				if told&one != 0 {
					return one
				}
			}
		}
		k++
	}
	return 0
}
