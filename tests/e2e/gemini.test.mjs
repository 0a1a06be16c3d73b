// The official @google/genai client against the strict stand-in, which shows that the stand-in speaks the protocol; then the
// daemon with provider_gemini against that same stand-in.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { GoogleGenAI, FunctionCallingConfigMode } from "@google/genai";
import OpenAI from "openai";
import { startHob, startFake } from "./daemon.mjs";

let fake, client, hob, openai;
before(async () => {
  fake = await startFake("fake_gemini", "--key", "right");
  client = new GoogleGenAI({ apiKey: "right", httpOptions: { baseUrl: `http://127.0.0.1:${fake.port}` } });
  const at = `base_url: "http://127.0.0.1:${fake.port}"`;
  hob = await startHob({ extra: "tools: {approval: never}", models: `  providers:
    gemini: {plugin: provider_gemini, ${at}, api_key: right, safety: BLOCK_ONLY_HIGH}
    thinker: {plugin: provider_gemini, ${at}, api_key: right, api_version: v1, thinking_budget: 1000, include_thoughts: true}
    wrong: {plugin: provider_gemini, ${at}, api_key: wrong}
  tiers: {fast: [gemini/gemini-2.5-flash], smart: [gemini/gemini-3-flash], embed: []}
  budget: {daily: 0, monthly: 0}
  times: {retries: 0}
` });
  openai = new OpenAI({ baseURL: `${hob.base}/v1`, apiKey: "unused", maxRetries: 0 });
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  fake.stop();
});

const lamp = { name: "lamp", description: "Switch the lamp.", parameters: { type: "OBJECT", properties: { on: { type: "BOOLEAN" } } } };
const tools = [{ functionDeclarations: [lamp] }];

// the client and the stand-in

test("client: an answer", async () => {
  const response = await client.models.generateContent({ model: "gemini-2.5-flash", contents: "good morning" });
  assert.equal(response.text, "echo: good morning");
  assert.equal(response.candidates[0].finishReason, "STOP");
  assert.ok(response.usageMetadata.promptTokenCount > 0);
});

test("client: a stream", async () => {
  const stream = await client.models.generateContentStream({ model: "echo-5", contents: "tell me a long story of the sea" });
  let text = "", pieces = 0;
  for await (const piece of stream) { text += piece.text ?? ""; pieces += 1; }
  assert.equal(text, "echo: tell me a long story of the sea");
  assert.ok(pieces > 3, `${pieces} pieces`);
});

test("client: two calls at once, and the loop that brings their signature back", async () => {
  const asked = { role: "user", parts: [{ text: 'CALL lamp {"on":true} CALL lamp {"on":false}' }] };
  const first = await client.models.generateContent({ model: "gemini-3-flash", contents: [asked], config: { tools } });
  assert.deepEqual(first.functionCalls.map((c) => c.args), [{ on: true }, { on: false }]);
  const results = { role: "user", parts: first.functionCalls.map((c) => ({ functionResponse: { id: c.id, name: c.name, response: { result: String(c.args.on) } } })) };
  const loop = (content) => client.models.generateContent({ model: "gemini-3-flash", contents: [asked, content, results], config: { tools } });
  assert.equal((await loop(first.candidates[0].content)).text, "tools said: true | false");
  const bare = { role: "model", parts: first.candidates[0].content.parts.map(({ functionCall }) => ({ functionCall })) };
  await assert.rejects(loop(bare), /missing a thought_signature/);
});

test("client: a chat keeps what it must", async () => {
  const chat = client.chats.create({ model: "gemini-3-flash", config: { tools } });
  const first = await chat.sendMessage({ message: 'CALL lamp {"on":true}' });
  const [call] = first.functionCalls;
  const second = await chat.sendMessage({ message: [{ functionResponse: { id: call.id, name: call.name, response: { result: "it is on" } } }] });
  assert.equal(second.text, "tools said: it is on");
});

test("client: models, page by page", async () => {
  const names = [];
  for await (const model of await client.models.list()) names.push(model.name);
  assert.ok(names.length === 5 && names.includes("models/echo-20"), names.join());
});

test("client: errors have their status", async () => {
  for (const status of [400, 403, 404, 429, 500, 503])
    await assert.rejects(client.models.generateContent({ model: `error-${status}`, contents: "x", config: { httpOptions: { retryOptions: { attempts: 1 } } } }), (e) => e.status === status);
  const blocked = await (await client.models.generateContentStream({ model: "blocked", contents: "x" })).next();
  assert.equal(blocked.value.promptFeedback.blockReason, "PROHIBITED_CONTENT");
});

const post = async (body, model = "gemini-2.5-flash") => {
  const response = await fetch(`http://127.0.0.1:${fake.port}/v1beta/models/${model}:generateContent`, { method: "POST",
    headers: { "content-type": "application/json", "x-goog-api-key": "right" }, body: JSON.stringify(body) });
  return { status: response.status, message: (await response.json()).error?.message ?? "" };
};
const ask = [{ role: "user", parts: [{ text: "x" }] }];
const schema = (parameters) => ({ contents: ask, tools: [{ functionDeclarations: [{ name: "f", parameters }] }] });
for (const [what, words, body] of [
  ["no contents", /contents is not specified/, {}],
  ["an unknown member", /Unknown name "seed"/, { contents: ask, seed: 7 }],
  ["a model's turn first", /first turn/, { contents: [{ role: "model", parts: [{ text: "hi" }] }] }],
  ["additionalProperties in a schema", /additionalProperties/, schema({ type: "OBJECT", additionalProperties: false, properties: { a: { type: "STRING" } } })],
  ["an object without properties", /non-empty/, schema({ type: "OBJECT", properties: {} })],
  ["numbers to choose from", /only allowed for STRING/, schema({ type: "OBJECT", properties: { a: { type: "INTEGER", enum: ["1"] } } })],
  ["a type list", /Invalid value/, schema({ type: "OBJECT", properties: { a: { type: ["STRING"] } } })],
  ["a result without its call", /number of function response parts/, { contents: [{ role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] }] }],
  ["JSON mode beside functions", /mime type/, { ...schema({ type: "OBJECT", properties: { a: { type: "STRING" } } }), generationConfig: { responseMimeType: "application/json" } }],
]) {
  test(`the stand-in refuses ${what}`, async () => {
    const { status, message } = await post(body);
    assert.equal(status, 400, message);
    assert.match(message, words);
  });
}

// the daemon

const say = async (message, more = {}) => {
  const response = await fetch(`${hob.base}/chat`, { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ message, stream: false, ...more }) });
  return { status: response.status, ...(await response.json()) };
};

test("hob: an answer and its tokens", async () => {
  const one = await say("good morning");
  assert.equal(one.reply, "echo: good morning");
  assert.ok(one.usage.input_tokens > 0 && one.usage.output_tokens > 0);
  assert.equal((await say("and good evening", { conversation_id: one.conversation_id })).reply, "echo: and good evening");
});

test("hob: every tool's schema is taken, and two calls at once, with signatures and without", async () => {
  for (const model of ["gemini/gemini-2.5-flash", "gemini/gemini-3-flash", "thinker/gemini-3-flash"]) {
    const { reply } = await say('CALL calculate {"expression":"6*7"} CALL calculate {"expression":"1+1"}', { model });
    assert.match(reply, /tools said: .*42.* \| .*2/, model);
  }
});

test("hob: a client's own tool, with the signature kept until its result comes", async () => {
  const tools = [{ type: "function", function: { name: "lamp", parameters: { $schema: "x", type: "object", additionalProperties: false,
    properties: { on: { type: ["boolean", "null"] }, level: { type: "integer", enum: [1, 2] } } } } }];
  const messages = [{ role: "user", content: 'CALL lamp {"on":true}' }];
  for (const model of ["gemini/gemini-3-flash", "tier/smart", "hob"]) {
    const first = await openai.chat.completions.create({ model, messages, tools });
    const call = first.choices[0].message.tool_calls[0];
    assert.deepEqual(JSON.parse(call.function.arguments), { on: true });
    const second = await openai.chat.completions.create({ model, tools, messages: [...messages, first.choices[0].message,
      { role: "tool", tool_call_id: call.id, content: "the lamp is on" }] });
    assert.equal(second.choices[0].message.content, "tools said: the lamp is on", model);
  }
});

test("hob: a bare model with sampling, JSON mode, an image", async () => {
  const c = await openai.chat.completions.create({ model: "gemini/gemini-2.5-flash", temperature: 1.2, top_p: 0.5, stop: ["x"], seed: 3, max_tokens: 50,
    response_format: { type: "json_object" }, messages: [{ role: "user", content: [{ type: "text", text: "look" },
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }] }] });
  assert.equal(c.choices[0].message.content, "echo: look");
});

test("hob: the models of the server, over all its pages", async () => {
  const { stdout } = await hob.hobctl(["--json", "model", "list"]);
  for (const id of ["gemini/gemini-3-flash", "gemini/echo-20"]) assert.ok(stdout.includes(id), id);
  assert.ok(!stdout.includes("embedding-001"));
});

for (const [model, status, words] of [
  ["wrong/echo", "unavailable", /API key not valid.*check models.providers.wrong.api_key/s],
  ["gemini/error-403", "unavailable", /asked for a 403/],
  ["gemini/error-404", "not_found", /asked for a 404/],
  ["gemini/error-429", "overloaded", /retry after 2 s/],
  ["gemini/error-500", "unavailable", /asked for a 500/],
  ["gemini/error-503", "unavailable", /asked for a 503/],
  ["gemini/blocked", "invalid", /PROHIBITED_CONTENT/],
  ["gemini/malformed", "unavailable", /MALFORMED_FUNCTION_CALL/],
  ["gemini/html", "unavailable", /HTML page/],
  ["gemini/garbage", "unavailable", /not JSON/],
  ["gemini/hangup", "unavailable", /./],
]) {
  test(`hob: ${model} is told as ${status}`, async () => {
    const { error } = await say("a story of the sea", { model });
    assert.equal(error.status, status);
    assert.match(error.message, words);
  });
}

for (const model of ["gemini/half", "gemini/overloaded"]) {
  test(`hob: what ${model} said before it broke off is the answer, and a notice says so`, async () => {
    const { reply, notice } = await say("a story of the sea", { model });
    assert.match(reply, /^echo/);
    assert.match(notice, /./);
  });
}

test("hob: an answer of nothing is asked for again, then said plainly", async () => {
  const { reply } = await say("a story of the sea", { model: "gemini/empty" });
  assert.match(reply, /gave no answer/);
});
