package guards

import (
	"strings"
	"testing"
)

// cuts are answers and their claims, in which "¦" stands between two.
var cuts = []struct{ name, answer, want string }{
	{"two sentences", "The fee is $5. It is due on Monday.", "The fee is $5.¦It is due on Monday."},
	{"no full stop", "The fee is $5", "The fee is $5"},
	{"question and exclamation", "Really? Sure! Then go.", "Really?¦Sure!¦Then go."},
	{"mixed marks", "What?! The fee is $5.", "What?!¦The fee is $5."},
	{"small letter after a mark", "Yahoo! is a company. It is old.", "Yahoo! is a company.¦It is old."},

	{"title", "Dr. Smith met Mr. Jones. They spoke.", "Dr. Smith met Mr. Jones.¦They spoke."},
	{"e.g. and i.e.", "Use a card, e.g. Visa, i.e. Not cash. Then pay.", "Use a card, e.g. Visa, i.e. Not cash.¦Then pay."},
	{"vs.", "It is Acme vs. Zenith. The case is open.", "It is Acme vs. Zenith.¦The case is open."},
	{"number of", "See No. 5 and Fig. 3. Both are red.", "See No. 5 and Fig. 3.¦Both are red."},
	{"no as a word", "He said no. Then he left.", "He said no.¦Then he left."},
	{"company", "Acme Inc. reported sales. Acme Inc. Chairman Jo Hall left.", "Acme Inc. reported sales.¦Acme Inc. Chairman Jo Hall left."},
	{"company at the end", "It was bought by Acme Inc. The price is secret.", "It was bought by Acme Inc.¦The price is secret."},
	{"country", "The U.S. Senate voted. He lives in the U.S. He works there.", "The U.S. Senate voted.¦He lives in the U.S.¦He works there."},
	{"approx.", "It takes approx. 30 days. Wait.", "It takes approx. 30 days.¦Wait."},
	{"months", "It opens on Jan. 5. It closes in Dec. The date may change.", "It opens on Jan. 5.¦It closes in Dec.¦The date may change."},
	{"time of day", "Open from 9 a.m. to 5 p.m. Children pay half.", "Open from 9 a.m. to 5 p.m.¦Children pay half."},
	{"time and day", "It starts at 9 p.m. Monday. It ends late.", "It starts at 9 p.m. Monday.¦It ends late."},
	{"time and zone", "The call is at 9 a.m. EST. Join early.", "The call is at 9 a.m. EST.¦Join early."},
	{"etc.", "Bring a pen, paper, etc. Tests are long.", "Bring a pen, paper, etc.¦Tests are long."},
	{"etc. within", "Pens, paper, etc. are provided. Thanks.", "Pens, paper, etc. are provided.¦Thanks."},
	{"initials", "J. K. Rowling wrote it. J.R.R. Tolkien did not.", "J. K. Rowling wrote it.¦J.R.R. Tolkien did not."},
	{"initial at the start", "It was agreed. P. Lund signed.", "It was agreed.¦P. Lund signed."},
	{"single letter at the end", "You need vitamin C. It helps.", "You need vitamin C.¦It helps."},
	{"degree", "She holds a Ph.D. from MIT. He does not.", "She holds a Ph.D. from MIT.¦He does not."},
	{"saint and street", "St. John lives on Main St. The house is red.", "St. John lives on Main St.¦The house is red."},
	{"roman numeral", "See Art. IV for this. It is short.", "See Art. IV for this.¦It is short."},
	{"abbreviation in brackets", "It is cheap (approx. 5 euros, incl. VAT). Buy it.", "It is cheap (approx. 5 euros, incl. VAT).¦Buy it."},
	{"sun is a word", "We sat in the sun. 5 people came.", "We sat in the sun.¦5 people came."},

	{"decimals", "It costs 3.5 euros. Version v2.1.0 is out.", "It costs 3.5 euros.¦Version v2.1.0 is out."},
	{"sentence starts with a figure", "The fee is $5. 30 days are allowed.", "The fee is $5.¦30 days are allowed."},
	{"sentence starts with money", "There are two plans. $5 is the price.", "There are two plans.¦$5 is the price."},
	{"ends with a year", "It was in 1999. Then it closed.", "It was in 1999.¦Then it closed."},
	{"thousands", "It costs 1.234,50 EUR. That is a lot.", "It costs 1.234,50 EUR.¦That is a lot."},
	{"IP address", "Use 192.168.0.1. Then log in.", "Use 192.168.0.1.¦Then log in."},
	{"URL", "See https://a.com/x.html?q=1. Then call.", "See https://a.com/x.html?q=1.¦Then call."},
	{"URL with a question mark inside", "See a.com/?Q=Foo!Bar for more. Bye.", "See a.com/?Q=Foo!Bar for more.¦Bye."},
	{"e-mail", "Write to j.doe@acme.co.uk. We answer.", "Write to j.doe@acme.co.uk.¦We answer."},
	{"file name", "Open config.yaml. Edit main.go.", "Open config.yaml.¦Edit main.go."},
	{"inline code", "Run `go test. Then` twice. It passes.", "Run `go test. Then` twice.¦It passes."},
	{"code starts a sentence", "Install it. `make run` starts it.", "Install it.¦`make run` starts it."},
	{"iPhone", "It is small. iPhones are not.", "It is small.¦iPhones are not."},
	{".NET", "It runs on .NET and Node.js. It is fast.", "It runs on .NET and Node.js.¦It is fast."},

	{"ellipsis goes on", "Well... maybe not. Go.", "Well... maybe not.¦Go."},
	{"ellipsis ends", "Wait... The fee is $5.", "Wait...¦The fee is $5."},
	{"ellipsis character", "Wait… The fee… is $5.", "Wait…¦The fee… is $5."},
	{"leading ellipsis", "... and so on. Then.", "... and so on.¦Then."},

	{"quotation", `He said "Stop." Then he left.`, `He said "Stop."¦Then he left.`},
	{"quotation goes on", `"Stop!" he said. She did.`, `"Stop!" he said.¦She did.`},
	{"curly quotes", "He said “Stop.” Then left.", "He said “Stop.”¦Then left."},
	{"brackets", "It is free. (The tax is not.) Call us.", "It is free.¦(The tax is not.)¦Call us."},
	{"small bracket", "It is free. (see below) Call us.", "It is free. (see below) Call us."},
	{"bold sentence", "**It is free.** Call us.", "**It is free.**¦Call us."},
	{"guillemets", "Il a dit «Non.» Puis il partit.", "Il a dit «Non.»¦Puis il partit."},
	{"dash behind", `"Go." — he said so. Then.`, `"Go." — he said so.¦Then.`},

	{"footnote", "It is $5.[1] It is due.[2, 3]", "It is $5.[1]¦It is due.[2, 3]"},
	{"footnote behind a space", "It is $5. [1] It is due. [^2]", "It is $5. [1]¦It is due. [^2]"},
	{"raised footnote", "It is $5.¹ It is due.", "It is $5.¹¦It is due."},
	{"source mark", "It is $5.【4†source】 It is due.", "It is $5.【4†source】¦It is due."},
	{"not a footnote", "It is $5. [Note] It is due.", "It is $5.¦[Note] It is due."},
	{"emoji", "Great! 😊 The fee is $5. 👍🏽", "Great! 😊¦The fee is $5. 👍🏽"},
	{"emoji at once", "Great!🎉 The fee is $5.", "Great!🎉¦The fee is $5."},

	{"Chinese", "价格是五元。送货免费。真的？是！", "价格是五元。¦送货免费。¦真的？¦是！"},
	{"Japanese quotes", "彼は「止まれ。」と言った。終わり。", "彼は「止まれ。」¦と言った。¦終わり。"},
	{"Arabic", "ما هو السعر؟ السعر خمسة.", "ما هو السعر؟¦السعر خمسة."},
	{"Hindi", "यह मुफ़्त है। वह नहीं है।", "यह मुफ़्त है।¦वह नहीं है।"},
	{"Spanish", "El precio es 5. ¿Cuándo? ¡Hoy!", "El precio es 5.¦¿Cuándo?¦¡Hoy!"},
	{"accents", "C’est prêt. Élan vital. été.", "C’est prêt.¦Élan vital. été."},
	{"Greek", "Είναι δωρεάν. Ναι.", "Είναι δωρεάν.¦Ναι."},

	{"wrapped line", "The fee\nis $5.\nIt is due.", "The fee\nis $5.¦It is due."},
	{"wrapped abbreviation", "Ask Dr.\nSmith about it.", "Ask Dr.\nSmith about it."},
	{"blank line", "The fee\n\nIt is due", "The fee¦It is due"},
	{"CRLF", "The fee\r\nis $5.\r\n\r\nDue.\r\n", "The fee\r\nis $5.¦Due."},
	{"hard break", "The fee is $5  \nIt is due", "The fee is $5¦It is due"},
	{"labels", "Phone: 555-1234\nEmail: a@b.com\nOpen: daily", "Phone: 555-1234¦Email: a@b.com¦Open: daily"},
	{"lead-in on a line", "There are two:\nthe red one.", "There are two:¦the red one."},
	{"lead-in in a line", "Here's a summary: The fee is $5.", "Here's a summary:¦The fee is $5."},
	{"colon in a line", "Note: The fee is $5.", "Note: The fee is $5."},
	{"line separator", "One\u2028Two", "One¦Two"},

	{"bullets", "- One. Two\n- Three\n* Four\n+ Five\n• Six", "One.¦Two¦Three¦Four¦Five¦Six"},
	{"wrapped item", "- one\n  goes on. And on\n- two", "one\n  goes on.¦And on¦two"},
	{"text after a list", "- One\nNext part", "One¦Next part"},
	{"nested", "- One\n  - Two\n    1. Three", "One¦Two¦Three"},
	{"numbers", "1. One\n2) Two\n(3) Three\na) Four", "One¦Two¦Three¦Four"},
	{"number in a wrapped line", "It costs\n30. That is all", "It costs\n30.¦That is all"},
	{"number that stays", "It was in\n1999. Then", "It was in\n1999.¦Then"},
	{"check boxes", "- [ ] Pay\n- [x] Call", "Pay¦Call"},
	{"items on one line", "Two plans. - **A:** $5. - **B:** $9.", "Two plans.¦**A:** $5.¦**B:** $9."},
	{"bold ordinal", "**1. Pay.** Then", "**1. Pay.**¦Then"},
	{"dash in a line", "It is 5 - 6 days. OK.", "It is 5 - 6 days.¦OK."},
	{"emphasis is no bullet", "*One* is. Two", "*One* is.¦Two"},

	{"headings", "# One. Two\nThree\n## Four ##\nFive", "One. Two¦Three¦Four¦Five"},
	{"hashtag", "#sale is on. Buy", "#sale is on.¦Buy"},
	{"underlined heading", "Prices\n======\nIt is $5", "Prices¦It is $5"},
	{"bold heading", "**Prices**\nIt is $5", "**Prices**¦It is $5"},
	{"rule", "One\n\n---\n\nTwo\n***\nThree", "One¦Two¦Three"},
	{"quote", "> One. Two\n> goes on\n\nThree", "One.¦Two\n> goes on¦Three"},
	{"greater than", ">5% is high. OK.", ">5% is high.¦OK."},
	{"code", "See:\n```go\na.b()\n\nc. D\n```\nDone. Bye", "See:¦```go\na.b()\n\nc. D\n```¦Done.¦Bye"},
	{"tildes", "~~~\na. B\n```\n~~~\nc", "~~~\na. B\n```\n~~~¦c"},
	{"open code", "```\na. B", "```\na. B"},
	{"longer fence", "````\n```\n````\nEnd", "````\n```\n````¦End"},
	{"prose in a fence", "```markdown\nOne. Two\n```\nThree", "One.¦Two¦Three"},
	{"code in a line", "```x``` is code. OK", "```x``` is code.¦OK"},
	{"table", "| A | B |\n|---|:-:|\n| 1. X | 2 |\n| 3 | 4 |\nEnd", "A | B¦1. X | 2¦3 | 4¦End"},
	{"table without header", "| 1 | 2 |\n| 3 | 4 |", "1 | 2¦3 | 4"},
	{"table behind text", "Prices\n| A |\n|---|\n| 5 |", "Prices¦A¦5"},

	{"yes", "Yes. The fee is $5. No.", "Yes. The fee is $5.¦No."},
	{"invalid UTF-8", "A\xff b.\xfe It. Do\xe2\x80", "A\xff b.\xfe It.¦Do\xe2\x80"},
	{"only space", " \n\t ", ""},
	{"leading space", "  One.  Two. ", "One.¦Two."},
	{"zero byte", "A\x00b. C", "A\x00b.¦C"},
}

func TestCutterCases(t *testing.T) {
	for _, tt := range cuts {
		t.Run(tt.name, func(t *testing.T) {
			checkCut(t, tt.answer)
			var got []string
			for _, c := range cutWhole(tt.answer) {
				got = append(got, c.Text)
			}
			if got := strings.Join(got, "¦"); got != tt.want {
				t.Errorf("%q\n got %q\nwant %q", tt.answer, got, tt.want)
			}
		})
	}
}

// TestCutterLongUnits holds sentences, code and rows without an end to a bound.
func TestCutterLongUnits(t *testing.T) {
	for name, answer := range map[string]string{
		"sentence": strings.Repeat("word ", 6000),
		"no space": strings.Repeat("é", 20000),
		"invalid":  strings.Repeat("\x80", 20000),
		"code":     "```\n" + strings.Repeat("x = 1\n", 6000) + "```\nEnd.",
		"row":      "| " + strings.Repeat("cell ", 6000) + "|\n| b |",
	} {
		checkCut(t, answer)
		if n := len(cutWhole(answer)); n < 3 {
			t.Errorf("%s: %d claims", name, n)
		}
	}
}

// TestCutterReleasesPromptly streams prose in tokens, each with the space before
// it, and counts those that a sentence waits for behind its own last.
func TestCutterReleasesPromptly(t *testing.T) {
	var c Cutter
	sum, worst, n := 0, 0, 0
	ends := map[int]int{} // tokens by the offset of their end
	count := 0
	for rest := prose; rest != ""; {
		cut := strings.IndexByte(rest[1:], ' ') + 1
		if cut == 0 {
			cut = len(rest)
		}
		if cut > 5 {
			cut = 4 // a long word comes in several tokens
		}
		claims := c.Push(rest[:cut])
		rest = rest[cut:]
		count++
		ends[c.Len()] = count
		for _, claim := range claims {
			end := claim.End
			for ends[end] == 0 {
				end++
			}
			late := count - ends[end]
			sum, worst, n = sum+late, max(worst, late), n+1
		}
	}
	t.Logf("%d sentences released %.2f tokens behind their last, at worst %d", n, float64(sum)/float64(n), worst)
	if n < 11 || worst > 2 || float64(sum)/float64(n) > 1.2 {
		t.Errorf("%d sentences released %d tokens late in all, at worst %d", n, sum, worst)
	}
}
