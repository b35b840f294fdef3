package pii

import (
	"slices"
	"strings"
)

// code looks at a run of letters and digits and returns where to go on.
func (s *scan) code(i int) int {
	t := &s.tokens[i]
	if n := s.network(i); n > 0 {
		return n
	}
	if n := s.iban(i); n > 0 {
		return n
	}
	if n := s.ordinalDate(i); n > 0 {
		return n
	}
	if t.end-t.start > 24 {
		return i + 1
	}
	if n := s.lettered(i); n > 0 {
		return n
	}
	if s.before(i)&tellsID != 0 {
		s.labelled(i, i+1, int(t.end-t.start))
	}
	s.houseNumber(i)
	return i + 1
}

// ibanLengths are those of the IBAN registry (ISO 13616), by country.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24,
	"DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
	"HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
	"LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
	"QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
	"VA": 22, "VG": 24, "XK": 20,
}

// iban finds an account number that begins with token i, in one piece or in groups
// of four. It returns where to go on, or 0.
func (s *scan) iban(i int) int {
	start := int(s.tokens[i].start)
	head := s.of(i)
	if len(head) < 4 || !isLetter(head[0]) || !isLetter(head[1]) || !isDigit(head[2]) || !isDigit(head[3]) {
		return 0
	}
	length := ibanLengths[strings.ToUpper(head[:2])]
	if length == 0 || len(head) > length {
		return 0
	}
	var b strings.Builder
	k := i
	for ; k < len(s.tokens) && b.Len() < length; k++ {
		t := &s.tokens[k]
		if k > i && t.gap == newline {
			return 0
		}
		if t.kind == mark {
			if s.text[t.start] == '-' && t.gap == glued {
				continue
			}
			return 0
		}
		if k > i && b.Len()%4 != 0 && t.gap != glued {
			return 0
		}
		b.WriteString(s.of(k))
	}
	text := strings.ToUpper(b.String())
	if len(text) != length || firstHigh(text) < len(text) {
		return 0
	}
	score, why := 0.99, "An account number (IBAN) with right check digits."
	if !ibanCheck(text) {
		if s.near(i, k, func(w string) bool { return strings.EqualFold(w, "iban") }) {
			score, why = 0.7, "It is called an IBAN and has the form of one; its check digits are wrong."
		} else {
			return 0
		}
	}
	s.add(start, int(s.tokens[k-1].end), IBAN, score, why)
	return k
}

func isLetter(c byte) bool { return isUpper(c) || isLower(c) }

// ibanCheck is the check of ISO 7064 MOD 97-10.
func ibanCheck(text string) bool {
	n := 0
	for _, c := range []byte(text[4:] + text[:4]) {
		switch {
		case isDigit(c):
			n = (n*10 + int(c-'0')) % 97
		default:
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n == 1
}

// lettered finds identity numbers that hold letters. It returns where to go on, or 0.
func (s *scan) lettered(i int) int {
	w := strings.ToUpper(s.of(i))
	to, name, score := i+1, "", 0.9
	switch {
	case len(w) == 9 && digits(w[:8]) && isLetter(w[8]) && "TRWAGMYFPDXBNJZSQVHLCKE"[num(w[:8])%23] == w[8]:
		name, score = "Spanish DNI", 0.8
	case len(w) == 9 && strings.IndexByte("XYZ", w[0]) >= 0 && digits(w[1:8]) && isLetter(w[8]) && "TRWAGMYFPDXBNJZSQVHLCKE"[(int(w[0]-'X')*10000000+num(w[1:8]))%23] == w[8]:
		name, score = "Spanish NIE", 0.85
	case len(w) == 16 && codiceFiscale(w):
		name = "Italian codice fiscale"
	case len(w) == 9 && nino(w):
		name = "UK national insurance number"
	case len(w) == 10 && letters(w[:5]) && digits(w[5:9]) && isLetter(w[9]) && strings.IndexByte("PCHFATBLJG", w[3]) >= 0:
		name, score = "Indian PAN", 0.8
	case len(w) == 18 && digits(w[:17]) && w[17] == 'X' && chinaCheck(w[:17], 'X'):
		name = "Chinese resident identity number"
	case len(w) == 18 && curp(w):
		name = "Mexican CURP"
	case len(w) == 9 && nric(w):
		name, score = "Singapore NRIC", 0.85
	case len(w) == 10 && isLetter(w[0]) && (w[1] == '1' || w[1] == '2') && digits(w[2:]) && taiwan(w):
		name, score = "Taiwanese identity number", 0.8
	case len(w) == 7 && isLetter(w[0]) && digits(w[1:]):
		if to = s.hongKong(i, w); to == 0 {
			return 0
		}
		name = "Hong Kong identity card number"
	case (len(w) == 8 || len(w) == 9) && digits(w[:7]) && letters(w[7:]) && pps(w):
		name, score = "Irish PPS number", 0.45
		if s.near(i, i+1, func(w string) bool { return strings.EqualFold(w, "pps") || strings.EqualFold(w, "ppsn") }) {
			score = 0.95
		}
	default:
		return 0
	}
	if told := s.around(i, to); told&tellsID != 0 {
		score = max(score, 0.95)
	} else if told&tellsNegative != 0 {
		score -= 0.4
	}
	s.add(int(s.tokens[i].start), int(s.tokens[to-1].end), National, score, "It has the form and check characters of a "+name+".")
	return to
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func letters(s string) bool {
	for i := range len(s) {
		if !isUpper(s[i]) {
			return false
		}
	}
	return true
}

// nino tells the form of a UK national insurance number: there is no check digit.
func nino(w string) bool {
	return letters(w[:2]) && digits(w[2:8]) && w[8] >= 'A' && w[8] <= 'D' && strings.IndexByte("DFIQUV", w[0]) < 0 && strings.IndexByte("DFIOQUV", w[1]) < 0 &&
		!slices.Contains([]string{"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}, w[:2])
}

// codiceFiscale tells the form and check letter of an Italian tax code.
func codiceFiscale(w string) bool {
	if !letters(w[:6]) || !isLetter(w[8]) || strings.IndexByte("ABCDEHLMPRST", w[8]) < 0 || !isLetter(w[11]) || !isLetter(w[15]) {
		return false
	}
	odd := [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i := range 15 {
		v := int(w[i] - '0')
		if isLetter(w[i]) {
			v = int(w[i] - 'A')
		} else if !isDigit(w[i]) {
			return false
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return byte('A'+sum%26) == w[15]
}

// curp tells the form and check digit of a Mexican CURP.
func curp(w string) bool {
	if !letters(w[:4]) || !digits(w[4:10]) || !dateYMD(w[4:10]) || strings.IndexByte("HMX", w[10]) < 0 || !letters(w[11:16]) || !isDigit(w[17]) {
		return false
	}
	sum := 0
	for i := range 17 {
		v := strings.IndexByte("0123456789ABCDEFGHIJKLMN.OPQRSTUVWXYZ", w[i]) // N is 23, O is 25: between them stands Ñ
		sum += v * (18 - i)
	}
	return (10-sum%10)%10 == int(w[17]-'0')
}

// nric tells the check letter of a Singapore NRIC or FIN.
func nric(w string) bool {
	if !digits(w[1:8]) || !isLetter(w[8]) {
		return false
	}
	sum := weighted(w[1:8], 2, 7, 6, 5, 4, 3, 2)
	switch w[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == w[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == w[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == w[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == w[8]
	case 'M':
		return "KLJNPQRTUWX"[10-(sum+3)%11] == w[8]
	}
	return false
}

// taiwan tells the check digit of a Taiwanese identity number.
func taiwan(w string) bool {
	v := 10 + strings.IndexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", w[0])
	sum := v/10 + v%10*9
	for i := 1; i < 9; i++ {
		sum += int(w[i]-'0') * (9 - i)
	}
	return (sum+int(w[9]-'0'))%10 == 0
}

// hongKong finds the check digit in brackets that a Hong Kong identity card number
// ends in. It returns where to go on, or 0.
func (s *scan) hongKong(i int, w string) int {
	if i+3 >= len(s.tokens) || s.of(i+1) != "(" || s.of(i+3) != ")" || len(s.of(i+2)) != 1 {
		return 0
	}
	sum := 36*9 + int(w[0]-'A'+10)*8
	for k := 1; k < 7; k++ {
		sum += int(w[k]-'0') * (8 - k)
	}
	want := byte('0' + (11-sum%11)%11)
	if want == '0'+10 {
		want = 'A'
	}
	if upper(s.of(i + 2)[0]) != want {
		return 0
	}
	return i + 4
}

// pps tells the check letter of an Irish PPS number.
func pps(w string) bool {
	sum := weighted(w[:7], 8, 7, 6, 5, 4, 3, 2)
	if len(w) == 9 && w[8] != 'W' {
		sum += int(w[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == w[7]
}

// spread finds identity numbers with letters that are written in several parts: the
// Finnish 131052-308T, the Chilean 12.345.678-K, the British AB 12 34 56 C. It returns
// where to go on, or 0.
func (s *scan) spread(i int) int {
	part := func(k int, joint string) string { // the text of token k if it follows on joint
		if k >= len(s.tokens) || s.tokens[k].gap == newline {
			return ""
		}
		if s.text[s.tokens[k-1].end:s.tokens[k].start] != joint {
			return ""
		}
		return s.of(k)
	}
	w := s.of(i)
	end, name := 0, ""
	switch {
	case len(w) == 6 && digits(w) && dateDMY(w) && strings.IndexByte("-+A", sign(part(i+1, ""))) >= 0:
		rest := part(i+2, "")
		if len(rest) == 4 && digits(rest[:3]) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[num(w+rest[:3])%31] == upper(rest[3]) {
			end, name = i+3, "Finnish personal identity code"
		}
	case len(w) <= 2 && digits(w) && part(i+1, "") == "." && part(i+3, "") == "." && part(i+5, "") == "-":
		a, b, k := part(i+2, ""), part(i+4, ""), part(i+6, "")
		if len(a) == 3 && len(b) == 3 && digits(a+b) && len(k) == 1 && rut(w+a+b, k[0]) {
			end, name = i+7, "Chilean RUT"
		}
	case len(w) == 8 && digits(w):
		if k := part(i+2, ""); part(i+1, "") == "-" && len(k) == 1 && "TRWAGMYFPDXBNJZSQVHLCKE"[num(w)%23] == upper(k[0]) {
			end, name = i+3, "Spanish DNI"
		}
	case len(w) == 2 && isLetter(w[0]) && isLetter(w[1]):
		a, b, c, d := part(i+1, " "), part(i+2, " "), part(i+3, " "), part(i+4, " ")
		if all := strings.ToUpper(w + a + b + c + d); len(a) == 2 && len(b) == 2 && len(c) == 2 && len(d) == 1 && nino(all) {
			end, name = i+5, "UK national insurance number"
		}
	}
	if end == 0 {
		return 0
	}
	s.add(int(s.tokens[i].start), int(s.tokens[end-1].end), National, 0.93, "It has the form and check characters of a "+name+".")
	return end
}

func upper(c byte) byte {
	if isLower(c) {
		return c - 'a' + 'A'
	}
	return c
}

// sign is the one character of s, or 0.
func sign(s string) byte {
	if len(s) != 1 {
		return 0
	}
	return s[0]
}
