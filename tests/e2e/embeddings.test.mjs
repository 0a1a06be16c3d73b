// The stand-in's /v1/embeddings, as the official openai client sees it: what the embedders' tests rely on is what OpenAI speaks;
// then the daemon's own.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { startHob, startModel } from "./daemon.mjs";

let model, client, hob, own;
before(async () => {
  model = await startModel();
  client = new OpenAI({ baseURL: `http://127.0.0.1:${model.port}/v1`, apiKey: "unused", maxRetries: 0 });
  hob = await startHob({ models: `  providers:
    local: {plugin: provider_openai, base_url: "http://127.0.0.1:${model.port}/v1", api_key: k}
  tiers: {fast: [local/echo], embed: [embedder_hashing]}
  prices: {local/embed: {input: 1}}
` });
  own = new OpenAI({ baseURL: `${hob.base}/v1`, apiKey: "unused", maxRetries: 0 });
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  model.stop();
});

test("the client's own base64 and plain numbers are the same vectors", async () => {
  const packed = await client.embeddings.create({ model: "embed", input: ["one", "two"] });
  const plain = await client.embeddings.create({ model: "embed", input: ["one", "two"], encoding_format: "float" });
  assert.equal(packed.data.length, 2);
  assert.deepEqual(Array.from(packed.data[1].embedding), plain.data[1].embedding);
});

test("dimensions are kept, an empty text is refused", async () => {
  const short = await client.embeddings.create({ model: "embed", input: "one", dimensions: 3, encoding_format: "float" });
  assert.equal(short.data[0].embedding.length, 3);
  await assert.rejects(client.embeddings.create({ model: "embed", input: [""] }), { status: 400 });
});

test("hob: a provider's model, in both encodings, as its server gives it", async () => {
  const input = Array.from({ length: 70 }, (_, i) => `text ${i}`);  // more than one request's worth
  const straight = await client.embeddings.create({ model: "embed", input, encoding_format: "float" });
  for (const more of [{}, { encoding_format: "float" }]) {
    const answer = await own.embeddings.create({ model: "local/embed", input, ...more });
    assert.equal(answer.data.length, 70);
    assert.ok(answer.usage.prompt_tokens > 70);
    answer.data[69].embedding.forEach((x, i) => assert.ok(Math.abs(x - straight.data[69].embedding[i]) < 1e-6));
  }
});

test("hob: an embedding that costs is booked", async () => {
  await own.embeddings.create({ model: "local/embed", input: "what it costs" });
  const { stdout } = await hob.hobctl(["--json", "usage", "list"]);
  const [call] = JSON.parse(stdout).items;
  assert.equal(call.model, "local/embed");
  assert.equal(call.purpose, "embedding");
  assert.ok(call.cost_usd > 0);
});

test("hob: the tier's embedder by the tier's name and by its own", async () => {
  for (const name of ["tier/embed", "embedder_hashing"]) {
    const answer = await own.embeddings.create({ model: name, input: "one" });
    assert.ok(answer.data[0].embedding.length > 1);
  }
});

test("hob: what is wrong is said in OpenAI's shape", async () => {
  const fails = (change, kind, words) => assert.rejects(own.embeddings.create({ model: "local/embed", input: "x", ...change }),
    (e) => e instanceof kind && words.test(e.message));
  await fails({ input: "" }, OpenAI.BadRequestError, /input/);
  await fails({ input: ["a", ""] }, OpenAI.BadRequestError, /none empty/);
  await fails({ input: [[1, 2]] }, OpenAI.BadRequestError, /tokens are not taken/);
  await fails({ dimensions: 3 }, OpenAI.BadRequestError, /dimensions/);
  await fails({ model: "nobody/x" }, OpenAI.NotFoundError, /nobody/);
  await fails({ model: "embedder_hashing/cheap" }, OpenAI.NotFoundError, /embedder plugin is named without a model/);
  await fails({ model: "local/embed-error-429" }, OpenAI.RateLimitError, /429/);
});
