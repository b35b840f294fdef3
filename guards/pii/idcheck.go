package pii

// Check digits of national identity numbers. Each takes digits only, of the length
// its number has.

// weighted is the sum of digits times weights.
func weighted(d string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]-'0') * w
	}
	return sum
}

func num(d string) int {
	n := 0
	for i := range len(d) {
		n = n*10 + int(d[i]-'0')
	}
	return n
}

func last(d string) int { return int(d[len(d)-1] - '0') }

// mod97 is a number modulo 97, digit by digit.
func mod97(d string) int {
	n := 0
	for i := range len(d) {
		n = (n*10 + int(d[i]-'0')) % 97
	}
	return n
}

// iso7064 tells a check digit by ISO 7064 MOD 11,10.
func iso7064(d string) bool {
	p := 10
	for i := range len(d) - 1 {
		s := (int(d[i]-'0') + p) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return (11-p)%10 == last(d)
}

// Tables of the dihedral check (Verhoeff 1969).
var (
	dihedral = [10][10]uint8{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
		{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
		{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	permuted = [8][10]uint8{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

func verhoeff(d string) bool {
	c := uint8(0)
	for i := range len(d) {
		c = dihedral[c][permuted[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

// dateYMD tells whether six digits are a year of two digits, a month and a day.
func dateYMD(d string) bool {
	m, day := num(d[2:4]), num(d[4:6])
	return m >= 1 && m <= 12 && day >= 1 && day <= 31
}

// dateDMY is the same for a day, a month and a year.
func dateDMY(d string) bool {
	day, m := num(d[:2]), num(d[2:4])
	return m >= 1 && m <= 12 && day >= 1 && day <= 31
}

func ssn(d string) bool {
	return d[:3] != "000" && d[:3] != "666" && d[3:5] != "00" && d[5:] != "0000"
}

func nhs(d string) bool {
	r := 11 - weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return r%11 == last(d) && r != 10
}

func nir(d string) bool { // France
	month := num(d[3:5])
	return (d[0] == '1' || d[0] == '2') && (month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) &&
		97-mod97(d[:13]) == num(d[13:])
}

func steuerID(d string) bool { // Germany
	return d[0] != '0' && iso7064(d)
}

func bsn(d string) bool { // Netherlands
	return (weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)-last(d))%11 == 0 && d != "000000000"
}

func rijksregister(d string) bool { // Belgium
	check := num(d[9:])
	return (97-mod97(d[:9]) == check || 97-mod97("2"+d[:9]) == check) && num(d[2:4]) <= 12+40
}

func pesel(d string) bool { // Poland
	return (10-weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10 == last(d) && num(d[2:4])%20 >= 1 && num(d[2:4])%20 <= 12 && num(d[4:6]) >= 1 && num(d[4:6]) <= 31
}

func personnummer(d string) bool { // Sweden; the day is 60 more in a coordination number
	d = d[len(d)-10:]
	day := num(d[4:6]) % 60
	return luhn(d) && num(d[2:4]) >= 1 && num(d[2:4]) <= 12 && day >= 1 && day <= 31
}

func cpr(d string) bool { // Denmark: numbers since 2007 have no check digit
	return dateDMY(d)
}

func fodselsnummer(d string) bool { // Norway
	day, month := num(d[:2])%40, num(d[2:4])%40
	if day < 1 || day > 31 || month < 1 || month > 12 {
		return false
	}
	return weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

func ean13(d string) bool {
	return (10-weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10)%10 == last(d)
}

func ahv(d string) bool { return d[:3] == "756" && ean13(d) } // Switzerland

func svnr(d string) bool { // Austria
	return d[0] != '0' && weighted(d, 3, 7, 9, 0, 5, 8, 4, 2, 1, 6)%11 == int(d[3]-'0') && dateDMY(d[4:])
}

func nif(d string) bool { // Portugal
	r := 11 - weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)%11
	if r > 9 {
		r = 0
	}
	return r == last(d) && d[0] != '0'
}

func cpf(d string) bool { // Brazil
	if same(d) {
		return false
	}
	a := weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	b := weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return a == int(d[9]-'0') && b == int(d[10]-'0')
}

func same(d string) bool {
	for i := range len(d) {
		if d[i] != d[0] {
			return false
		}
	}
	return true
}

func aadhaar(d string) bool { return d[0] >= '2' && verhoeff(d) && !same(d) } // India

func rrn(d string) bool { // Korea
	return dateYMD(d) && (11-weighted(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10 == last(d)
}

func myNumber(d string) bool { // Japan
	r := weighted(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	if r <= 1 {
		return last(d) == 0
	}
	return 11-r == last(d)
}

func southAfrica(d string) bool { return dateYMD(d) && d[10] <= '2' && luhn(d) }

func tfn(d string) bool { return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !same(d) } // Australia

func turkey(d string) bool {
	odd := int(d[0]-'0') + int(d[2]-'0') + int(d[4]-'0') + int(d[6]-'0') + int(d[8]-'0')
	even := int(d[1]-'0') + int(d[3]-'0') + int(d[5]-'0') + int(d[7]-'0')
	ten := ((odd*7-even)%10 + 10) % 10
	return d[0] != '0' && ten == int(d[9]-'0') && (odd+even+ten)%10 == int(d[10]-'0')
}

func israel(d string) bool { // weights 1 and 2 from the left: Luhn of nine digits
	return luhn(d) && !same(d)
}

func cnp(d string) bool { // Romania
	r := weighted(d, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if r == 10 {
		r = 1
	}
	return d[0] != '0' && dateYMD(d[1:7]) && r == last(d)
}

func rodneCislo(d string) bool { // Czechia and Slovakia: women's months are 50 more, some 20 or 70
	month := num(d[2:4])
	for _, more := range []int{70, 50, 20} {
		if month > more {
			month -= more
			break
		}
	}
	day := num(d[4:6])
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && num(d[:9])%11%10 == last(d)
}

func egn(d string) bool { // Bulgaria
	month := num(d[2:4]) % 20
	return month >= 1 && month <= 12 && num(d[4:6]) >= 1 && num(d[4:6]) <= 31 && weighted(d, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == last(d)
}

func isikukood(d string) bool { // Estonia and Lithuania
	if d[0] < '1' || d[0] > '8' || !dateYMD(d[1:7]) {
		return false
	}
	r := weighted(d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1) % 11
	if r == 10 {
		r = weighted(d, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3) % 11 % 10
	}
	return r == last(d)
}

func amka(d string) bool { return dateDMY(d) && luhn(d) } // Greece

func thailand(d string) bool {
	return d[0] != '0' && (11-weighted(d, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == last(d)
}

// rut tells the check character of Chile: a digit or K.
func rut(body string, check byte) bool {
	sum, w := 0, 2
	for i := len(body) - 1; i >= 0; i-- {
		sum += int(body[i]-'0') * w
		if w++; w > 7 {
			w = 2
		}
	}
	switch r := 11 - sum%11; r {
	case 11:
		return check == '0'
	case 10:
		return check|0x20 == 'k'
	default:
		return check == byte('0'+r)
	}
}
