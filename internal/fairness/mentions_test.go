package fairness

import (
	"slices"
	"strings"
	"testing"
)

// mentionCases are texts and the groups that a reader would say they speak of.
var mentionCases = []struct{ text, want string }{
	// plain
	{"My wife was turned down for a mortgage.", "gender:woman"},
	{"Does my husband need a visa?", "gender:man"},
	{"Is it harder for women to get a loan than for men?", "gender:man gender:woman"},
	{"Tell me about Muslim holidays.", "religion:muslim"},
	{"I'm Jewish and my landlord refused to rent to me.", "religion:jewish"},
	{"Can a wheelchair user get through the side door?", "disability:disabled"},
	{"Rates for senior citizens?", "age:older"},
	{"My son has autism.", "disability:autistic gender:man"},
	{"We are a same-sex couple looking for insurance.", "orientation:gay"},
	{"Support for low-income families", "class:poor"},
	{"African-American borrowers are asking.", "ethnicity:black"},
	{"I am pregnant. Can I be fired?", "family:pregnant"},
	{"Non-binary employees use which restroom?", "gender:nonbinary"},
	{"Benefits for single mothers", "family:single_parent"},
	{"He is obese.", "appearance:heavy gender:man"},
	// colours and other senses
	{"Do you have this coat in black?", ""},
	{"The white car is faster than the black one.", ""},
	{"Black Friday deals, white paper on black holes", ""},
	{"Black applicants are rejected more often.", "ethnicity:black"},
	{"She is Black.", "ethnicity:black gender:woman"},
	{"I'm Black and I applied twice.", "ethnicity:black"},
	{"The phone is black.", ""},
	{"It's white with a red stripe.", ""},
	{"young Black men", "age:young ethnicity:black gender:man"},
	{"Black and white students", "ethnicity:black ethnicity:white"},
	{"black and white photos", ""},
	{"black men's shoes", "gender:man"},
	{"blind students may bring a reader", "disability:blind"},
	{"a double-blind trial and a blind spot", ""},
	{"window blinds for the kitchen", ""},
	{"My father is blind.", "disability:blind gender:man"},
	{"The request fell on deaf ears.", ""},
	{"deaf customers", "disability:deaf"},
	{"This feature is disabled by default.", ""},
	{"the disabled button", ""},
	{"disabled veterans", "disability:disabled"},
	{"a bipolar transistor", ""},
	{"My friend is bipolar.", "disability:mental_illness"},
	{"bipolar disorder", "disability:mental_illness"},
	{"poor quality and a poor signal", ""},
	{"poor people", "class:poor"},
	{"rich text editor", ""},
	{"fat-free yoghurt", ""},
	{"trans fats are bad", ""},
	{"trans people", "gender:trans"},
	{"a trans woman", "gender:trans"},
	// nationality against language, food, market
	{"Translate this into German.", ""},
	{"the German market grew", ""},
	{"French fries and Turkish coffee", ""},
	{"German engineers", "nationality:german"},
	{"I am German.", "nationality:german"},
	{"a German who lives in Spain", "nationality:german"},
	{"Germans pay more.", "nationality:german"},
	{"Can Nigerians get this visa?", "nationality:nigerian"},
	{"I'm from Nigeria and need a visa.", "nationality:nigerian"},
	{"My parts come from China.", ""},
	{"I ordered shoes from China.", ""},
	{"She comes from Mexico.", "gender:woman nationality:mexican"},
	{"workers from Poland", "nationality:polish"},
	{"Polish the table with wax.", ""},
	{"polish workers", ""},
	{"Polish workers", "nationality:polish"},
	{"The Chinese are our customers.", "nationality:chinese"},
	{"Do you speak Chinese?", ""},
	{"a Thai, Indian or Chinese restaurant", ""},
	{"refugees and asylum seekers", "nationality:immigrant"},
	{"an immigrant from Ghana", "nationality:ghanaian nationality:immigrant"},
	// names and titles
	{"Mrs Jones called.", "gender:woman"},
	{"Mr. Smith called.", "gender:man"},
	{"It took 5 ms per call.", ""},
	{"Don't miss the deadline.", ""},
	{"Christian Bale films", ""},
	{"a Christian family", "religion:christian"},
	{"Roxane Gay wrote it.", ""},
	{"a Jew's harp", ""},
	// pronouns give way
	{"The applicant says he earns enough.", "gender:man"},
	{"My boss said he would ask my wife.", "gender:woman"},
	{"She told him.", "gender:man gender:woman"},
	{"They said it is fine.", ""},
	// other senses of gender words
	{"Read the man page of ls.", ""},
	{"It is man-made.", ""},
	{"Hey guys, what's up?", ""},
	{"You guys are great", ""},
	{"a male connector and a female one", ""},
	{"male nurses", "gender:man"},
	{"mother tongue", ""},
	{"our sister company", ""},
	{"the motherboard", ""},
	{"businesswomen", "gender:woman"},
	{"the woman's application", "gender:woman"},
	{"the lady’s bag", "gender:woman"},
	// ages
	{"I am 67 and want life insurance.", "age:older"},
	{"I'm 23.", "age:young"},
	{"a 45-year-old man", "age:middle gender:man"},
	{"my 10 year old car", ""},
	{"a 30-year-old house", ""},
	{"a 70-year-old who lives alone", "age:older"},
	{"She is 81 years old.", "age:older gender:woman"},
	{"The building is 81 years old.", ""},
	{"whisky aged 18 years", ""},
	{"a man aged 62", "age:older gender:man"},
	{"people over 65", "age:older"},
	{"orders over 65", ""},
	{"women in their 20s", "age:young gender:woman"},
	{"an old friend of mine", ""},
	{"old men", "age:older gender:man"},
	{"my older brother", "gender:man"},
	{"We are 20 people.", ""},
	{"senior developer wanted", ""},
	{"teenagers", "age:young"},
	{"I am 67 kg", ""},
	{"", ""},
	{"Where is my order 4711?", ""},
}

func TestMentions(t *testing.T) {
	for _, c := range mentionCases {
		var got []string
		for _, g := range Mentions(c.text) {
			got = append(got, string(g))
		}
		if have := strings.Join(got, " "); have != c.want {
			t.Errorf("%q: %q, want %q", c.text, have, c.want)
		}
	}
}

func TestEveryGroupIsWellFormedAndNamed(t *testing.T) {
	known := Known()
	if len(known) < 60 || !slices.IsSorted(known) {
		t.Fatalf("%d groups, sorted %t", len(known), slices.IsSorted(known))
	}
	for _, g := range known {
		if !g.WellFormed() || g.Title() == "" || attributeTitles[g.Attribute()] == "" {
			t.Errorf("%s: %q", g, g.Title())
		}
	}
	for g := range titles {
		if !slices.Contains(known, g) {
			t.Errorf("%s has a title and no terms", g)
		}
	}
	for _, bad := range []Group{"", "gender", "gender:", ":x", "Gender:x", "a:b c", "a:b:c", Group("a:" + strings.Repeat("x", 33))} {
		if bad.WellFormed() {
			t.Errorf("%q is no group", bad)
		}
	}
}

// Every term of the list is found where its class says, so that no line of it is dead.
func TestEveryTermCanBeFound(t *testing.T) {
	for line := range strings.Lines(groupWords) {
		head, terms, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		group, class, _ := strings.Cut(head, " ")
		for text := range strings.SplitSeq(terms, ",") {
			text = strings.TrimPrefix(strings.TrimSpace(text), "=")
			in, want := text, group
			switch class {
			case "person", "noun":
				in = text + " applicants"
			case "title":
				in = text + " Jones"
			case "from":
				in = "people from " + text
			case "not":
				want = ""
			}
			got := Mentions(in)
			of := Group(group).Attribute()
			if class == "not" && !slices.ContainsFunc(got, func(g Group) bool { return g.Attribute() == of }) || slices.Contains(got, Group(want)) {
				continue
			}
			t.Errorf("%q: %v, want %q", in, got, want)
		}
	}
}

func FuzzMentions(f *testing.F) {
	for _, c := range mentionCases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range Mentions(text) {
			if !slices.Contains(Known(), g) {
				t.Errorf("%q: %q is not on the list", text, g)
			}
		}
	})
}

func BenchmarkMentions(b *testing.B) {
	text := strings.Repeat("My wife and I applied for a loan last week, and the German clerk said that older applicants need more papers. Is that right? ", 16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Mentions(text)
	}
}
