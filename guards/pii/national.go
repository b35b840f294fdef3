package pii

import (
	"slices"
	"strings"
)

// identity is a kind of national identity number made of digits.
type identity struct {
	name   string
	digits int
	check  func(d string) bool
	shapes []string // in which it is written; those alone tell it with alone
	alone  float64  // score by form and check digit, without a word that names it; 0: such a word is needed
	plain  float64  // the same for digits without anything between them
	words  []string // that name it
}

// identities are the kinds known. A check digit alone lets one number in ten pass, so
// most need a form that nothing else has, or a word.
var identities = []identity{
	{"US social security number", 9, ssn, []string{"3-2-4", "3 2 4"}, 0.85, 0, []string{"ssn", "social", "security", "itin", "tin", "taxpayer"}},
	{"Canadian social insurance number", 9, luhn, []string{"3-3-3", "3 3 3"}, 0, 0, []string{"sin", "insurance", "nas"}},
	{"UK NHS number", 10, nhs, []string{"3 3 4", "3-3-4"}, 0, 0, []string{"nhs"}},
	{"French NIR", 15, nir, []string{"1 2 2 2 3 3 2", "d 2"}, 0.9, 0.75, []string{"nir", "insee", "sécurité", "securite", "sociale", "vitale"}},
	{"German tax identification number", 11, steuerID, []string{"2 3 3 3"}, 0.6, 0, []string{"steuer", "steuerid", "steueridentifikationsnummer", "identifikationsnummer", "idnr", "tax", "tin"}},
	{"Dutch BSN", 9, bsn, []string{"3-3-3", "4.2.3", "3 3 3"}, 0, 0, []string{"bsn", "burgerservicenummer", "sofinummer", "citizen"}},
	{"Belgian national register number", 11, rijksregister, []string{"2.2.2-3.2", "6-3-2", "2.2.2-3-2"}, 0.9, 0, []string{"rijksregisternummer", "niss", "insz", "registre", "national"}},
	{"Polish PESEL", 11, pesel, nil, 0, 0, []string{"pesel"}},
	{"Swedish personal number", 10, personnummer, []string{"6-4"}, 0.8, 0, []string{"personnummer", "personal", "samordningsnummer"}},
	{"Swedish personal number", 12, personnummer, []string{"8-4"}, 0.9, 0, []string{"personnummer", "personal", "samordningsnummer"}},
	{"Danish CPR number", 10, cpr, []string{"6-4"}, 0, 0, []string{"cpr", "cprnummer", "personnummer"}},
	{"Norwegian birth number", 11, fodselsnummer, []string{"6 5", "6-5"}, 0.9, 0.7, []string{"fødselsnummer", "fodselsnummer", "personnummer", "national"}},
	{"Swiss AHV number", 13, ahv, []string{"3.4.4.2", "3 4 4 2"}, 0.97, 0.8, []string{"ahv", "avs", "ahvn13"}},
	{"Austrian social insurance number", 10, svnr, []string{"4 6", "4-6"}, 0.8, 0, []string{"svnr", "sv", "sozialversicherungsnummer"}},
	{"Portuguese NIF", 9, nif, []string{"3 3 3"}, 0, 0, []string{"nif", "contribuinte"}},
	{"Brazilian CPF", 11, cpf, []string{"3.3.3-2", "3.3.3/2", "9-2"}, 0.97, 0, []string{"cpf"}},
	{"Indian Aadhaar number", 12, aadhaar, []string{"4 4 4", "4-4-4"}, 0.6, 0, []string{"aadhaar", "aadhar", "uidai", "uid"}},
	{"Korean resident registration number", 13, rrn, []string{"6-7"}, 0.9, 0, []string{"rrn", "resident"}},
	{"Japanese individual number", 12, myNumber, []string{"4 4 4", "4-4-4"}, 0, 0, []string{"mynumber", "individual"}},
	{"South African identity number", 13, southAfrica, []string{"6 4 3", "6 4 2 1"}, 0.8, 0.6, []string{"id", "identity"}},
	{"Australian tax file number", 9, tfn, []string{"3 3 3"}, 0, 0, []string{"tfn", "tax"}},
	{"Turkish identity number", 11, turkey, nil, 0, 0, []string{"tckn", "tc", "kimlik"}},
	{"Israeli identity number", 9, israel, []string{"8-1"}, 0, 0, []string{"teudat", "zehut", "israeli"}},
	{"Romanian CNP", 13, cnp, nil, 0, 0.6, []string{"cnp"}},
	{"Czech or Slovak birth number", 10, rodneCislo, []string{"6/4"}, 0.95, 0, []string{"rodné", "rodne", "číslo", "cislo"}},
	{"Bulgarian EGN", 10, egn, nil, 0, 0, []string{"egn", "егн"}},
	{"Estonian or Lithuanian personal code", 11, isikukood, nil, 0, 0, []string{"isikukood", "asmens", "kodas", "personal"}},
	{"Croatian OIB", 11, iso7064, nil, 0, 0, []string{"oib"}},
	{"Greek AMKA", 11, amka, nil, 0, 0, []string{"amka"}},
	{"Thai identity number", 13, thailand, []string{"1-4-5-2-1", "1 4 5 2 1"}, 0.95, 0, []string{"thai", "identity"}},
	{"Chinese resident identity number", 18, china, nil, 0, 0.95, []string{"resident", "identity"}},
}

// national tells numbers by which a state knows a person.
func (c *candidate) national() bool {
	n := len(c.digits)
	if n < 8 || n > 18 || c.plus {
		return false
	}
	var best *identity
	score := 0.0
	for i := range identities {
		id := &identities[i]
		if id.digits != n || len(c.groups) > 1 && !slices.Contains(id.shapes, c.shape) || !id.check(c.digits) {
			continue
		}
		s := id.plain
		if len(c.groups) > 1 {
			s = id.alone
		}
		switch {
		case c.named(id.words):
			s = 0.97
		case c.told&tellsNegative != 0 || c.told&tellsPhone != 0 && s < 0.9:
			s = 0
		}
		if s > score {
			best, score = id, s
		}
	}
	// Wherever the check digit is wrong but the words are plain, the number was mistyped.
	if best == nil && n == 9 && len(c.groups) != 2 && c.named([]string{"ssn"}) {
		return c.find(National, 0.7, "A number that is called a US social security number.")
	}
	if best == nil {
		return false
	}
	return c.find(National, score, "It has the form and check digits of a "+best.name+".")
}

// named tells whether one of the words stands near.
func (c *candidate) named(words []string) bool {
	return c.told&tellsID != 0 && c.s.near(c.from, c.to, func(w string) bool {
		return slices.Contains(words, strings.ToLower(w))
	})
}

// china tells the eighteen digits of a resident identity number (GB 11643).
func china(d string) bool { return chinaCheck(d[:17], d[17]) }

func chinaCheck(d string, check byte) bool {
	year, month, day := num(d[6:10]), num(d[10:12]), num(d[12:14])
	if year < 1900 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	sum := weighted(d, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	return "10X98765432"[sum%11] == upper(check)
}

// labels are words that name numbers which have no form of their own.
var labels = []struct {
	words    []string
	category string
	least    int // characters
	why      string
}{
	{[]string{"passport", "pasaporte", "passeport", "reisepass", "passaporto", "paspoort"}, Passport, 6, "A number that is called a passport's."},
	{[]string{"license", "licence", "licencia", "driver", "drivers", "driving", "führerschein", "permis", "patente"}, License, 5, "A number that is called a driver's licence."},
	{[]string{"mrn", "medical", "patient", "health"}, Medical, 5, "A number that is called a medical record's."},
	{[]string{"account", "acct", "konto", "routing", "sort"}, Account, 6, "A number that is called a bank account's."},
}

// fillers may stand between such a word and the number.
var fillers = []string{"number", "numbers", "no", "nr", "num", "id", "is", "the", "code", "record", "licence", "license", "bank", "#", "was", "card", "my", "s"}

// labelled tells numbers by the words right before them.
func (c *candidate) labelled() bool {
	if c.told&tellsID == 0 || c.plus || c.looksDated() {
		return false
	}
	return c.s.labelled(c.from, c.to, len(c.digits))
}

func (s *scan) labelled(from, to, size int) bool {
	for i := from - 1; i >= 0 && from-i < 9; i-- {
		t := &s.tokens[i]
		if t.kind == mark {
			if b := s.text[t.start]; b == '.' || b == ',' || b == ';' || b == '?' || b == '!' {
				return false
			}
			continue
		}
		w := strings.ToLower(s.of(i))
		for _, l := range labels {
			if !slices.Contains(l.words, w) {
				continue
			}
			if size < l.least || l.category == Account && size > 17 {
				return false
			}
			if l.category == Medical && w != "mrn" && !(i+1 < from && slices.Contains([]string{"record", "id", "number", "no"}, strings.ToLower(s.of(i+1)))) {
				return false
			}
			s.add(int(s.tokens[from].start), int(s.tokens[to-1].end), l.category, 0.8, l.why)
			return true
		}
		if !slices.Contains(fillers, w) {
			return false
		}
	}
	return false
}
