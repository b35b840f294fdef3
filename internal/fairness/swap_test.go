package fairness

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSwap(t *testing.T) {
	for _, c := range []struct{ text, to, want string }{
		// gender
		{"He asked his wife whether she likes him.", "gender:woman", "!several"},
		{"He asked for a loan. His income is good, and the bank knows him.", "gender:woman", "She asked for a loan. Her income is good, and the bank knows her."},
		{"She asked for a loan. Her income is good, and the bank knows her.", "gender:man", "He asked for a loan. His income is good, and the bank knows him."},
		{"Give her the form and tell her about her rights; the risk is hers.", "gender:man", "Give him the form and tell him about his rights; the risk is his."},
		{"The choice is his.", "gender:woman", "The choice is hers."},
		{"Should we hire Mr. Smith? He's an actor.", "gender:woman", "Should we hire Ms. Smith? She's an actor."},
		{"Mrs Jones is a businesswoman.", "gender:man", "Mr Jones is a businessman."},
		{"My wife's loan", "gender:man", "My husband's loan"},
		{"Emily applied; she earns $50,000.", "gender:man", "Todd applied; he earns $50,000."},
		{"Darnell and Tyrone are brothers.", "gender:woman", "Lakisha and Tanisha are sisters."},
		{"Is she a good worker?", "gender:nonbinary", "Are they a good worker?"},
		{"She is a nurse. She works hard, has two jobs and doesn't smoke. Does she qualify?", "gender:nonbinary", "They are a nurse. They work hard, have two jobs and don't smoke. Do they qualify?"},
		{"He's tired. He's been ill. He always carries his bag himself.", "gender:nonbinary", "They're tired. They've been ill. They always carry their bag themself."},
		{"HE SAID NO.", "gender:woman", "SHE SAID NO."},
		{"a man-made lake for men", "gender:woman", "a man-made lake for women"},
		{"My mother-in-law is ill.", "gender:man", "My father-in-law is ill."},
		{"an actress", "gender:man", "an actor"},
		{"a waitress", "gender:nonbinary", "a server"},
		// religion
		{"A Christian family prays in the church.", "religion:muslim", "A Muslim family prays in the mosque."},
		{"Is a Muslim allowed to wear it?", "religion:atheist", "Is an atheist allowed to wear it?"},
		{"Is a Muslim allowed to wear it?", "religion:jewish", "Is a Jewish person allowed to wear it?"},
		{"an atheist landlord", "religion:sikh", "a Sikh landlord"},
		{"Jews and their neighbours", "religion:hindu", "Hindus and their neighbours"},
		{"Jewish people", "religion:christian", "Christians"},
		{"a Catholic school", "religion:muslim", "!counterpart"},
		// nationality
		{"A German engineer wants a visa.", "nationality:american", "An American engineer wants a visa."},
		{"An American who lives here", "nationality:chinese", "A Chinese person who lives here"},
		{"Translate this German text for Mexicans.", "nationality:nigerian", "Translate this German text for Nigerians."},
		{"I'm from the United States.", "nationality:india", "!counterpart"},
		{"I'm from the United States.", "nationality:indian", "I'm from India."},
		{"My neighbour comes from Mexico.", "nationality:american", "My neighbour comes from the United States."},
		// ethnicity
		{"Black applicants with a black coat", "ethnicity:white", "White applicants with a black coat"},
		{"Black applicants", "ethnicity:hispanic", "Hispanic applicants"},
		{"Jamal applied. He is 30 and single.", "ethnicity:white", "Matthew applied. He is 30 and single."},
		{"an African American man", "ethnicity:white", "a white man"},
		{"an African-American man", "ethnicity:asian", "an Asian man"},
		// age
		{"a 67-year-old man", "age:young", "a 25-year-old man"},
		{"An 80-year-old woman in her apartment", "age:middle", "A 45-year-old woman in her apartment"},
		{"She is 22 years old.", "age:older", "She is 70 years old."},
		{"women in their twenties", "age:older", "women in their seventies"},
		{"women in their 20s", "age:middle", "women in their 40s"},
		{"a young man with an old car", "age:older", "an old man with an old car"},
		{"teenagers", "age:older", "pensioners"},
		// orientation
		{"A gay couple wants a loan.", "orientation:straight", "A straight couple wants a loan."},
		{"a straight man", "orientation:gay", "a gay man"},
		// nothing to swap
		{"Where is my parcel?", "gender:man", "!none"},
		{"They work here.", "gender:man", "!none"},
	} {
		got, err := Swap(c.text, Group(c.to))
		switch c.want {
		case "!several":
			if !errors.Is(err, ErrSeveralGroups) {
				t.Errorf("%q to %s: %q, %v", c.text, c.to, got, err)
			}
		case "!none":
			if !errors.Is(err, ErrNoGroup) {
				t.Errorf("%q to %s: %q, %v", c.text, c.to, got, err)
			}
		case "!counterpart":
			if !errors.Is(err, ErrNoCounterpart) {
				t.Errorf("%q to %s: %q, %v", c.text, c.to, got, err)
			}
		default:
			if err != nil || got != c.want {
				t.Errorf("%q to %s:\n got %q, %v\nwant %q", c.text, c.to, got, err, c.want)
			}
		}
	}
}

// A text that was swapped names the other group, and swapped back it is what it was,
// where the words have one counterpart each.
func TestSwapThereAndBack(t *testing.T) {
	for _, text := range []string{"He lost his job and asked me to help him.", "A Muslim woman", "Nigerians pay more", "a Mexican who works here", "young people", "My wife applied", "Jermaine called"} {
		for attribute, table := range forms() {
			from, err := GroupOf(text, attribute)
			if err != nil {
				continue
			}
			for _, to := range table.groups {
				if to == from || to == "gender:nonbinary" {
					continue
				}
				there, err := Swap(text, to)
				if err != nil {
					t.Errorf("%q to %s: %v", text, to, err)
					continue
				}
				if g, err := GroupOf(there, attribute); err != nil || g != to {
					t.Errorf("%q to %s: %q names %s, %v", text, to, there, g, err)
				}
				if back, err := Swap(there, from); err != nil || back != text {
					t.Errorf("%q to %s: %q, and back %q, %v", text, to, there, back, err)
				}
			}
		}
	}
}

func TestTablesOfFormsAndNames(t *testing.T) {
	for attribute, table := range forms() {
		for _, g := range table.groups {
			if !slices.Contains(Known(), g) {
				t.Errorf("forms.txt: %s is no group", g)
			}
		}
		if len(table.rows) < 3 || !slices.Equal(Swappable(attribute), table.groups) {
			t.Errorf("%s has %d rows", attribute, len(table.rows))
		}
	}
	if Swappable("shoe_size") != nil {
		t.Error("an attribute that there is not")
	}
	for key, list := range names().lists {
		if len(list) != 10 {
			t.Errorf("%v has %d names", key, len(list))
		}
		for _, n := range list {
			if names().of[n] != key {
				t.Errorf("%s is on two lists", n)
			}
			if len(lexicon().terms[strings.ToLower(n)]) > 0 {
				t.Errorf("%s is also a word of groups.txt", n)
			}
		}
	}
	if !KnownName("Jamal") || KnownName("jamal") || KnownName("Xerxes") {
		t.Error("names that are known")
	}
}

func FuzzSwap(f *testing.F) {
	f.Add("She's a 30-year-old Muslim from the US; Emily’s her name.")
	f.Fuzz(func(t *testing.T, text string) {
		for attribute := range forms() {
			for _, to := range Swappable(attribute) {
				if out, err := Swap(text, to); err == nil && text != "" && out == "" {
					t.Errorf("%q became nothing", text)
				}
			}
		}
	})
}
