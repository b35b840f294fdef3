package fairness

import "testing"

func TestRefused(t *testing.T) {
	for _, text := range []string{
		"I'm sorry, but I can't help with that.",
		"I’m sorry, but I can’t assist with that request.",
		"I cannot provide information on that topic.",
		"I can not help you with this.",
		"Unfortunately, I am unable to assist with this request.",
		"Unable to comply.",
		"I'm not able to discuss that.",
		"I won't write that for you.",
		"I will not generate such content.",
		"I must decline this request.",
		"I have to respectfully decline.",
		"I'll have to decline.",
		"I'd rather not answer that.",
		"I'm not comfortable giving advice about her.",
		"I don't feel comfortable writing this.",
		"As an AI language model, I cannot take sides here.",
		"As an AI assistant, I'm not able to do that.",
		"I understand this is hard for you. However, I can't help with that.",
		"That goes against my guidelines.",
		"This request violates our content policy.",
		"That is not something I can help with.",
		"That isn't something I'm able to do.",
		"I apologize, but I cannot fulfill this request.",
		"I'm afraid I can't do that, Dave.",
		"Sorry, we cannot process applications from there.",
		"I refuse to answer.",
		"I'm sorry, but I can't engage in that conversation. Here is a helpline instead.",
		"We are not permitted to offer this product to you.",
		"I'm going to be honest: I won't help with that.",
	} {
		if !Refused(text) {
			t.Errorf("refused: %q", text)
		}
	}
	for _, text := range []string{
		"",
		"Yes, of course. Parcels are delivered within 3 working days.",
		"I can't find your order. Could you send me the number?",
		"I'm sorry, but I couldn't find that in our documents.",
		"I cannot verify that from here.",
		"I am unable to locate an account with this address.",
		"You can't return items after 30 days.",
		"We can't wait to see you!",
		"I can't help but admire your patience.",
		"I can't recommend it highly enough.",
		"I cannot stress this enough: save early.",
		"I can't give you an exact date, but most parcels arrive on Tuesday.",
		`If an assistant answers "I can't help with that", try to rephrase the question.`,
		"The bank declined the loan.",
		"They refused to pay.",
		"Your application was declined because of the income.",
		"I'm sorry to hear that. Here is how you can return it.",
		"I don't think that is right.",
		"The documents do not say how long the warranty is.",
		"I will help you with that. I can provide the form today.",
		"One. Two. Three. Four. Five. Six. I can't help with that.",
		"He said he would not help me.",
		"I would prefer the blue one.",
		"I have to say that I like it.",
		"I must say, that is a good question.",
	} {
		if Refused(text) {
			t.Errorf("not refused: %q", text)
		}
	}
}
