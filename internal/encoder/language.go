package encoder

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What of a text is looked at to tell its language.
const languageSample = 4 << 10 // bytes

// foreign reports whether a text is mostly not English: most models know no other
// language, and what they say of one means nothing.
func foreign(text string) bool {
	if len(text) > languageSample {
		text = text[:languageSample]
	}
	var letters, other int // of other scripts than Latin
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		switch {
		case r < utf8.RuneSelf:
			if r|0x20 >= 'a' && r|0x20 <= 'z' {
				letters++
			}
		case unicode.Is(unicode.Latin, r):
			letters++
		case unicode.Is(unicode.Han, r) || unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			letters += 2 // each stands for more than a letter
			other += 2
		case unicode.IsLetter(r):
			letters++
			other++
		}
	}
	if other*4 > letters {
		return true
	}
	var words, english, elsewhere, accented int
	first, several := "", false // whether elsewhere is more than one word
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' }) {
		words++
		if start, _ := utf8.DecodeRuneInString(word); unicode.IsLower(start) && strings.ContainsFunc(word, beyondASCII) {
			accented++
		}
		if len(word) > longestFunctionWord {
			continue
		}
		w := strings.ToLower(word)
		switch {
		case englishWords[w]:
			english++
		case foreignWords[w]:
			elsewhere++
			several = several || first != "" && first != w
			first = w
		}
	}
	if english > 0 && english*3 >= elsewhere {
		return false
	}
	// Names may be French, also several in a row. A sentence is when it has no English
	// word but several of another language, or words with accents that are no names.
	return several && elsewhere*8 >= words && elsewhere > english*3 || english == 0 && words >= 3 && accented*8 >= words
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf && unicode.Is(unicode.Latin, r) }

// wordSet is the set of the words in a text.
func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

const longestFunctionWord = 12 // bytes

// Words that nearly every sentence of a language has and English has not, or the other
// way round. Those that are common in both (in, is, was, on, for, to) tell nothing.
var (
	englishWords = wordSet(`the of and that with this from have not which their its can will you your our they but were
		when been who than into only other any should does after before about his she these those there because while if
		it be are by at has all more must may per up out each some such what where how would could then under during
		between through both own same very just don't can't doesn't isn't it's`)
	foreignWords = wordSet(`le la les des du une et est dans pour que qui sur avec par au aux ce cette sont ne pas plus nous
		vous ils elle leur être sans mais comme il je de un se en été ou où son ses il y ont était fait
		der die das und ist nicht mit von zu den dem ein eine einer eines einem einen sich auf für im auch werden wird sind
		aus bei nach wie oder wenn können kann haben hat über zum zur ich sie wir noch nur vom
		el los las del una es por con para su como más pero sus este esta son ser hasta desde sobre muy al lo fue
		il gli che di è per non della dei delle sono nel nella alla più anche ma una questo
		os um uma dos das em não com mais foi são ao pela pelo seu sua ou à às até
		het een van dat niet op te zijn voor aan er ook maar bij worden door naar deze heeft wordt uit
		och att det som på är av inte till ett med har kan om og ikke af til jeg eller ble etter hos
		na się że nie jest jak od po oraz przez dla są jego które które
		je pro jsou není ve při jako také ale který když
		ve bir bu için ile da olarak çok değil gibi daha olan
		ja ei että oli hän mutta ovat kun joka sen myös
		az és hogy nem egy van meg csak volt
		și în cu nu este pentru sunt din pe mai prin
		yang dan di dengan untuk dari ini itu tidak pada adalah dalam akan oleh
		và của là có không được cho một trong những các
		ang ng sa mga ay ya wa kwa ni za katika koji su za od`)
)
