package guards

import (
	"strings"
	"testing"
)

func TestNotClaim(t *testing.T) {
	for want, texts := range map[string][]string{
		"greeting": {"Hi!", "Hello Anna!", "Great question!", "Congratulations on your new companion!", "I'm sorry to hear about your television.", "Good news!",
			"Thank you for contacting Acme Support.", "Sure, I can help you with that!", "Sure!"},
		"closing": {"I hope this helps!", "Let me know if you have any other questions.", "Feel free to ask if you'd like more detail.", "Safe travels!", "Enjoy your meal!",
			"Wishing you a smooth recovery!", "I hope your rabbit feels better soon.", "Have a pleasant trip!", "If you have any further questions, please let me know."},
		"question": {"What is the fee?", "Would you like help writing the claim?", "Looking for a friendly place in Ashcombe?", "Can I pay by card at the Northgate branch after 5 p.m.?",
			"If so, when did the order arrive?", "Is the fee $5?", "And is it open?", "To whom is it sent?", "Did you know?", "Are you aware of the rules?", "Any questions?", "Payment: How can I pay for the order?"},
		"opinion":     {"I think that is a great idea.", "Personally, I find it lovely.", "I'd recommend calling the ferry company to confirm.", "That sounds like a wonderful trip!"},
		"instruction": {"Please contact customer support.", "Click Settings.", "Click the **Save** button.", "Contact support if your order is late.", "Select \"Font\" from the menu.", "Don't hesitate to contact us.", "Remember to check with your manager."},
		"refusal": {"I can't help with that.", "I'm sorry, but I can't help with that.", "I don't have information about that.", "I can't access orders, or what is in your account.", "I won't speculate.", "Unfortunately, I couldn't find an answer.",
			"I can't say, but I can look into other things."},
		"lead-in": {"Here is a summary:", "Here are the steps:", "Sure, here's a summary of the new rules:", "Here's an overview of Pho Quiet Street.", "If yours is a compression tap, here is the process:",
			"The plan includes:", "To pay, follow these steps:", "**Key points:**", "A few things to plan for:", "Below is a summary of the meeting on the clinic."},
		"self-description": {"As an AI, I don't have access to your account.", "As an AI language model, I cannot give legal advice."},
		"meta":             {"Based on the provided context,", "According to the document:"},
		"heading":          {"# Shipping and returns", "# 1. Overview", "## Step 2", "# Top 5 tips", "# Dr. Jane Hall", "| Plan | Price in $ |\n|---|---|\n", "| 2019 | 2020 |\n|---|---|\n", "## What you can do", "**Northgate branch**\nx", "Prices\n---"},
		"code":             {"```\nfee = 5\n```", "```go\n// The fee is $5.\nfee := 5\n```", "```json\n{\"fee\": 5}\n```", "```bash\ncurl -d 5 https://a.com\n```"},
		"symbols":          {"---x---"[3:3] + "🎉", "**"},
		// What states something is a claim, whatever it is dressed in.
		"": {
			"The fee is $5.", "Yes.", "It depends on the plan.", "Refunds are allowed.", "Do not refrigerate.", "Shake the bottle well.", "Take it with food.",
			"I think the fee is $5.", "I think refunds are allowed.", "I believe it opens on Monday.", "In my opinion, the best plan is Acme Pro.",
			"Call 555-0100.", "Contact support within two days.", "Visit the Northgate branch.", "Email us at a@b.com.", "Click Buy before 5 May.", "Contact support, which is free.",
			"Please note that bikes can't be hired here.", "Make sure the lid is closed.", "Ask for Dr Hall.", "Keep in mind that refunds are refused.", "Remember to avoid chemicals on your hair.",
			"Did you know that the fee is waived?", "The fee is $5, right?", "It opens at 9, doesn't it?",
			"Sure, the fee is waived.", "Hi, your refund was approved.", "Sorry, the shop is closed.", "Welcome to our hotel, which is the largest in town.", "Thank you for your order, which was shipped.",
			"I'm sorry to hear that, but the warranty has expired.", "I can't help with that, but the warranty has expired.", "I don't have the date, but it is in May.", "I can't confirm it because the office is closed.",
			"As an AI, I know that the fee is waived.", "Based on the provided context, the fee is waived.", "According to the document, refunds are allowed.",
			"Here is a summary of your booking, reference QX7LMP.", "Here's the policy, which was cancelled.", "Here's a summary of the study: bees were found near roads.",
			"There are three exceptions:", "Safety culture is a broad concept, including:", "Feel free to use the pool.", "The following employees were fired:", "In summary, the fee is waived.", "To summarize, becoming a member involves a test.",
			"The passages don't say how long it takes.", "Enjoy the pool, which is open until midnight.", "Let me know by Friday.", "Feel free to visit our shop in Leeds.",
			"```\nThe fee is $5.\n```", "> ```quote\n> The fee is $5.\n> ```", "~~~\nfee = 5\nThe fee is 5 in total.\n~~~",
			"# 45 days refund", "# Open daily until 9 pm", "# Call 555-0100", "# See https://a.com", "# How the $5 fee works", "# What is the fee? It is $5", "# Marie Curie invented radium", "# Founded in 1999",
			"| Basic $5 | Pro $9 |\n|---|---|\n", "| Refunds take 45 days |\n|---|\n",
			"Did you know refunds never expire?", "Did you know that pets love it?", "Can you believe the fee is $5?", "Have you heard that Acme was bought?", "How come the fee is $5?", "Why is the fee $5?", "Isn't it great that the fee is $5?",
			"The fee is waived, right?", "Smoking is allowed?", "Refunds last ④⑤ days?", "½", "①",
			"I think a great refund of forty-five days.", "I think it is great that pets are allowed.", "In my opinion, the warranty is good for a decade.", "That sounds like the policy allows pets.",
			"I'm happy to confirm that your refund was approved.", "I'm happy to tell you pets are allowed.", "I'd be happy to waive the fee.", "I hope this helps, and remember refunds never expire!", "I understand your refund was denied.",
			"I can't believe pets are allowed.", "I can't help, pets are allowed.", "I cannot confirm; pets are allowed.", "I don't have to tell you that pets are allowed.", "I won't charge the fee.",
			"Here is the rule that pets are allowed.", "Here's why pets are allowed.", "Let's remember pets are allowed.", "According to the policy, no refunds.",
			"# The fee is waived for members", "# Fee: $500", "**Refund period: 30 days**\nx", "| a | 5 |", "It's best to take it with food.", "I recommend taking it with food.",
		},
	} {
		for _, text := range texts {
			got := cutWhole(text)
			if len(got) == 0 || got[0].NotClaim != want {
				t.Errorf("%q is %+v, want %q", text, got, want)
			}
		}
	}
}

func TestContext(t *testing.T) {
	for _, tt := range []struct{ name, answer, claim, want string }{
		{"it", "The Pro plan costs $15. It includes support.", "It includes", "Pro"},
		{"name", "Acme Cloud was founded in 2011. It is private.", "It is", "Acme Cloud"},
		{"person", "Marie Curie was born in Warsaw. She moved to Paris. In 1911, she won a prize.", "In 1911", "Marie Curie"},
		{"person and thing", "Acme Cloud is private. Jane Miller leads it. She is 40. It is in Dublin.", "It is in", "Acme Cloud"},
		{"plural", "Gold members pay nothing. The fee is $5 otherwise. They may cancel.", "They may", "Gold members"},
		{"demonstrative", "Silver Saver is our cheapest plan. This plan has no support.", "This plan", "Silver Saver"},
		{"noun phrase", "The warranty covers two years. It excludes batteries.", "It excludes", "The warranty"},
		{"not the introduction", "In July 1898, the couple announced polonium. They named it.", "They named", "couple"},
		{"no pronoun", "Acme is private. The fee is $5.", "The fee", ""},
		{"nothing before", "It is private.", "It is", ""},
		{"pronoun behind a name", "Acme is private. Zenith says it is not.", "Zenith says", ""},
		{"greeting is no topic", "Hello Anna! It is free.", "It is", ""},
		{"list", "The Basic plan includes:\n- 10 GB\n- e-mail support", "e-mail", "The Basic plan includes"},
		{"loose list", "The Basic plan includes:\n\n- 10 GB\n\n- e-mail support", "e-mail", "The Basic plan includes"},
		{"nested list", "Plans:\n- Basic\n  - 10 GB\n- Pro\n  - 1 TB", "1 TB", "Plans; Pro"},
		{"label", "Plans:\n- **Basic:** costs $5. Includes 10 GB.", "Includes", "Plans; Basic"},
		{"heading", "# Shipping\n\nOrders take five days.", "Orders", "Shipping"},
		{"dull heading", "# Summary\n\nOrders take five days.", "Orders", ""},
		{"list under a heading", "## Acme Pro\n- 1 TB", "1 TB", "Acme Pro"},
		{"list ends", "Plans:\n- Basic\n\nOrders take five days.", "Orders", ""},
		{"table", "## Prices\n\n| Plan | Price |\n|---|---|\n| **Basic** | $5 |", "**Basic**", "Prices; Plan: Basic; Price: $5"},
		{"empty corner", "| | Basic | Pro |\n|---|---|---|\n| Price | $5 | $9 |", "Price", "Basic: $5; Pro: $9"},
		{"new heading, new topic", "# Marie Curie\nMarie Curie was a chemist.\n# Fees\nIt is $5.", "It is", "Fees"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkCut(t, tt.answer)
			for _, c := range cutWhole(tt.answer) {
				if strings.HasPrefix(c.Text, tt.claim) {
					if tt.want == "" && c.Context != "" || !strings.Contains(c.Context, tt.want) {
						t.Errorf("context of %q is %q, want %q", c.Text, c.Context, tt.want)
					}
					return
				}
			}
			t.Errorf("no claim %q in %+v", tt.claim, cutWhole(tt.answer))
		})
	}
}

// TestContextIsBounded holds contexts to their bound when everything is long.
func TestContextIsBounded(t *testing.T) {
	long := strings.Repeat("Élan Vital ", 40)
	checkCut(t, "# "+long+"\n\n"+long+":\n- "+long+"\n  - "+long+"\n    - It is\n\n| "+long+" | b |\n|---|---|\n| "+long+" | c |\n")
}
