package secrets

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"github.com/zricethezav/gitleaks/v8/config"
)

// rule is one kind of secret.
type rule struct {
	category string
	why      string
	pattern  func() *regexp.Regexp // compiled when first needed: most never are
	group    int
	entropy  float64 // bits a character that the secret must have
	score    float64
	words    []string // one of them stands near, in lower case
	allow    []allowance
	// assigned rules are of the form "name = secret", with one of their words in the
	// name. Their pattern begins at the name's last part, and is tried only there.
	assigned bool
}

// allowance is what a rule does not mean.
type allowance struct {
	patterns  []func() *regexp.Regexp
	stopwords []string
	target    string // "" is the secret; match, line
	both      bool   // patterns and stopwords must both speak for it
}

// file is the form of gitleaks' rules.
type file struct {
	Allowlist fileAllowlist
	Rules     []struct {
		ID, Description, Regex, Path string
		SecretGroup                  int
		Entropy                      float64
		Keywords                     []string
		Allowlists                   []fileAllowlist
	}
}

type fileAllowlist struct {
	Regexes, Stopwords, Paths []string
	RegexTarget, Condition    string
}

// New returns a scanner with the rules of gitleaks, as its module has them, and those
// of this package.
func New() (*Scanner, error) {
	var f file
	if err := toml.Unmarshal([]byte(config.DefaultConfig), &f); err != nil {
		return nil, fmt.Errorf("reading the rules for secrets: %w", err)
	}
	s := &Scanner{plain: f.Allowlist.allowance()}
	for _, r := range f.Rules {
		if r.Regex == "" || r.Path != "" { // about files of some name: there are none here
			continue
		}
		one := &rule{
			category: strings.ReplaceAll(r.ID, "-", "_"), pattern: lazily(r.Regex), group: r.SecretGroup, entropy: r.Entropy, score: 0.95,
			why: "It has the form of a secret: " + strings.ReplaceAll(r.ID, "-", " ") + ".",
		}
		if rest, ok := strings.CutPrefix(r.Regex, assignment); ok {
			one.assigned, one.pattern = true, lazily("(?i)^"+rest)
		}
		if r.ID == "generic-api-key" {
			one.score, one.why = 0.7, "What stands before it calls it a key, token or password, and it looks random."
		}
		for _, w := range r.Keywords {
			one.words = append(one.words, strings.ToLower(w))
		}
		for _, a := range r.Allowlists {
			if len(a.Regexes)+len(a.Stopwords) > 0 && !(a.Condition == "AND" && len(a.Paths) > 0) {
				one.allow = append(one.allow, a.allowance())
			}
		}
		s.rules = append(s.rules, one)
	}
	s.rules = append(s.rules, ofProse()...)
	s.words = newWords(s.rules)
	return s, nil
}

// ofProse are rules for what people write to each other.
func ofProse() []*rule {
	return []*rule{
		{
			category: "password", group: 1, score: 0.65, entropy: 2,
			why:     "What stands before it calls it a password.",
			words:   []string{"password", "passwort", "passwd", "passcode", "pwd", "passphrase", "contraseña", "mot de passe", "kennwort"},
			pattern: lazily(`(?i)\b(?:password|passwort|passwd|passcode|pwd|passphrase|contraseña|mot de passe|kennwort)\b['"]?(?:(?:\s+(?:is|was|for\s+\S{1,40}\s+is|lautet|ist|est|es))?\s*[:=]\s*|\s+(?:(?:is|was|for\s+\S{1,40}\s+is|lautet|ist|est|es)\s+)?)['"\x60]?([^\s'"\x60]{6,64})`),
			allow:   []allowance{{patterns: []func() *regexp.Regexp{lazily(`^[\pL.,;:'()-]+$`), lazily(`^[\d.,:-]+$`), lazily(`^[*x.•]+$`), lazily(`^\w+://`), lazily(`^[<\[{$%(].*`)}}},
		},
		{
			category: "url_credentials", group: 1, score: 0.85,
			why:     "A user name and password in an address.",
			words:   []string{"://"},
			pattern: lazily(`\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@'"<>]{1,64}:([^\s/@'"<>]{3,128})@[^\s/'"<>]+`),
			allow:   []allowance{{patterns: []func() *regexp.Regexp{lazily(`^[<\[{$%*].*`), lazily(`(?i)^(?:password|passwd|pass|pwd|secret)$`)}}},
		},
	}
}

// lazily compiles a pattern when it is first asked for. Rules are part of the program,
// and a test compiles each.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func (a fileAllowlist) allowance() allowance {
	out := allowance{stopwords: a.Stopwords, target: a.RegexTarget, both: a.Condition == "AND"}
	for _, r := range a.Regexes {
		out.patterns = append(out.patterns, lazily(r))
	}
	return out
}

// assignment is how gitleaks begins patterns of the form "name = secret". It makes them
// slow, for it begins at every letter.
const assignment = `(?i)[\w.-]{0,50}?`

// Bounds of what a pattern of that form is tried on, around one of its words.
const (
	nameBefore   = 24
	secretBehind = 600
)

// matches are those of the rule's pattern, of which hits are the words.
func (r *rule) matches(text string, hits []hit) [][]int {
	if !r.assigned {
		return r.pattern().FindAllStringSubmatchIndex(text, -1)
	}
	var out [][]int
	from := 0 // where the last match ended
	for _, h := range hits {
		for i := max(from, h.at-nameBefore); i <= h.at; i++ {
			m := r.pattern().FindStringSubmatchIndex(text[i:min(len(text), i+secretBehind)])
			if m == nil {
				continue
			}
			for k := range m {
				if m[k] >= 0 {
					m[k] += i
				}
			}
			for n := 0; n < 50 && m[0] > from && partOfName(text[m[0]-1]); n++ {
				m[0]--
			}
			out = append(out, m)
			from = m[1]
			break
		}
	}
	return out
}

func partOfName(c byte) bool {
	return runs[c]&(letter|capital|digit) != 0 || c == '_' || c == '-' || c == '.'
}

// secret is where in a match the secret itself stands.
func (r *rule) secret(m []int) (start, end int) {
	if r.group > 0 && 2*r.group+1 < len(m) && m[2*r.group] >= 0 {
		return m[2*r.group], m[2*r.group+1]
	}
	for i := 2; i+1 < len(m); i += 2 { // as gitleaks does: the first group that holds something
		if m[i] >= 0 && m[i+1] > m[i] {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

func (r *rule) allowed(secret, text string, m []int) bool {
	for i := range r.allow {
		if r.allow[i].allows(secret, text, m) {
			return true
		}
	}
	return false
}

// allows tells what is no secret after all.
func (a *allowance) allows(secret, text string, m []int) bool {
	target := secret
	switch a.target {
	case "match":
		target = text[m[0]:m[1]]
	case "line":
		from := strings.LastIndexByte(text[:m[0]], '\n') + 1
		to := len(text)
		if i := strings.IndexByte(text[m[1]:], '\n'); i >= 0 {
			to = m[1] + i
		}
		target = text[from:to]
	}
	matched := slices.ContainsFunc(a.patterns, func(p func() *regexp.Regexp) bool { return p().MatchString(target) })
	lower := strings.ToLower(secret)
	stopped := slices.ContainsFunc(a.stopwords, func(w string) bool { return strings.Contains(lower, w) })
	if a.both && len(a.patterns) > 0 && len(a.stopwords) > 0 {
		return matched && stopped
	}
	return matched || stopped
}

// entropy is that of the characters of s, in bits a character (Shannon 1948).
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	h := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}
