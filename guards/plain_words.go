package guards

import (
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
)

//go:embed words/common.txt
var commonWords string

//go:embed words/disguised.txt
var disguisedWords string

// vocabulary is the cost of each known word: the rarer, the dearer. It is made on first
// use: a program without these guards does not pay for it.
var vocabulary = sync.OnceValue(func() map[string]float32 {
	list := strings.Fields(commonWords)
	out := make(map[string]float32, len(list)+512)
	for i, w := range list {
		out[w] = float32(math.Log(float64(i+10) * 8))
	}
	for _, w := range strings.Fields(disguisedWords) {
		if _, ok := out[w]; !ok || len(w) > 3 {
			out[w] = float32(math.Log(600 * 8))
		}
	}
	return out
})

// known says whether a word, in lower case, is in the vocabulary, also as a plural or
// another form.
func known(word string) bool {
	words := vocabulary()
	if _, ok := words[word]; ok {
		return true
	}
	for _, ending := range []string{"s", "es", "ed", "d", "ing", "er", "ly", "ally", "able", "ation", "ations", "ness", "less", "ment", "ive", "ion", "isation", "ization", "ise", "ised", "ising", "ize", "ized", "izing"} {
		if stem, ok := strings.CutSuffix(word, ending); ok && len(stem) >= 3 {
			if _, ok := words[stem]; ok {
				return true
			}
		}
	}
	return false
}

// split parts letters into the cheapest row of known words; ok is false where some
// letters belong to none. It is bounded by longestWord. apart: the letters stood apart, which is
// sign enough that they spell something; else the parts must look like words run
// together.
func split(letters string, apart bool) (string, bool) {
	const longest = 18 // letters of a word
	if len(letters) > longestWord {
		return letters, false
	}
	words := vocabulary()
	cost := make([]float32, len(letters)+1)
	from := make([]int, len(letters)+1)
	for end := 1; end <= len(letters); end++ {
		cost[end] = math.MaxFloat32
		for start := max(0, end-longest); start < end; start++ {
			c, ok := words[letters[start:end]]
			if !ok || cost[start] == math.MaxFloat32 {
				continue
			}
			if end-start == 1 {
				c += 6 // "a" and "i" alone are seldom meant
			}
			if total := cost[start] + c; total < cost[end] {
				cost[end], from[end] = total, start
			}
		}
	}
	if cost[len(letters)] == math.MaxFloat32 {
		return letters, false
	}
	var parts []string
	for end := len(letters); end > 0; end = from[end] {
		parts = append(parts, letters[from[end]:end])
	}
	slices.Reverse(parts)
	if apart && 2*len(letters) < 5*len(parts) || !apart && !plausible(parts, len(letters)) {
		return letters, false
	}
	return strings.Join(parts, " "), true
}

// affixes are parts of one word rather than words run together.
var affixes = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(`able ably age ages al ally an ant ate ated at anti as ation counter de dis ed er es est form ful gen
		general hood ian ible in inter ion ions is ism ist ists ities ity ive less ly ment ments mis multi ness non out over per pre pro re ren
		self ship ship sub super ted ten ter tic ties tin tion under un up ward wards wise stereo hem tin ate inc con com den par`) {
		set[w] = true
	}
	return set
}()

// plausible says whether parts look like words that somebody ran together, not like a
// word that the vocabulary lacks.
func plausible(parts []string, letters int) bool {
	n := len(parts)
	if n == 1 {
		return true
	}
	if affixes[parts[0]] || affixes[parts[n-1]] || letters < 3*n+1 {
		return false
	}
	if n == 2 {
		return len(parts[0]) >= 4 && len(parts[1]) >= 3
	}
	small := 0
	for i, p := range parts {
		if len(p) == 1 && (i > 0 && p == "i" || i == 0 && p == "a") {
			return false
		}
		if len(p) <= 2 || affixes[p] {
			small++
		}
	}
	return small*2 < n || n >= 5 && small*5 <= n*3
}

// pictures are the common ones that stand for words in abuse, and a few harmless ones
// that stand beside them.
var pictures = map[rune]string{
	'🐒': "monkey", '🐵': "monkey", '🦍': "gorilla", '🐷': "pig", '🐖': "pig", '🐀': "rat", '🐁': "mouse", '🐭': "mouse", '🐍': "snake", '🐕': "dog", '🐶': "dog", '🐐': "goat", '🐫': "camel", '🐪': "camel", '🐄': "cow", '🐮': "cow", '🐎': "horse", '🐑': "sheep", '🐛': "bug", '🐜': "ant", '🦟': "mosquito", '🪳': "cockroach", '🕷': "spider", '🦠': "germ", '🐘': "elephant", '🐳': "whale",
	'💩': "shit", '🗑': "trash", '🚮': "trash", '🤡': "clown", '🤮': "vomit", '🤢': "disgusting", '😡': "angry", '🤬': "cursing", '🖕': "fuck you", '👎': "bad", '👍': "good", '👊': "punch", '🔫': "gun", '💣': "bomb", '🔪': "knife", '🗡': "dagger", '⚔': "swords", '🪓': "axe", '💀': "dead", '☠': "death", '⚰': "coffin", '🪦': "grave", '🔥': "fire", '🧨': "dynamite", '💥': "explosion", '🩸': "blood", '⛓': "chains", '🪢': "rope", '💉': "needle",
	'❤': "love", '💕': "love", '😍': "love", '🥰': "love", '😂': "laughing", '🤣': "laughing", '😊': "happy", '🙏': "thank you", '😭': "crying", '😢': "sad", '💔': "heartbroken", '🙄': "annoyed", '🧠': "brain", '🍆': "penis", '🍑': "bottom", '💦': "wet", '👅': "tongue",
	'👳': "turban", '🧕': "hijab", '🕌': "mosque", '☪': "islam", '🕍': "synagogue", '✡': "jewish", '⛪': "church", '✝': "christian", '🕉': "hindu", '🏳': "flag", '🌈': "rainbow gay", '♿': "wheelchair", '🦽': "wheelchair", '🦯': "blind", '🦻': "deaf", '👨': "man", '👩': "woman", '🧑': "person", '👦': "boy", '👧': "girl", '👴': "old man", '👵': "old woman", '👶': "baby", '👬': "gay men", '👭': "lesbians", '🍌': "banana", '🍉': "watermelon", '🍚': "rice", '🌮': "taco", '🍪': "cookie",
}
