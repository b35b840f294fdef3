package guards

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Disguise says by what means a text differs from how a reader sees it. Each is a
// count of places.
type Disguise struct {
	Hidden    int // characters that nobody sees: zero width, tags, direction marks
	Lookalike int // words that mix alphabets
	Spelled   int // words spelt with digits, signs or spaces between their letters
}

// plainLimit bounds what Plain reads at once, in bytes; the rest is left as it is.
const plainLimit = 64 << 10

// Plain returns text as a reader understands it: without invisible characters, with
// look-alike letters, digits in place of letters, spaced, masked and run-together
// words made plain. What a model has never seen spelt, it cannot judge. Training reads
// its texts through Plain too (eval/train/plain).
func Plain(text string) (string, Disguise) {
	var d Disguise
	if len(text) > plainLimit {
		cut := plainLimit
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		head, d := Plain(text[:cut])
		return head + text[cut:], d
	}
	text = visible(text, &d)
	text = spaced(text, &d)
	if !strings.ContainsFunc(text, func(r rune) bool { return !(r == ' ' || 'a' <= r|0x20 && r|0x20 <= 'z') }) && !longWord(text) && !tripled(text) {
		return text, d
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		n := wordEnd(text[i:])
		if n == 0 {
			_, size := utf8.DecodeRuneInString(text[i:])
			b.WriteString(text[i : i+size])
			i += size
			continue
		}
		b.WriteString(plainWord(text[i:i+n], &d))
		i += n
	}
	return b.String(), d
}

// visible drops what nobody sees, turns letters in odd forms into ordinary ones and
// names common pictures.
func visible(text string, d *Disguise) string {
	ascii := true
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	joined := false // the last picture ended with a joiner
	for _, r := range text {
		switch {
		case r >= 0xE0020 && r <= 0xE007E: // tags spell ASCII that nobody sees, but models read
			d.Hidden++
			b.WriteRune(r - 0xE0000)
		case r == '\u200D':
			joined = true
			continue
		case r >= 0x1F3FB && r <= 0x1F3FF, r == '\uFE0F': // colour of a picture
		case r == '\u00AD', unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r == '\u034F', r == '\u115F', r == '\u1160', r == '\u3164', r == unicode.ReplacementChar:
			d.Hidden++
		case pictures[r] != "":
			if !joined {
				b.WriteString(" " + pictures[r] + " ")
			}
		default:
			b.WriteRune(r)
		}
		joined = false
	}
	return norm.NFKC.String(b.String())
}

// spaced joins letters that stand apart, "h a t e", where they spell words.
func spaced(text string, d *Disguise) string {
	var b strings.Builder
	last := 0
	for i := 0; i < len(text); {
		if i > 0 && !isGap(text[i-1]) || !isLatin(text[i]) {
			i++
			continue
		}
		// A run: letter, gap, letter, gap, ... with the same gap.
		j, letters := i, []byte{}
		var gap byte
		for j < len(text) && alone(text, j) {
			letters = append(letters, text[j])
			if j+2 >= len(text) || !isGap(text[j+1]) || gap != 0 && text[j+1] != gap || !alone(text, j+2) {
				j++
				break
			}
			gap = text[j+1]
			j += 2
		}
		if len(letters) >= 3 {
			if joined, ok := split(strings.ToLower(string(letters)), true); ok {
				b.WriteString(text[last:i])
				b.WriteString(joined)
				last = j
				d.Spelled++
			}
		}
		i = max(j, i+1)
	}
	if last == 0 {
		return text
	}
	b.WriteString(text[last:])
	return b.String()
}

// alone says whether a letter stands at i and no other after it.
func alone(text string, i int) bool {
	return isLatin(text[i]) && (i+1 == len(text) || !isLatin(text[i+1]))
}

func isGap(b byte) bool   { return b == ' ' || b == '.' || b == '-' || b == '_' || b == '*' }
func isLatin(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// tripled says whether any letter stands three times in a row.
func tripled(text string) bool {
	for i := 2; i < len(text); i++ {
		if text[i] == text[i-1] && text[i] == text[i-2] && isLatin(text[i]) {
			return true
		}
	}
	return false
}

// longWord says whether a word is long enough to be several.
func longWord(text string) bool {
	n := 0
	for i := 0; i < len(text); i++ {
		if isLatin(text[i]) {
			if n++; n >= runTogether {
				return true
			}
		} else {
			n = 0
		}
	}
	return false
}

// wordEnd is the length of the word at the start of text, signs that stand for letters
// included; 0 when none begins there.
func wordEnd(text string) int {
	end, letters := 0, 0
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r):
			letters++
		case r >= '0' && r <= '9', r == '@', r == '$', r == '*':
		case r == '!' || r == '|':
			// Within a word only.
			next := i + 1
			if next >= len(text) || !isLatin(text[next]) || letters == 0 {
				return lettered(end, letters)
			}
		default:
			return lettered(end, letters)
		}
		end = i + utf8.RuneLen(r)
	}
	return lettered(end, letters)
}

func lettered(end, letters int) int {
	if letters == 0 {
		return 0
	}
	return end
}

const (
	runTogether = 9   // letters from which an unknown word may be several
	longestWord = 200 // bytes of a word that is looked into
)

// plainWord is a word in its ordinary spelling, or as it stands where none is known.
func plainWord(word string, d *Disguise) string {
	if len(word) > longestWord {
		return word
	}
	if latin, mixed := fromLookalikes(word); mixed {
		d.Lookalike++
		word = latin
	}
	lower := strings.ToLower(word)
	if known(lower) {
		return word
	}
	odd := strings.ContainsAny(lower, "0123456789@$!|*")
	if odd {
		if decoded := fromSigns(lower); decoded != "" {
			d.Spelled++
			return decoded
		}
		return word
	}
	if short := collapse(lower); short != lower && known(short) {
		d.Spelled++
		return short
	}
	if len(lower) >= runTogether {
		if parts, ok := split(lower, false); ok && strings.Contains(parts, " ") {
			d.Spelled++
			return parts
		}
	}
	return word
}

var signs = map[byte]string{'0': "o", '1': "il", '3': "e", '4': "a", '5': "s", '7': "t", '8': "b", '@': "a", '$': "s", '!': "i", '|': "li", '*': "uioea"}

// fromSigns reads digits and signs as the letters they look like; "" unless that gives
// a known word. At most three of them have several readings.
func fromSigns(word string) string {
	if word[len(word)-1] == '!' {
		word = word[:len(word)-1]
	}
	open, letters := 0, 0
	for i := 0; i < len(word); i++ {
		if len(signs[word[i]]) > 1 {
			open++
		}
		if word[i] >= utf8.RuneSelf {
			return ""
		}
		if isLatin(word[i]) {
			letters++
		}
	}
	// A digit at either end is mostly a number: "1st", "ww3".
	outside := !isLatin(word[0]) || !isLatin(word[len(word)-1])
	if open > 3 || letters < 2 || len(word) < 3 || outside && letters < 3 {
		return ""
	}
	var try func(done string, rest string) string
	try = func(done, rest string) string {
		if rest == "" {
			if known(done) || known(collapse(done)) {
				return done
			}
			return ""
		}
		options, sign := signs[rest[0]]
		if !sign {
			if !isLatin(rest[0]) {
				return ""
			}
			return try(done+rest[:1], rest[1:])
		}
		for i := range len(options) {
			if found := try(done+options[i:i+1], rest[1:]); found != "" {
				return found
			}
		}
		return ""
	}
	return try("", word)
}

// collapse makes letters that are repeated three times or more single.
func collapse(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		j := i
		for j < len(word) && word[j] == word[i] {
			j++
		}
		n := j - i
		if n > 2 {
			n = 1
		}
		b.WriteString(word[i : i+n])
		i = j
	}
	return b.String()
}

// lookalikes are letters of other alphabets that look like Latin ones.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'ё': 'e', 'һ': 'h', 'і': 'i', 'ї': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm', 'п': 'n', 'о': 'o', 'р': 'p', 'ԛ': 'q', 'г': 'r', 'ѕ': 's', 'т': 't', 'ц': 'u', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'у': 'y',
	'А': 'A', 'В': 'B', 'С': 'C', 'Е': 'E', 'Н': 'H', 'І': 'I', 'Ј': 'J', 'К': 'K', 'М': 'M', 'О': 'O', 'Р': 'P', 'Ѕ': 'S', 'Т': 'T', 'Х': 'X', 'У': 'Y',
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x', 'ω': 'w', 'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ʟ': 'l', 'ɴ': 'n', 'ʀ': 'r', 'ᴀ': 'a', 'ᴇ': 'e', 'ᴋ': 'k', 'ᴍ': 'm', 'ᴏ': 'o', 'ᴛ': 't', 'ᴜ': 'u', 'ɪ': 'i', 'ʜ': 'h', 'ᴅ': 'd', 'ᴄ': 'c', 'ʙ': 'b', 'ꜱ': 's', 'ᴘ': 'p', 'ɢ': 'g', 'ʏ': 'y', 'ᴡ': 'w', 'ᴠ': 'v',
}

// fromLookalikes writes a word in Latin letters when it mixes alphabets, or when it is
// all look-alikes and spells a known word that way.
func fromLookalikes(word string) (string, bool) {
	latin, foreign, other := 0, 0, 0
	for _, r := range word {
		switch {
		case lookalikes[r] != 0:
			foreign++
		case r < utf8.RuneSelf || unicode.Is(unicode.Latin, r):
			latin++
		default:
			other++
		}
	}
	if foreign == 0 || other > 0 {
		return word, false
	}
	mapped := strings.Map(func(r rune) rune {
		if l := lookalikes[r]; l != 0 {
			return l
		}
		return r
	}, word)
	if latin == 0 && (len(mapped) < 3 || !known(strings.ToLower(mapped))) {
		return word, false
	}
	return mapped, true
}
