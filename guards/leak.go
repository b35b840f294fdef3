package guards

import "hash/maphash"

const (
	shingle      = 6       // words in a row that make a match
	mostPromptIn = 1 << 20 // bytes of system prompt that are compared
)

var shingleSeed = maphash.MakeSeed()

// leaks rates each claim by how much of it stands in the system prompt word for word and
// nowhere else in what was sent along. A claim that repeats a line of instructions counts
// for more than one that repeats a fact, which it may have been given to tell.
func leaks(ex *Exchange) []Rating {
	secret := map[uint64]bool{}
	for i := range ex.Prompt {
		if m := &ex.Prompt[i]; m.Role == "system" || m.Role == "developer" {
			addShingles(secret, m.Text, true)
		}
	}
	if len(secret) == 0 {
		return nil
	}
	for i := range ex.Prompt { // what others said too is no secret
		if m := &ex.Prompt[i]; m.Role != "system" && m.Role != "developer" && m.Role != "assistant" {
			addShingles(secret, m.Text, false)
		}
	}
	for i := range ex.Given {
		addShingles(secret, ex.Given[i].Text, false)
	}
	var out []Rating
	for i := range ex.Claims {
		c := &ex.Claims[i]
		plain, _ := Plain(c.Text)
		words := wordsOf(plain)
		covered := make([]bool, len(words))
		for k := 0; k+shingle <= len(words); k++ {
			if secret[hashWords(words[k:k+shingle])] {
				for j := range shingle {
					covered[k+j] = true
				}
			}
		}
		n, orders := 0, false
		for k, is := range covered {
			if is {
				n++
				orders = orders || orderWords[words[k]]
			}
		}
		if n == 0 {
			continue
		}
		share := float64(n) / float64(len(words))
		r := Rating{Claim: *c, Side: InAnswer, Start: c.Start, End: c.End, Category: "prompt_leak", Score: 0.45 * share}
		if orders {
			r.Score = 0.5 + 0.45*share
		}
		out = append(out, r)
	}
	return out
}

// orderWords are words of instructions to an assistant.
var orderWords = wordSet("you your you're never always must don't not assistant user users respond reply answer refuse reveal instructions confidential secret only")

func addShingles(set map[uint64]bool, text string, add bool) {
	if len(text) > mostPromptIn {
		text = text[:mostPromptIn]
	}
	words := wordsOf(text)
	for k := 0; k+shingle <= len(words); k++ {
		h := hashWords(words[k : k+shingle])
		if add {
			set[h] = true
		} else {
			delete(set, h)
		}
	}
}

func hashWords(words []string) uint64 {
	var h maphash.Hash
	h.SetSeed(shingleSeed)
	for _, w := range words {
		h.WriteString(w) //nolint:errcheck // never fails
		h.WriteByte(0)   //nolint:errcheck // likewise
	}
	return h.Sum64()
}
