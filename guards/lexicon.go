package guards

import "strings"

// wordClass is a set of roles that a word can play.
type wordClass uint32

const (
	stopWord    wordClass = 1 << iota // carries no content of its own
	negator                           // turns what follows it into its opposite
	verbNegator                       // a negator of the verb, and so of the whole clause
	causal                            // gives a reason: "because", "ensures"
	advice                            // recommends: "consider", "important"
	cardinal                          // "seven": value is its number
	scaleWord                         // "thousand": value multiplies the number before it
	ordinalWord                       // "third": value is its rank
	fractionOf                        // "quarter", "half": value is a fraction
	unitWord                          // "days": dim and value (the factor to the base unit)
	monthName                         // value 1 to 12
	weekdayName                       // value 0 (Monday) to 6
	hedge                             // "may", "usually": the statement is not firm
	absolute                          // "always", "all", "only": the statement has no exceptions
	clauseBreak                       // begins a clause of its own: "but", "while"
	connector                         // may stand inside a name: "of", "de"
	reckoning                         // announces a value that was worked out: "altogether", "longer", "twice"
	opener                            // a word of the language that often opens a sentence: not a name by its capital alone
)

// lexeme is what the tables say of one word.
type lexeme struct {
	class wordClass
	dim   dim
	value float64
	axis  uint8  // the opposition that the word takes part in; 0 for none
	sign  int8   // and its side there
	stem  uint32 // of the word that stands for all its synonyms; 0: its own
}

// lexemes is indexed by token.lex; entry 0 is the unknown word.
var lexemes, lexIndex = buildLexicon()

// Words by role. Forms are listed as written, in lower case: the tables are
// looked up before stemming.
const (
	stopWords = `a an the of to in on at by for with from as is are was were be been being am do does did doing done have has had
		having it its itself this that these those there here he she they them his her hers their theirs our ours your yours my mine we
		you i me us him who whom whose which what when where how why if then than so such and or also too very just can could may might
		must shall should will would into onto upon about over under after before during through between among within per via up down out
		off again further once because until while although though whether however therefore thus hence moreover furthermore additionally
		both each few more most other another some any own same ll ve re d m s t let lets yes okay well now still yet already even
		much many lot lots thing things way ways based according provided given passage passages context document text information
		mentioned states stated says said note overall generally etc e g ie eg like get gets getting got make makes one ones
		regarding including includes include another being whose towards toward across along around not no nor`
	negators     = `no without neither nor none nobody nothing nowhere except non unable lacks lack lacking instead rather`
	verbNegators = `not never cannot avoid avoids avoiding avoidance refuse refuses unaware barely hardly can't won't isn't aren't wasn't weren't don't doesn't didn't
		hasn't haven't hadn't wouldn't shouldn't couldn't mustn't needn't mightn't ain't shan't cant wont dont doesnt didnt isnt`
	causals = `because due therefore thus hence consequently ensure ensures ensuring cause causes caused causing leads leading result results
		resulting reason reasons enabling allowing helps helping making thereby owing thanks purpose aims so`
	advices = `recommend recommended advisable consult consider important essential crucial remember ensure should helpful worth suggest suggested keep
		sure advise advised best tip tips careful`
	hedges = `may might could can possibly perhaps probably likely usually normally typically often sometimes generally aim aims expected expects
		expect should approximately about around roughly possible potential potentially maybe suggests suggest appears seems tends planned plans
		reportedly allegedly discretion hope hopes intends intend`
	absolutes = `always all every only must guaranteed guarantees guarantee never any entirely completely exclusively solely definitely certainly
		everyone nobody everything nothing whatever regardless automatically immediately everywhere none`
	reckonings = `altogether total totals totalling totaling combined together sum double doubled doubling twice triple tripled times half annual annually yearly
		per each monthly longer shorter more fewer less extra additional further remaining remain left difference apart later earlier sooner older younger save saves saving
		savings cheaper dearer increase increased rose grew decrease decreased fell dropped between across both over after gap spanning spans split average
		quarter third higher lower up down year`
	breaks       = `but while whereas although though however because unless otherwise except`
	connectors   = `of de la le du van von der den del da di al el bin the`
	commonOpener = `customers items orders returns refunds members employees users staff note please step first second third finally next
		also overall however additionally according based yes no it the this that these those they he she we you if when while after before
		in on at for from by with as to all any each both some most many there here once since although because during under over another other
		one two three four five six seven eight nine ten according passage given`
)

// Oppositions: a word and its opposite sides. A claim and an evidence that use
// different sides of one about the same thing disagree.
var oppositions = []string{
	"include includes included including contains|exclude excludes excluded excluding omits omitted",
	"increase increases increased increasing rise rises rose risen rising grow grows grew grown growth up higher gain gained climbed climb climbs|decrease decreases decreased decreasing fall falls fell fallen falling drop drops dropped decline declined declines shrank down lower lost cut narrowed",
	"before prior earlier|after following later",
	"allow allows allowed permit permits permitted can|prohibit prohibits prohibited forbid forbids forbidden ban bans banned disallowed cannot",
	"free complimentary gratis waived|charged paid payable chargeable charge fee",
	"open opens opened opening|close closes closed closing shut shuts",
	"required mandatory compulsory obligatory requires|optional voluntary",
	"refund refunds refunded refundable|exchange exchanges exchanged exchangeable",
	"accept accepts accepted approve approves approved|reject rejects rejected decline refuse refuses refused deny denied",
	"above over exceeds exceeded exceed|below under",
	"minimum min least lowest|maximum max most highest",
	"first|last final",
	"start starts started begin begins began beginning|end ends ended finish finishes finished",
	"win wins won winner|lose loses lost loser defeated",
	"buy buys bought buyer purchase purchases purchased|sell sells sold seller",
	"valid active|invalid expired void inactive",
	"enable enables enabled on|disable disables disabled off",
	"north northern|south southern",
	"east eastern|west western",
	"morning|evening afternoon",
	"more greater larger bigger|less fewer smaller",
	"longer|shorter",
	"faster quicker|slower",
	"older|newer younger",
	"inside indoor indoors|outside outdoor outdoors",
	"hot warm|cold cool",
	"positive|negative",
	"public|private",
	"temporary temporarily|permanent permanently",
	"internal|external",
	"domestic|international",
	"add adds added|remove removes removed",
	"success successful succeeded|failure failed unsuccessful",
	"encourage encourages encouraged recommend recommends recommended|discourage discourages discouraged",
	"employer|employee",
	"landlord|tenant",
	"child children minors|adult adults",
	"weekday weekdays|weekend weekends",
	"upgrade upgrades upgraded|downgrade downgrades downgraded",
	"profit profits|loss losses",
	"gross|net",
	"import imports imported|export exports exported",
	"deposit deposits|withdrawal withdrawals",
	"male men|female women",
	"left|right",
	"support supports supported|oppose opposes opposed",
	"guilty|innocent acquitted",
	"alive survived|dead died killed",
	"best|worst",
	"quiet quieter|loud noisy noisier",
	"expensive dearer costly|cheap cheaper inexpensive",
	"easy easier|difficult harder hard",
	"safe|dangerous unsafe",
	"strengthen strengthened|weaken weakened",
	"expand expanded expanding|reduce reduced reducing shrink",
	"full fully|partial partially partly",
	"same identical|different",
}

const months = "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|october oct|november nov|december dec"
const weekdays = "monday mon mondays|tuesday tue tues tuesdays|wednesday wed wednesdays|thursday thu thur thurs thursdays|friday fri fridays|saturday sat saturdays|sunday sun sundays"

var cardinals = map[string]float64{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
	"twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
	"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
	"once": 1, "twice": 2, "thrice": 3,
}

var scales = map[string]float64{
	"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12, "dozens": 12, "lakh": 1e5, "crore": 1e7,
	"hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9, "bn": 1e9, "mn": 1e6, "mln": 1e6,
}

var ordinals = map[string]float64{
	"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
	"eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17,
	"eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}

var fractions = map[string]float64{
	"half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5, "quarter": 0.25, "quarters": 0.25, "thirds": 1.0 / 3, "fifths": 0.2, "tenths": 0.1, "eighths": 0.125,
}

// units lists the words of each dimension with the factor to its base unit.
var units = []struct {
	dim    dim
	factor float64
	words  string
}{
	{dimSeconds, 1, "second seconds sec secs"},
	{dimSeconds, 0.001, "millisecond milliseconds ms"},
	{dimSeconds, 60, "minute minutes min mins"},
	{dimSeconds, 3600, "hour hours hr hrs h hourly"},
	{dimSeconds, 86400, "day days night nights"},
	{dimSeconds, 7 * 86400, "week weeks fortnightly"},
	{dimSeconds, 14 * 86400, "fortnight fortnights"},
	{dimMonths, 1, "month months"},
	{dimMonths, 12, "year years yr yrs"},
	{dimMonths, 120, "decade decades"},
	{dimMonths, 1200, "century centuries"},
	{dimPercent, 1, "percent pct"},
	{dimPoints, 1, "pp"},
	{dimMetres, 1, "metre metres meter meters m"},
	{dimMetres, 0.001, "mm millimetre millimetres millimeter millimeters"},
	{dimMetres, 0.01, "cm centimetre centimetres centimeter centimeters"},
	{dimMetres, 1000, "km kilometre kilometres kilometer kilometers kms"},
	{dimMetres, 1609.344, "mile miles mi"},
	{dimMetres, 0.3048, "foot feet ft"},
	{dimMetres, 0.0254, "inch inches"},
	{dimMetres, 0.9144, "yard yards"},
	{dimGrams, 1, "g gram grams gramme grammes"},
	{dimGrams, 0.001, "mg milligram milligrams"},
	{dimGrams, 1e-6, "mcg microgram micrograms"},
	{dimGrams, 1000, "kg kilo kilos kilogram kilograms kgs"},
	{dimGrams, 1e6, "tonne tonnes"},
	{dimGrams, 453.59237, "lb lbs"},
	{dimGrams, 28.349523125, "oz ounce ounces"},
	{dimLitres, 1, "l litre litres liter liters"},
	{dimLitres, 0.001, "ml millilitre millilitres milliliter milliliters"},
	{dimLitres, 0.01, "cl centilitre centilitres"},
	{dimBytes, 1, "byte bytes"},
	{dimBytes, 1e3, "kb kilobyte kilobytes"},
	{dimBytes, 1e6, "mb megabyte megabytes"},
	{dimBytes, 1e9, "gb gigabyte gigabytes"},
	{dimBytes, 1e12, "tb terabyte terabytes"},
	{dimBytes, 1024, "kib"},
	{dimBytes, 1 << 20, "mib"},
	{dimBytes, 1 << 30, "gib"},
	{dimBits, 1e6, "mbps"},
	{dimBits, 1e9, "gbps"},
	{dimWattHours, 1, "wh"},
	{dimWattHours, 1000, "kwh"},
	{dimWatts, 1, "w watt watts"},
	{dimWatts, 1000, "kw kilowatt kilowatts"},
	{dimWatts, 1e6, "mw megawatt megawatts"},
	{dimVolts, 1, "v volt volts"},
	{dimAmps, 1, "amp amps"},
	{dimAmps, 0.001, "mah"},
	{dimHertz, 1, "hz hertz"},
	{dimHertz, 1e6, "mhz"},
	{dimHertz, 1e9, "ghz"},
	{dimCelsius, 1, "c celsius centigrade degree degrees"},
	{dimFahrenheit, 1, "f fahrenheit"},
	{dimPascals, 1e5, "bar bars"},
	{dimPascals, 6894.757, "psi"},
	{dimSpeed, 1, "mph"},
	{dimSpeed, 0.621371192, "kph kmh"},
	{dimDollar, 1, "dollar dollars usd"},
	{dimDollar, 0.01, "cent cents"},
	{dimEuro, 1, "eur euro euros"},
	{dimPound, 1, "gbp sterling quid"},
	{dimPounds, 1, "pound pounds"},
	{dimPound, 0.01, "pence penny p"},
	{dimYen, 1, "jpy yen"},
	{dimRupee, 1, "inr rupee rupees"},
	{dimFranc, 1, "chf franc francs"},
	{dimCAD, 1, "cad"},
	{dimAUD, 1, "aud"},
	{dimKrona, 1, "sek nok dkk krona kronor krone kroner"},
	{dimZloty, 1, "pln zloty"},
	{dimYuan, 1, "cny yuan rmb"},
}

func buildLexicon() ([]lexeme, map[string]uint16) {
	entries, index := make([]lexeme, 1, 1024), make(map[string]uint16, 1024)
	at := func(w string) *lexeme {
		i, ok := index[w]
		if !ok {
			i = uint16(len(entries))
			index[w] = i
			entries = append(entries, lexeme{})
		}
		return &entries[i]
	}
	for class, list := range map[wordClass]string{
		stopWord: stopWords, negator: negators + " " + verbNegators, verbNegator: verbNegators, causal: causals, advice: advices, hedge: hedges, absolute: absolutes,
		clauseBreak: breaks, reckoning: reckonings, connector: connectors, opener: commonOpener + " " + stopWords,
	} {
		for w := range strings.FieldsSeq(list) {
			at(w).class |= class
		}
	}
	for class, table := range map[wordClass]map[string]float64{cardinal: cardinals, scaleWord: scales, ordinalWord: ordinals, fractionOf: fractions} {
		for w, v := range table {
			e := at(w)
			e.class |= class
			e.value = v
		}
	}
	for class, list := range map[wordClass]string{monthName: months, weekdayName: weekdays} {
		for i, names := range strings.Split(list, "|") {
			for w := range strings.FieldsSeq(names) {
				e := at(w)
				e.class |= class
				e.value = float64(i)
				if class == monthName {
					e.value++
				}
			}
		}
	}
	for _, u := range units {
		for w := range strings.FieldsSeq(u.words) {
			e := at(w)
			if e.class&ordinalWord != 0 { // "second": the unit reads its factor from dimSeconds, 1
				e.class |= unitWord
				e.dim = u.dim
				continue
			}
			e.class |= unitWord
			e.dim, e.value = u.dim, u.factor
		}
	}
	for i, pair := range oppositions {
		a, b, _ := strings.Cut(pair, "|")
		for w := range strings.FieldsSeq(a) {
			e := at(w)
			e.axis, e.sign = uint8(i+1), 1
		}
		for w := range strings.FieldsSeq(b) {
			e := at(w)
			e.axis, e.sign = uint8(i+1), -1
		}
	}
	for group := range strings.Lines(synonyms) {
		words := strings.Fields(group)
		for _, w := range words {
			at(w).stem = stemHash([]byte(words[0]))
		}
	}
	return entries, index
}

// irregular maps forms that suffix stripping cannot bring together.
var irregular = map[string]string{
	"bought": "buy", "paid": "pay", "sent": "send", "made": "make", "took": "take", "taken": "take", "gave": "give", "given": "give",
	"ran": "run", "left": "leave", "kept": "keep", "held": "hold", "sold": "sell", "told": "tell", "found": "find", "went": "go",
	"gone": "go", "came": "come", "became": "become", "began": "begin", "begun": "begin", "wrote": "write", "written": "write",
	"spoke": "speak", "spoken": "speak", "chose": "choose", "chosen": "choose", "won": "win", "lost": "lose", "met": "meet",
	"led": "lead", "built": "build", "brought": "bring", "thought": "think", "taught": "teach", "caught": "catch", "saw": "see",
	"seen": "see", "grew": "grow", "grown": "grow", "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall", "drove": "drive",
	"driven": "drive", "children": "child", "people": "person", "men": "man", "women": "woman", "feet": "foot", "died": "die",
	"dead": "die", "death": "die", "spent": "spend", "stood": "stand", "understood": "understand", "shown": "show", "known": "know",
	"knew": "know", "broke": "break", "broken": "break", "worn": "wear", "wore": "wear", "shot": "shoot", "struck": "strike",
	"said": "say", "hung": "hang", "flew": "fly", "flown": "fly", "ate": "eat", "eaten": "eat", "drank": "drink", "fought": "fight",
	"felt": "feel", "meant": "mean", "dealt": "deal", "slept": "sleep", "lent": "lend", "stolen": "steal", "stole": "steal",
	"forgot": "forget", "forgotten": "forget", "hidden": "hide", "hid": "hide", "threw": "throw", "thrown": "throw",
}
