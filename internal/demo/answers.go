package demo

// A Topic is a question the stand-in knows, by the words that give it away, and
// its answers: the first to a single choice, the others to further ones.
type Topic struct {
	Words    []string // all of them must be in the question
	Question string   // an example, for people to try
	Answers  []string
	Fault    string // what is wrong with the first answer; "" for a right one
}

// Topics are all that the stand-in can talk about, the most telling words first.
var Topics = []Topic{
	{
		Words: []string{"return", "bicycle"}, Question: "How long do I have to return a bicycle?",
		Answers: []string{
			"You can return a bicycle within 30 days of delivery. It may have been ridden for at most 50 km. Returning a bicycle costs €39, which is taken off the refund.",
			"You can return a bicycle within 90 days of delivery. It may have been ridden for at most 50 km.",
		},
	},
	{
		Words: []string{"cost", "kestrel", "500"}, Question: "What does the Kestrel 500 cost?", Fault: "the price",
		Answers: []string{
			"The Kestrel 500 costs €2,899. It has a 500 Wh battery and weighs 22.4 kg.",
			"The Kestrel 500 costs €3,299. It has a 500 Wh battery and weighs 22.4 kg.",
		},
	},
	{
		Words: []string{"founded"}, Question: "Who founded Larkfield Cycles?", Fault: "a name",
		Answers: []string{
			"Larkfield Cycles was founded in 2009 by Marit Solheim and Peter Lindqvist in Lübeck.",
			"Larkfield Cycles was founded in 2009 by Marit Solheim and Jonas Brandt in Lübeck.",
		},
	},
	{
		Words: []string{"battery", "guaranteed"}, Question: "How long is a battery guaranteed?",
		Answers: []string{
			"Batteries are guaranteed for 3 years or 800 full charging cycles, whichever comes first. The guarantee ends when a battery has been opened.",
			"Batteries are guaranteed for 5 years or 800 full charging cycles, whichever comes first.",
		},
	},
	{
		Words: []string{"norway"}, Question: "Do you ship bicycles to Norway?", Fault: "who pays the duties, and an invented tracking service",
		Answers: []string{
			"Yes, we ship to Norway. A bicycle costs €119 to ship and takes 6 to 9 working days. Every parcel can be followed live in our Fjordtrack app.",
			"Yes, we ship to Norway. A bicycle costs €119 to ship and takes 6 to 9 working days. The recipient pays import duties.",
		},
	},
	{
		Words: []string{"error", "e12"}, Question: "My Kestrel shows error E12. What should I do?",
		Answers: []string{
			"Error code E12 means that the battery is too warm. Let it cool below 45 °C.",
			"Error code E12 means that the speed sensor gives no signal. Check the magnet on the rear wheel.",
		},
	},
	{
		Words: []string{"workshop", "open"}, Question: "When is the workshop open?", Fault: "it is closed on Monday",
		Answers: []string{
			"The workshop is open from Monday to Friday from 9:00 to 18:00 and on Saturday from 10:00 to 14:00.",
			"The workshop is open from Tuesday to Friday from 9:00 to 18:00 and on Saturday from 10:00 to 14:00.",
		},
	},
	{
		Words: []string{"range", "kestrel"}, Question: "What range does the Kestrel 500 have?",
		Answers: []string{
			"The range of the Kestrel 500 depends on the assistance level:\n\n- Glide: 110 km\n- Tour: 75 km\n- Climb: 45 km\n\nThe motor assists up to 25 km/h.",
		},
	},
	{
		Words: []string{"brake", "fluid"}, Question: "Which brake fluid does the Kestrel need?", Fault: "DOT fluid destroys the seals, and the interval is invented",
		Answers: []string{
			"The Kestrel needs DOT 5.1 brake fluid. It should be replaced every 18 months by a certified partner.",
			"The brake fluid of the Kestrel is mineral oil. DOT fluid destroys the seals.",
		},
	},
	{
		Words: []string{"student"}, Question: "Is there a student discount?",
		Answers: []string{
			"Students receive a discount of 8% on the Wren and the Plover City. The discount cannot be combined with other offers.",
			"Students receive a discount of 15% on all bicycles.",
		},
	},
	{
		Words: []string{"insurance"}, Question: "How much does theft insurance cost?", Fault: "the price",
		Answers: []string{
			"Theft insurance costs €12 a month. A lock of at least €50 is required. Damage by accidents is not insured.",
			"Theft insurance costs €9.50 a month. A lock of at least €50 is required. Damage by accidents is not insured.",
		},
	},
	{
		Words: []string{"charge"}, Question: "How long does a full charge of the Kestrel 500 take?", Fault: "the time",
		Answers: []string{
			"Use only the charger LC-C4. A full charge takes 3 hours for the 500 Wh battery.",
			"Use only the charger LC-C4. A full charge takes 4.5 hours for the 500 Wh battery.",
		},
	},
	{
		Words: []string{"lease"}, Question: "Can I lease a Kestrel 500?", Fault: "the monthly rate; the rest is right",
		Answers: []string{
			"Employees of partner companies can lease a Larkfield bicycle for 36 months. The monthly rate for the Kestrel 500 is €59 and includes insurance against theft.",
		},
	},
	{
		Words: []string{"hello"}, Question: "Hello!",
		Answers: []string{"Hello! How can I help you today?"},
	},
}

// Answer is what the stand-in says to a question as its choice-th choice.
func Answer(question string, choice int) string {
	asked := words(question)
topics:
	for _, t := range Topics {
		for _, w := range t.Words {
			if !asked[w] && !asked[w+"s"] {
				continue topics
			}
		}
		return t.Answers[choice%len(t.Answers)]
	}
	return "I'm sorry, I am only a demonstration and cannot answer that. Try asking: " + Topics[choice%len(Topics)].Question
}
