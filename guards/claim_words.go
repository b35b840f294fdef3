package guards

// The word lists of claims.go, in lower case.

var interjections = []string{
	"hi there", "hi", "hello there", "hello", "hey there", "hey", "greetings", "welcome", "good morning", "good afternoon", "good evening",
	"sure thing", "sure", "certainly", "of course", "absolutely", "definitely", "great question", "good question", "excellent question",
	"that's a great question", "that's a good question", "good news", "great news", "congratulations", "congrats", "thanks", "thank you",
	"no problem", "you're welcome", "happy to help", "glad you asked", "great choice", "okay", "ok", "alright", "great", "thank you for asking",
	"thanks for asking", "sorry", "i'm sorry", "i am sorry", "my apologies", "i apologize", "i apologise", "unfortunately", "no worries",
	"got it", "understood", "noted", "well done",
}

var greetings = []string{
	"i'm sorry to hear", "i am sorry to hear", "sorry to hear", "i'm so sorry to hear", "sorry about", "i'm sorry about", "i'm sorry for the inconvenience",
	"sorry for the inconvenience", "we apologize for", "i apologize for", "i apologise for", "thank you for your", "thanks for your",
	"thank you for contacting", "thanks for contacting", "thank you for reaching", "thanks for reaching", "thank you for asking", "thanks for asking",
	"i'd be happy to help", "i would be happy to help", "i'm happy to help", "i'm glad to help", "i'd be glad to help", "happy to help", "welcome to",
	"congratulations on", "congrats on", "i understand your", "i understand that this", "i understand how", "i can help with that", "i can help you with that",
	"let me help", "let's dive in", "let's get started", "let me explain", "let me walk you", "how can i help", "good luck with",
	"great question", "good question", "that's a great question", "that's a good question", "glad you asked",
}

var closings = []string{
	"i hope this helps", "i hope that helps", "hope this helps", "hope that helps", "i hope this information", "i hope this answers", "i hope that answers",
	"i hope this clarifies", "i hope this", "let me know if", "let me know what", "let me know how", "let me know whether", "please let me know",
	"feel free to ask", "feel free to reach out", "feel free to let me know", "please feel free to ask", "please feel free to reach out",
	"don't hesitate to ask", "don't hesitate to reach out", "please don't hesitate to ask", "please don't hesitate to reach out", "please do not hesitate to ask",
	"please do not hesitate to reach out", "do not hesitate to ask", "do not hesitate to reach out",
	"if you have any other questions", "if you have any further questions", "if you have any more questions", "if you have any questions",
	"if you have more questions", "if you have other questions", "if you need further", "if you need more help", "if you need any further",
	"if you'd like more detail", "if you would like more detail", "if there's anything else", "if there is anything else",
	"have a great", "have a nice", "have a good", "have a pleasant", "have a lovely", "have a wonderful", "have a safe", "have fun",
	"enjoy your", "enjoy the", "enjoy", "safe travels", "happy gardening", "happy cooking", "happy baking", "happy coding", "happy reading", "happy travels", "happy shopping",
	"wishing you", "i wish you", "good luck", "best of luck", "take care", "best regards", "kind regards", "best wishes", "warm regards",
	"cheers", "thank you", "thanks again", "i hope your", "i hope you", "hope you", "get well soon", "stay safe", "i'm here to help", "i'm here if", "i am here to help",
	"happy to help", "i'm happy to", "i'd be happy to", "i would be happy to", "i'd be glad to",
}

var selfDescriptions = []string{
	"as an ai", "as a language model", "as a large language model", "as a virtual assistant", "as an assistant", "i'm an ai", "i am an ai",
	"i'm a language model", "i am a language model", "i'm just an ai", "i am just an ai", "i'm only an ai", "my knowledge cutoff", "my training data",
	"my knowledge is limited", "i'm a virtual assistant", "i am a virtual assistant", "i'm not a lawyer", "i am not a lawyer", "i'm not a doctor", "i am not a doctor",
}

var refusals = []string{
	"i can't", "i cannot", "i can not", "i'm unable to", "i am unable to", "i'm not able to", "i am not able to", "i won't be able to", "i will not be able to",
	"i couldn't find", "i could not find", "i can't find", "i don't have", "i do not have", "i don't know", "i do not know", "i'm not sure", "i am not sure",
	"i'm afraid i can't", "i'm afraid i cannot", "i'm afraid i don't", "but i can't", "but i cannot", "but i'm unable to", "but i don't have", "but i do not have",
	"but i'm not able to", "but i couldn't find", "but i don't know", "i must decline", "i have no information", "i have no way of knowing", "i won't",
}

var opinions = []string{
	"i think", "i believe", "i feel", "i find", "i'd say", "i would say", "i guess", "in my opinion", "in my view", "personally", "to me",
	"i personally", "if you ask me", "i love", "i like", "i prefer", "it seems to me",
}

// advising is advice when a word of asking follows: to take a medicine with
// food is a statement, to ask a doctor is not.
var advising = []string{
	"i'd recommend", "i would recommend", "i recommend", "i'd suggest", "i would suggest", "i suggest", "i'd advise you to", "i would advise you to", "i advise you to",
	"i recommend that you", "i'd recommend that you", "it's best to", "it is best to", "it's a good idea to", "it is a good idea to", "it's always best to",
	"you may want to", "you might want to", "you may wish to", "you should",
}

var asking = set("contacting calling checking consulting asking speaking talking reaching contact consult check ask speak talk reach")

var exclamations = []string{
	"that sounds like", "that sounds", "that's great", "that's wonderful", "that's awesome", "that is great", "that is wonderful", "sounds like a", "sounds great", "sounds good",
	"what a great", "what a lovely", "what a wonderful", "what a", "how exciting", "how lovely", "how wonderful", "don't panic", "don't worry", "no need to worry",
}

var evaluations = set("best better great good nice beautiful lovely wonderful amazing awesome excellent interesting important worth worthwhile fun " +
	"bad worse worst ugly boring prefer love like enjoy delicious charming fantastic solid fine helpful useful sensible wise nicer favourite favorite")

var announcements = []string{
	"here's", "here is", "here are", "here you go", "below is", "below are", "below you'll find", "below you will find", "the following is a", "the following are",
	"let's look at", "let's take a look at", "let me summarize", "let me break",
	"this is a summary", "this is a brief summary", "this is what",
}

// summing announces only with a colon at the end.
var summing = []string{"in summary", "to summarize", "to summarise", "to sum up", "in short", "summary", "so to summarize"}

var sources = []string{
	"based on", "according to", "from the", "per the", "as stated in", "in the provided", "using the", "given the",
}

var announcing = set("are is include includes follows following says states below")

var questionWords = set("what which who whom whose when where why how what's who's where's how's")

var inverted = set("is are was were am do does did can could will would shall should may might must have has had isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't haven't hasn't want need looking")

// urging stands before an imperative.
var urging = []string{
	"please", "then", "next", "first", "finally", "always", "or", "and", "instead", "feel free to", "don't hesitate to", "do not hesitate to",
	"remember to", "be sure to", "make sure to",
}

var imperatives = []string{
	"contact", "reach out", "get in touch", "consult", "ask", "speak with", "speak to", "talk to", "talk with", "check with", "check the website", "check their website",
	"check our website", "see the", "refer to", "visit our", "visit the", "visit their", "call us", "call our", "call the", "call customer", "call support", "email us", "email our",
	"email support", "message us", "write to us", "get help", "seek medical", "seek legal", "seek professional", "seek advice",
	"log in", "log into", "sign in", "log out", "sign out",
	"follow the instructions", "follow the steps", "follow these steps",
	"try again", "take a look", "have a look", "let's", "stay tuned", "read on",
}

// clicks are instructions even when they name what to click; picks only then.
var (
	clicks = []string{"click", "tap", "double-click", "right-click"}
	picks  = []string{"press", "select", "choose", "open"}
)

// presuming opens a question that takes what follows for granted.
var presuming = []string{
	"did you know", "do you know that", "didn't you know", "are you aware", "were you aware", "you know", "have you heard that", "have you heard about", "can you believe",
	"would you believe", "wouldn't you know", "who knew", "how come", "did i mention", "have i mentioned",
}

// joining may stand before the first word of a question.
var joining = set("and or so but then also")

// topical follows presuming where it only asks: "Are you aware of the rules?"
var topical = set("of about whether if what which who how when where why")

// telling is what an offer does that says the thing at once.
var telling = []string{
	"confirm", "tell you", "say", "report", "inform", "announce", "let you know", "share that", "know", "assure", "waive",
}

// assuring turns a refusal into its opposite: "I can't deny that".
var assuring = []string{
	"believe", "stress", "emphasize", "emphasise", "overstate", "deny", "wait to", "help but", "imagine", "to tell you", "to remind you",
}

// asides open a clause behind a comma that goes on with a refusal.
var asides = set("i i'm i'd i'll you your please if and or nor so including such like when where what how whether especially particularly even without as for with in on at not only just though")

// measured stands behind a figure, dating before a year.
var (
	measured = set("day days second seconds am pm a.m p.m gb mb tb kb kg km cm mm mg ml mph usd eur gbp dollars dollar euros euro pounds cents people users seats degrees points")
	dating   = set("in since until from before after by of")
)

var finiteVerbs = set("is are was were am has have had do does did can could will would shall should may might must cannot " +
	"isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't can't couldn't won't wouldn't shouldn't mustn't " +
	"it's that's there's he's she's they're we're you're it'll they'll you'll we'll they've you've we've " +
	"costs takes includes requires offers provides works needs applies starts begins ends opens closes allows gets gives runs means makes says " +
	"expires lasts covers contains comes goes becomes went became said announced rose fell won died supports uses keeps remains " +
	"increased decreased grew dropped reached began ended opened closed launched released founded approved rejected decided agreed voted never")

var countWords = set("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty " +
	"thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million millions billion billions trillion dozen dozens half third quarter twice " +
	"double triple percent percentage daily weekly monthly yearly decade decades century centuries fortnight annually hourly nightly midnight noon hour hours minute minutes week weeks month months year years " +
	"monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays weekday weekdays weekends " +
	"january february april june july august september october november december free")
