# What the tests of rules are made of.
package fixture

# A whole answer of route support and application shop in which nothing was found.
answer(changes) := object.union(
	{
		"version": 1,
		"now": "2026-11-24T10:00:00Z",
		"bucket": 5000,
		"phase": "answer",
		"app": "shop",
		"route": "support",
		"model": "test-model",
		"choice": 0,
		"streamed": false,
		"final": true,
		"sentences": {"supported": [], "contradicted": [], "not_covered": [], "not_claim": [], "not_measured": []},
		"counts": {"checked": 0, "supported": 0, "contradicted": 0, "not_covered": 0, "not_claim": 0, "not_measured": 0},
		"groundedness": null,
		"guards": {"groundedness": {"status": "ok", "error": "", "truth": true}},
		"unmeasured": [],
		"skipped": [],
		"findings": [],
	},
	changes,
)

sentence(index, score) := {
	"index": index,
	"start": index * 80,
	"end": (index * 80) + 79,
	"category": "number",
	"score": score,
	"guard": "groundedness",
}

# What a guard found in sentence index of the answer that says nothing about truth.
finding(guard, category, index, score) := {
	"guard": guard,
	"category": category,
	"group": "",
	"score": score,
	"side": "answer",
	"message": 0,
	"sentence": index,
	"start": (index * 80) + 10,
	"end": (index * 80) + 30,
	"known": false,
}

# What came in, in which nothing was found.
prompt(changes) := answer(object.union({"phase": "prompt"}, changes))

# What a guard found in a message of the prompt.
prompt_finding(guard, category, message, score) := object.union(
	finding(guard, category, message, score),
	{"side": "prompt", "message": message, "sentence": null},
)
