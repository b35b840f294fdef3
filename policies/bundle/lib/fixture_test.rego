# What the tests of rules are made of.
package fixture

# A whole answer of route support and application shop in which nothing was found.
answer(changes) := object.union(
	{
		"version": 1,
		"app": "shop",
		"route": "support",
		"model": "test-model",
		"choice": 0,
		"streamed": false,
		"final": true,
		"sentences": {"supported": [], "contradicted": [], "not_covered": [], "not_claim": [], "not_measured": []},
		"counts": {"checked": 0, "supported": 0, "contradicted": 0, "not_covered": 0, "not_claim": 0, "not_measured": 0},
		"groundedness": null,
		"guards": {"groundedness": {"status": "ok", "error": ""}},
		"unmeasured": [],
		"skipped": [],
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
