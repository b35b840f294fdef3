// The official OpenAI client for Node against a running Touchstone. Run by
// clients_test.go, which gives BASE_URL, API_KEY, MODEL, CALLS_URL, CLIENT (the
// installed package) and the texts that the upstream says.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { BASE_URL, API_KEY, MODEL, CALLS_URL, RIGHT, WITHHELD, CLIENT } = process.env;
const require = createRequire(CLIENT + "/");
const { OpenAI, AuthenticationError, APIError } = require("openai");
const { VERSION } = require("openai/version");

const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, timeout: 20_000 });

const calls = async () => Number(await (await fetch(CALLS_URL)).text());

const say = (what, options = {}, through = client) =>
  through.chat.completions.create({ model: MODEL, messages: [{ role: "user", content: "say " + what }], ...options });

// collect reads a stream: text and finish reason of each choice.
async function collect(stream, text = [], finish = []) {
  for await (const event of stream) {
    for (const choice of event.choices) {
      text[choice.index] = (text[choice.index] ?? "") + (choice.delta.content ?? "");
      finish[choice.index] = choice.finish_reason ?? finish[choice.index];
    }
  }
  return { text, finish };
}

// Each case and how many chat requests the upstream must see: a block that the
// client took for something to retry would be paid for again and again.
const cases = {
  whole: [1, async () => {
    const answer = await say("right");
    assert.equal(answer.choices[0].message.content, RIGHT);
    assert.equal(answer.choices[0].finish_reason, "stop");
  }],
  streamed: [1, async () => {
    const { text, finish } = await collect(await say("right", { stream: true, stream_options: { include_usage: true } }));
    assert.deepEqual([text, finish], [[RIGHT], ["stop"]]);
  }],
  twoChoices: [1, async () => {
    const [good, bad] = (await say("two", { n: 2 })).choices;
    assert.equal(good.message.content, RIGHT);
    assert.equal(bad.finish_reason, "content_filter");
    assert.ok(!bad.message.content.includes("€9"), bad.message.content);
  }],
  twoChoicesStreamed: [1, async () => {
    const { text, finish } = await collect(await say("two", { n: 2, stream: true }));
    assert.equal(text[0], RIGHT);
    assert.ok(!text[1].includes("€9"), text[1]);
    assert.deepEqual(finish, ["stop", "content_filter"]);
  }],
  blocked: [1, async () => {
    const [choice] = (await say("wrong")).choices;
    assert.deepEqual([choice.message.content, choice.finish_reason], [WITHHELD, "content_filter"]);
  }],
  blockedStreamed: [1, async () => {
    const { text, finish } = await collect(await say("mixed", { stream: true }));
    assert.ok(text[0].startsWith("Returns are accepted for 30 days.") && !text[0].includes("€9"), text[0]);
    assert.deepEqual(finish, ["content_filter"]);
  }],
  blockedAsError: [1, async () => {
    await assert.rejects(say("wrong", { model: "strict" }), (err) => err.status === 400 && err.code === "content_filter");
  }],
  blockedAsErrorStreamed: [1, async () => {
    const text = [];
    await assert.rejects(async () => collect(await say("mixed", { model: "strict", stream: true }), text),
      (err) => err instanceof APIError && err.code === "content_filter");
    assert.ok(!(text[0] ?? "").includes("€9"), text[0]);
  }],
  unknownKey: [0, async () => {
    await assert.rejects(say("right", {}, client.withOptions({ apiKey: "sk-nobody" })), AuthenticationError);
  }],
  unknownModel: [0, async () => {
    await assert.rejects(say("right", { model: "gpt-none" }), (err) => err.status === 404 && err.code === "model_not_found");
  }],
  models: [0, async () => {
    const ids = [];
    for await (const m of client.models.list()) ids.push(m.id);
    assert.ok(ids.includes(MODEL), ids.join(", "));
  }],
};

let failed = 0;
for (const [name, [upstreamCalls, run]] of Object.entries(cases)) {
  const before = await calls();
  try {
    await run();
    assert.equal(await calls() - before, upstreamCalls, "requests that the upstream saw");
    console.log("ok  ", name);
  } catch (err) {
    failed++;
    console.log("FAIL", name, err.message);
  }
}
const total = Object.keys(cases).length;
console.log(`openai ${VERSION}, Node ${process.versions.node}: ${total - failed} of ${total} cases passed`);
process.exit(failed ? 1 : 0);
