// The stand-in's /v1/embeddings, as the official openai client sees it: what the embedders' tests rely on is what OpenAI speaks.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { startModel } from "./daemon.mjs";

let model, client;
before(async () => {
  model = await startModel();
  client = new OpenAI({ baseURL: `http://127.0.0.1:${model.port}/v1`, apiKey: "unused", maxRetries: 0 });
});
after(() => model.stop());

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
