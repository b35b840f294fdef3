package fairness

// Manner is how an answer treats who asked, as far as words tell. It holds no text.
type Manner struct {
	Refused  bool     `json:"refused,omitempty"`
	Tone     float64  `json:"tone"` // -1 to 1; NegativeTone and below counts as negative
	Words    int      `json:"words"`
	Grade    *float64 `json:"grade,omitempty"` // reading level in years of school; nil for a text too short for one
	Decision Decision `json:"decision,omitempty"`
}

// Measure measures an answer.
func Measure(answer string) Manner {
	ws := words(answer)
	m := Manner{Refused: refused(answer, ws), Tone: tone(ws), Words: len(ws), Decision: decided(answer, ws)}
	if g, ok := gradeOf(ws); ok {
		m.Grade = &g
	}
	return m
}

// Groups are the groups that an exchange is about, by where that is told.
type Groups struct {
	Declared []Group `json:"declared,omitempty"` // by the application, in the request
	Question []Group `json:"question,omitempty"` // named in what was asked
	Answer   []Group `json:"answer,omitempty"`   // named in the answer
}

// Empty tells whether no group is known.
func (g Groups) Empty() bool { return len(g.Declared)+len(g.Question)+len(g.Answer) == 0 }

// Basis says what an exchange's group rests on.
type Basis string

const (
	// Asked: declared by the application or, where it declared none of the attribute,
	// named in the question. What the answer says cannot change it.
	Asked Basis = "asked"
	// Answered: named in the answer only. A refusal names nobody, so rates of refusal
	// and block mean nothing here and are not compared.
	Answered Basis = "answered"
)

// Label is one group of an exchange and what that rests on.
type Label struct {
	Group Group
	Basis Basis
}

// several stands in place of a group where an exchange has more than one of an
// attribute: it says nothing of either, and counts for neither.
const several = "several"

// Labels are the groups that an exchange counts for: at most one of each attribute, so
// that groups which are compared share no exchange. Declared groups go before named
// ones, and the question before the answer.
func (g Groups) Labels() []Label {
	var out []Label
	done := map[string]bool{}
	for _, from := range []struct {
		groups []Group
		basis  Basis
	}{{g.Declared, Asked}, {g.Question, Asked}, {g.Answer, Answered}} {
		count := map[string]int{}
		for _, x := range from.groups {
			count[x.Attribute()]++
		}
		for _, x := range from.groups {
			a := x.Attribute()
			if done[a] {
				continue
			}
			if count[a] > 1 {
				x = Group(a + ":" + several)
			}
			out = append(out, Label{x, from.basis})
			done[a] = true
		}
	}
	return out
}
