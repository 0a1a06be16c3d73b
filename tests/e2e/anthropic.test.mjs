// The official @anthropic-ai/sdk client against the strict stand-in, which shows that the stand-in speaks the protocol; then
// the daemon with provider_anthropic against that same stand-in.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { startHob, startFake } from "./daemon.mjs";

let fake, client, hob, openai;
before(async () => {
  fake = await startFake("fake_anthropic", "--key", "right");
  client = new Anthropic({ apiKey: "right", baseURL: `http://127.0.0.1:${fake.port}`, maxRetries: 0 });
  const at = `base_url: "http://127.0.0.1:${fake.port}"`;
  hob = await startHob({ extra: "tools: {approval: never}", models: `  providers:
    claude: {plugin: provider_anthropic, ${at}, api_key: right}
    thinker: {plugin: provider_anthropic, ${at}, api_key: right, thinking_budget: 2000}
    newest: {plugin: provider_anthropic, ${at}, api_key: right, api_version: "2026-10-21"}
    wrong: {plugin: provider_anthropic, ${at}, api_key: wrong}
  tiers: {fast: [claude/claude-haiku-4-5], smart: [claude/claude-haiku-4-5], embed: []}
  budget: {daily: 0, monthly: 0}
  times: {retries: 0}
` });
  openai = new OpenAI({ baseURL: `${hob.base}/v1`, apiKey: "unused", maxRetries: 0 });
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  fake.stop();
});

const lamp = { name: "lamp", description: "Switch the lamp.", input_schema: { type: "object", properties: { on: { type: "boolean" } } } };
const base = { model: "claude-haiku-4-5", max_tokens: 4000 };
const ask = (content) => [{ role: "user", content }];

// the client and the stand-in

test("client: a message", async () => {
  const message = await client.messages.create({ ...base, messages: ask("good morning") });
  assert.equal(message.content[0].text, "echo: good morning");
  assert.equal(message.stop_reason, "end_turn");
  assert.ok(message.usage.input_tokens > 0);
});

test("client: a stream puts together the same message", async () => {
  const stream = client.messages.stream({ ...base, messages: ask("tell me of the sea") });
  let text = "";
  stream.on("text", (piece) => { text += piece; });
  const message = await stream.finalMessage();
  assert.equal(text, "echo: tell me of the sea");
  assert.equal(message.content[0].text, text);
  assert.equal(message.stop_reason, "end_turn");
});

test("client: thoughts, a tool call, and the loop that brings them back", async () => {
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const messages = ask('CALL lamp {"on":true}');
  const first = await client.messages.stream({ ...base, thinking, tools: [lamp], messages }).finalMessage();
  assert.deepEqual(first.content.map((b) => b.type), ["thinking", "tool_use"]);
  assert.deepEqual(first.content[1].input, { on: true });
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: first.content[1].id, content: "it is on" }] };
  const loop = (content) => client.messages.create({ ...base, thinking, tools: [lamp], messages: [...messages, { role: "assistant", content }, result] });
  assert.equal((await loop(first.content)).content[1].text, "tools said: it is on");
  await assert.rejects(loop(first.content.slice(1)), (e) => e instanceof Anthropic.BadRequestError && e.message.includes("must start with a thinking block"));
  await assert.rejects(loop([{ ...first.content[0], thinking: "other" }, first.content[1]]), /Invalid `signature`/);
});

test("client: a marked prefix is written to the cache, then read from it", async () => {
  const system = [{ type: "text", text: "Be kind. ".repeat(50), cache_control: { type: "ephemeral" } }];
  const one = await client.messages.create({ ...base, system, messages: ask("one") });
  const two = await client.messages.create({ ...base, system, messages: ask("two") });
  assert.ok(one.usage.cache_creation_input_tokens > 0 && one.usage.cache_read_input_tokens === 0);
  assert.equal(two.usage.cache_read_input_tokens, one.usage.cache_creation_input_tokens);
});

test("client: models, page by page", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.length > 4 && ids.includes("echo-20"), ids.join());
});

test("client: errors are of its classes", async () => {
  const status = (model) => client.messages.create({ ...base, model, messages: ask("x") });
  await assert.rejects(status("error-404"), Anthropic.NotFoundError);
  await assert.rejects(status("error-429"), Anthropic.RateLimitError);
  await assert.rejects(status("error-529"), Anthropic.InternalServerError);
  await assert.rejects(new Anthropic({ apiKey: "x", baseURL: client.baseURL, maxRetries: 0 }).models.list(), Anthropic.AuthenticationError);
  const stream = client.messages.stream({ ...base, model: "overloaded", messages: ask("a long story") });
  await assert.rejects(stream.finalMessage(), /Overloaded/);
});

for (const [what, words, { first, ...change }] of [
  ["no max_tokens", /max_tokens: Field required/, { max_tokens: undefined }],
  ["an assistant first", /first message must use/, { messages: [{ role: "assistant", content: "hi" }] }],
  ["two users in a row", /roles must alternate/, { messages: [...ask("a"), ...ask("b")] }],
  ["an unknown member", /Extra inputs are not permitted/, { seed: 7 }],
  ["an empty text", /must be non-empty/, { messages: ask([{ type: "text", text: "" }]) }],
  ["a result without its call", /unexpected `tool_use_id`/, { messages: ask([{ type: "tool_result", tool_use_id: "t", content: "x" }]) }],
  ["a call without its result", /without `tool_result`/, { tools: [lamp], messages: [...ask("a"), { role: "assistant", content: [{ type: "tool_use", id: "t", name: "lamp", input: {} }] }, ...ask("b")] }],
  ["a budget above max_tokens", /must be greater than/, { max_tokens: 1024, thinking: { type: "enabled", budget_tokens: 1024 } }],
  ["a temperature in the newest version", /temperature: Extra inputs/, { temperature: 1 }],
  ["a temperature with thoughts", /may not be set/, { first: true, temperature: 0.5, thinking: { type: "enabled", budget_tokens: 1024 } }],
  ["a temperature that a newer model has not", /deprecated/, { first: true, model: "claude-sonnet-5", temperature: 0.5 }],
  ["a tool_choice without tools", /tool_choice/, { tool_choice: { type: "any" } }],
]) {
  test(`the stand-in refuses ${what}`, async () => {
    await assert.rejects(client.messages.create({ ...base, messages: ask("x"), ...change }, first ? { headers: { "anthropic-version": "2023-06-01" } } : {}),
      (e) => e instanceof Anthropic.BadRequestError && words.test(e.message));
  });
}

// the daemon

const say = async (message, more = {}) => {
  const response = await fetch(`${hob.base}/chat`, { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ message, stream: false, ...more }) });
  return { status: response.status, ...(await response.json()) };
};

test("hob: an answer, its tokens, and what the cache had on the next turn", async () => {
  const one = await say("good morning");
  assert.equal(one.reply, "echo: good morning");
  assert.ok(one.usage.input_tokens > 0 && one.usage.output_tokens > 0);
  const two = await say("and good evening", { conversation_id: one.conversation_id });
  assert.equal(two.reply, "echo: and good evening");
  assert.ok(two.usage.cached_tokens > 0 && two.usage.cached_tokens < two.usage.input_tokens, JSON.stringify(two.usage));
});

test("hob: tools, two at once", async () => {
  const { reply } = await say('CALL calculate {"expression":"6*7"} CALL calculate {"expression":"1+1"}');
  assert.match(reply, /tools said: .*42.* \| .*2/);
});

test("hob: thoughts go back with their signatures while tools run", async () => {
  const { reply } = await say('CALL calculate {"expression":"6*8"}', { model: "thinker/claude-haiku-4-5" });
  assert.match(reply, /tools said: .*48/);
  const newest = await say('CALL calculate {"expression":"6*9"}', { model: "thinker/claude-sonnet-5" });
  assert.match(newest.reply, /tools said: .*54/);
});

test("hob: a client's own tool, with thoughts kept until its result comes", async () => {
  const tools = [{ type: "function", function: { name: "lamp", parameters: { type: "object", properties: {} } } }];
  const messages = ask('CALL lamp {"on":true}');
  for (const model of ["thinker/claude-haiku-4-5", "hob"]) {
    const first = await openai.chat.completions.create({ model, messages, tools });
    const call = first.choices[0].message.tool_calls[0];
    assert.deepEqual(JSON.parse(call.function.arguments), { on: true });
    const second = await openai.chat.completions.create({ model, tools, messages: [...messages, first.choices[0].message,
      { role: "tool", tool_call_id: call.id, content: "the lamp is on" }] });
    assert.equal(second.choices[0].message.content, "tools said: the lamp is on");
  }
});

test("hob: a bare model with sampling, JSON mode and a forced tool", async () => {
  for (const provider of ["claude", "newest"]) {
    const c = await openai.chat.completions.create({ model: `${provider}/claude-haiku-4-5`, messages: ask("plain"), temperature: 1.2, top_p: 0.5,
      response_format: { type: "json_object" } });
    assert.equal(c.choices[0].message.content, "echo: plain");
  }
  const tools = [{ type: "function", function: { name: "lamp", parameters: { type: "object", properties: {} } } }];
  const forced = await openai.chat.completions.create({ model: "thinker/claude-haiku-4-5", messages: ask("CALL lamp {}"), tools, tool_choice: "required" });
  assert.equal(forced.choices[0].message.tool_calls[0].function.name, "lamp");
});

test("hob: a JSON Schema that is neither closed nor free of bounds", async () => {
  const schema = { type: "object", properties: { name: { type: "string", minLength: 1 }, n: { type: "integer", minimum: 0 } } };
  const c = await openai.chat.completions.create({ model: "claude/claude-haiku-4-5", messages: ask("plain"),
    response_format: { type: "json_schema", json_schema: { name: "thing", schema } } });
  assert.equal(c.choices[0].message.content, "echo: plain");
});

test("hob: an image", async () => {
  const image = "data:image/png;base64,iVBORw0KGgo=";
  const c = await openai.chat.completions.create({ model: "claude/claude-haiku-4-5",
    messages: ask([{ type: "text", text: "look" }, { type: "image_url", image_url: { url: image } }]) });
  assert.equal(c.choices[0].message.content, "echo: look");
});

test("hob: the models of the server, over all its pages", async () => {
  const { stdout } = await hob.hobctl(["--json", "model", "list"]);
  for (const id of ["claude/claude-sonnet-5", "claude/echo-20"]) assert.ok(stdout.includes(id), id);
});

for (const [model, status, words] of [
  ["wrong/echo", "unavailable", /invalid x-api-key.*check models.providers.wrong.api_key/s],
  ["claude/error-404", "not_found", /asked for a 404/],
  ["claude/error-413", "invalid", /too large/],
  ["claude/error-429", "overloaded", /retry after 1 s/],
  ["claude/error-500", "unavailable", /asked for a 500/],
  ["claude/error-529", "overloaded", /asked for a 529/],
  ["claude/html", "unavailable", /HTML page/],
  ["claude/garbage", "unavailable", /not JSON/],
  ["claude/hangup", "unavailable", /./],
]) {
  test(`hob: ${model} is told as ${status}`, async () => {
    const { error } = await say("a story of the sea", { model });
    assert.equal(error.status, status);
    assert.match(error.message, words);
  });
}

for (const model of ["claude/half", "claude/overloaded"]) {
  test(`hob: what ${model} said before it broke off is the answer, and a notice says so`, async () => {
    const { reply, notice } = await say("a story of the sea", { model });
    assert.match(reply, /^echo/);
    assert.match(notice, /./);
  });
}

test("hob: an answer of nothing is asked for again, then said plainly", async () => {
  const { reply } = await say("a story of the sea", { model: "claude/empty" });
  assert.match(reply, /gave no answer/);
});
