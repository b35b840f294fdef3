package pii

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// sure lists what a scan finds with a score of at least 0.5, as "category: text".
func sure(s *Scanner, text string) []string {
	var out []string
	for _, f := range s.Scan(text) {
		if f.Score >= 0.5 {
			out = append(out, f.Category+": "+text[f.Start:f.End])
		}
	}
	return out
}

func TestFinds(t *testing.T) {
	s := New()
	for text, want := range map[string]string{
		"Mail ann.lee+x@mail.example.org.":                   "email_address: ann.lee+x@mail.example.org",
		"mailto:ann@example.org?subject=x":                   "email_address: ann@example.org",
		"write to ann (at) example (dot) org":                "email_address: ann (at) example (dot) org",
		"write to ann[at]example.org":                        "email_address: ann[at]example.org",
		"ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ":                                    "email_address: ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ",
		"call (602) 272-9781 now":                            "phone_number: (602) 272-9781",
		"618-226-1460":                                       "phone_number: 618-226-1460",
		"+41 44 668 18 00":                                   "phone_number: +41 44 668 18 00",
		"+44 (0)20 7946 0958":                                "phone_number: +44 (0)20 7946 0958",
		"0049 30 901820":                                     "phone_number: 0049 30 901820",
		"my number is 020 7946 0958":                         "phone_number: 020 7946 0958",
		"Mobile: 432 03 163":                                 "phone_number: 432 03 163",
		"Phone: ٠٤٨٩ ٢٥ ٣٧ ٢٩":                               "phone_number: ٠٤٨٩ ٢٥ ٣٧ ٢٩",
		"card 4111 1111 1111 1111":                           "credit_card: 4111 1111 1111 1111",
		"pay with 374744544168082":                           "credit_card: 374744544168082",
		"4\u200b1111111\u200b11111111":                       "credit_card: 4\u200b1111111\u200b11111111",
		"this card: 676222165679":                            "credit_card: 676222165679",
		"IBAN GB82 WEST 1234 5698 7654 32.":                  "iban: GB82 WEST 1234 5698 7654 32",
		"gb82west12345698765432":                             "iban: gb82west12345698765432",
		"DE89-3704-0044-0532-0130-00":                        "iban: DE89-3704-0044-0532-0130-00",
		"from 165.165.185.178":                               "ip_address: 165.165.185.178",
		"6e40:4041:c617:e898:c11:40d2:c669:2eb4 is blocked":  "ip_address: 6e40:4041:c617:e898:c11:40d2:c669:2eb4",
		"she was born on 3 May 1980":                         "date_of_birth: 3 May 1980",
		"DOB: 03/05/1980":                                    "date_of_birth: 03/05/1980",
		"date of birth May 3rd, 1980":                        "date_of_birth: May 3rd, 1980",
		"geboren am 3. Mai 1980":                             "date_of_birth: 3. Mai 1980",
		"This 36 year old female":                            "age: 36",
		"I just turned 46":                                   "age: 46",
		"my passport number is C01X00T47":                    "passport: C01X00T47",
		"driver's license U62928788557186":                   "driver_license: U62928788557186",
		"account number 12345678":                            "bank_account: 12345678",
		"MRN: 00482913":                                      "medical_record: 00482913",
		"I was diagnosed with diabetes":                      "health: diabetes",
		"follow @ann_lee, please":                            "username: @ann_lee",
		"Dear Mr Halvorsen,":                                 "person: Halvorsen",
		"my name is petra novak":                             "person: petra novak",
		"I spoke with Petra Novak in your store.":            "person: Petra Novak",
		"Please send it to 25 Baker Street, London NW1 6XE.": "street_address: 25 Baker Street, London NW1 6XE",
		"Er wohnt in der Hauptstraße 12, 10115 Berlin":       "street_address: Hauptstraße 12, 10115 Berlin",
	} {
		if got := strings.Join(sure(s, text), " | "); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// One number of each country, made up to have right check digits.
func TestNationalNumbers(t *testing.T) {
	s := New()
	for text, number := range map[string]string{
		"SSN 536-90-4399": "536-90-4399", "my social security number is 536904399": "536904399",
		"SIN: 046 454 286": "046 454 286", "NHS number 943 476 5919": "943 476 5919", "NINO AB123456C": "AB123456C", "NI number AB 12 34 56 C": "AB 12 34 56 C",
		"NIR 1 85 05 78 006 084 91": "1 85 05 78 006 084 91", "Steuer-ID 86095742719": "86095742719",
		"DNI 12345678Z": "12345678Z", "NIE X1234567L": "X1234567L", "codice fiscale RSSMRA85T10A562S": "RSSMRA85T10A562S",
		"BSN 111222333": "111222333", "rijksregisternummer 85.07.30-033.28": "85.07.30-033.28", "PESEL 44051401359": "44051401359",
		"personnummer 811218-9876": "811218-9876", "CPR 070761-4285": "070761-4285", "hetu 131052-308T": "131052-308T",
		"AHV 756.9217.0769.85": "756.9217.0769.85", "NIF 123456789": "123456789", "CPF 529.982.247-25": "529.982.247-25",
		"Aadhaar 2341 2341 2346": "2341 2341 2346", "PAN ABCPE1234F": "ABCPE1234F", "身份证 11010519491231002X": "11010519491231002X",
		"TFN 123 456 782": "123 456 782", "TCKN 10000000146": "10000000146", "CNP 1800101221144": "1800101221144",
		"rodné číslo 780123/3540": "780123/3540", "EGN 7523169263": "7523169263", "isikukood 37605030299": "37605030299", "OIB 69435151530": "69435151530",
		"RUT 12.345.678-5": "12.345.678-5", "CURP HEGG560427MVZRRL04": "HEGG560427MVZRRL04", "NRIC S1234567D": "S1234567D", "HKID A123456(3)": "A123456(3)",
		"ID A123456789": "A123456789", "PPS 1234567T": "1234567T", "ID 8001015009087": "8001015009087", "fødselsnummer 01018010018": "01018010018",
	} {
		if got := sure(s, text); len(got) != 1 || got[0] != National+": "+number {
			t.Errorf("%q: found %q", text, got)
		}
	}
}

// Ordinary business text is nobody's data.
func TestOrdinaryTextHasNone(t *testing.T) {
	s := New()
	for _, text := range []string{
		"Order 48213 was shipped on 12 March 2026 and will arrive within 3 days.",
		"Invoice INV-2026-0042 for 1,250.00 EUR is due on 2026-04-01.",
		"Tracking number 1Z999AA10123456784, ticket 123-456-7890.",
		"Order 4539578763621486 is ready.",
		"Version 2.14.0 of the app; error 0x80070057; build 20260304.1.",
		"The plan costs $12.50 a month and includes 5 seats. Support answers within 24 hours.",
		"ISBN 978-3-16-148410-0, EAN 4006381333931, SKU 12345-678-90.",
		"Open 9:00-17:00, Monday to Friday. Call us today.",
		"The population grew from 1 234 567 to 1 345 678 in 10 years.",
		"Please Note: all prices include VAT. Terms and Conditions apply.",
		"The battery is 5 years old. The company is 30 years old.",
		"Chapter 3, Section 4.2, Table 12, Figure 7, page 128.",
		"Meeting Room 4 is free at 10:30 on 5 May.",
		"The server listens on 127.0.0.1:8080 and 10.0.0.12.",
		"The contract was signed on 3 May 1980 and ends on 2 May 2030.",
		"Asthma and diabetes are common conditions.",
		"Use @Override and @media queries; run npm i @scope/pkg.",
		"Timestamp 1700000000, id 550e8400-e29b-41d4-a716-446655440000.",
	} {
		if got := sure(s, text); len(got) > 0 {
			t.Errorf("%q: found %q", text, got)
		}
	}
}

// One MiB of the worst is read, in bounded time, and spans lie in the text.
func TestLongTexts(t *testing.T) {
	s := New()
	for name, part := range map[string]string{
		"digits": "1234567890", "groups": "12 34-56.78 ", "at": "a@", "cards": "4111111111111111 ", "names": "Petra Novak ", "brackets": "[at](at)", "colons": "1:2:",
		"zero width": "4\u200b", "dots": "1.1.", "letters": "é", "streets": "12 Baker Street ", "broken": "\xff1",
	} {
		text := strings.Repeat(part, 1<<20/len(part))
		end := 0
		for _, f := range s.Scan(text) {
			if f.Start < end || f.End <= f.Start || f.End > len(text) {
				t.Fatalf("%s: span %+v behind %d", name, f, end)
			}
			end = f.End
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		"Mail ann@example.org, card 4111 1111 1111 1111", "４１１１\u200b１１", "A123456(7) 12.345.678-5 131052-308T", "ann (at) example (dot) org", "::1 1.2.3.4 6e40::",
		"Dr. Petra Novak, 25 Baker Street\nLondon", "GB82 WEST 1234 5698 7654 32", "born 3rd of May, 1980", "\xff\xfe@\x80.\xc3", "+41 (0)44 668-18-00", "раураl@mail.com",
	} {
		f.Add(seed)
	}
	s := New()
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, found := range s.Scan(text) {
			if found.Start < end || found.End <= found.Start || found.End > len(text) || found.Score < 0 || found.Score > 1 {
				t.Fatalf("%q: span %+v behind %d", text, found, end)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[found.Start:found.End]) {
				t.Fatalf("%q: the span %+v cuts a character", text, found)
			}
			end = found.End
		}
	})
}
