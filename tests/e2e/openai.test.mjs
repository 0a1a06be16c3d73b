// The official openai client against /v1, with the strict stand-in behind the daemon.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { startHob, startModel, fakeModels } from "./daemon.mjs";

let model, hob, client;
before(async () => {
  model = await startModel();
  hob = await startHob({ models: fakeModels(model.port, "echo-5"), extra: "tools: {approval: never}" });
  client = new OpenAI({ baseURL: `${hob.base}/v1`, apiKey: "unused", maxRetries: 0 });
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  model.stop();
});

const ask = (content) => [{ role: "user", content }];

test("models.list names hob and the tiers", async () => {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  for (const id of ["hob", "tier/fast", "tier/smart"]) assert.ok(ids.includes(id), `${id} in ${ids}`);
});

test("a completion has the shape of the API", async () => {
  const c = await client.chat.completions.create({ model: "hob", messages: ask("good morning") });
  assert.equal(c.object, "chat.completion");
  assert.equal(c.choices[0].message.role, "assistant");
  assert.equal(c.choices[0].message.content, "echo: good morning");
  assert.equal(c.choices[0].finish_reason, "stop");
  assert.ok(c.usage.prompt_tokens > 0 && c.usage.total_tokens >= c.usage.prompt_tokens);
});

test("a stream gives the same text in pieces, then usage when asked for", async () => {
  const stream = await client.chat.completions.create({ model: "hob", messages: ask("tell me a long story of the sea"),
    stream: true, stream_options: { include_usage: true } });
  let text = "", pieces = 0, finish, usage;
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta?.content;
    if (delta) { text += delta; pieces += 1; }
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "echo: tell me a long story of the sea");
  assert.ok(pieces > 1, `${pieces} pieces`);
  assert.equal(finish, "stop");
  assert.ok(usage.total_tokens > 0);
});

test("Hob runs its own tool and answers with its result", async () => {
  const c = await client.chat.completions.create({ model: "hob", messages: ask('CALL calculate {"expression":"6*7"}') });
  assert.match(c.choices[0].message.content, /tools said: .*42/);
});

test("a client's own tool is called, handed back, and its result answered", async () => {
  const tools = [{ type: "function", function: { name: "lamp", description: "Switch the lamp.",
    parameters: { type: "object", properties: { on: { type: "boolean" } } } } }];
  const messages = ask('CALL lamp {"on":true}');
  const first = await client.chat.completions.create({ model: "hob", messages, tools });
  assert.equal(first.choices[0].finish_reason, "tool_calls");
  const call = first.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, "lamp");
  assert.deepEqual(JSON.parse(call.function.arguments), { on: true });
  const second = await client.chat.completions.create({ model: "hob", tools, messages: [...messages,
    first.choices[0].message, { role: "tool", tool_call_id: call.id, content: "the lamp is on" }] });
  assert.equal(second.choices[0].message.content, "tools said: the lamp is on");
});

test("a client's tool call is streamed as the API streams it", async () => {
  const tools = [{ type: "function", function: { name: "lamp", parameters: { type: "object", properties: {} } } }];
  const stream = client.chat.completions.stream({ model: "hob", messages: ask("CALL lamp {}"), tools });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.name, "lamp");
});

test("the same history continues the stored conversation", async () => {
  const messages = ask("my cat is called Minka");
  const one = await client.chat.completions.create({ model: "hob", messages });
  messages.push(one.choices[0].message, { role: "user", content: "and my dog Bello" });
  await client.chat.completions.create({ model: "hob", messages });
  const list = await (await fetch(`${hob.base}/chat/conversations?limit=100`)).json();
  const mine = list.items.filter((c) => c.title.includes("Minka"));
  assert.equal(mine.length, 1);
  assert.equal(mine[0].message_count, 4);
});

test("user names the conversation", async () => {
  for (const content of ["first of two", "second of two"])
    await client.chat.completions.create({ model: "hob", user: "kitchen", messages: ask(content) });
  const list = await (await fetch(`${hob.base}/chat/conversations?limit=100`)).json();
  assert.equal(list.items.filter((c) => c.title.includes("first of two")).length, 1);
  assert.equal(list.items.filter((c) => c.title.includes("second of two")).length, 0);
});

test("a bare model is asked without memory or tools", async () => {
  const c = await client.chat.completions.create({ model: "local/echo", messages: ask("plain"), temperature: 0 });
  assert.equal(c.choices[0].message.content, "echo: plain");
});

test("a bare model is asked no further when its client is gone", async () => {
  const stream = await client.chat.completions.create({ model: "local/stall", messages: ask("go on for ever"), stream: true });
  for await (const chunk of stream) if (chunk.choices[0].delta.content) break;  // leaving the loop aborts the request
  let call;
  for (let i = 0; i < 300 && call?.state !== "cancelled"; ++i) {
    const { stdout } = await hob.hobctl(["--json", "usage", "list", "--limit", "1"]);
    call = JSON.parse(stdout).items[0];
  }
  assert.equal(call.model, "local/stall");
  assert.equal(call.state, "cancelled");
});

test("a refusal of the model is part of the history", async () => {
  const c = await client.chat.completions.create({ model: "local/echo", messages: [...ask("bad things"),
    { role: "assistant", content: null, refusal: "No." }, { role: "assistant", content: [{ type: "refusal", refusal: "Never." }] }, ...ask("good things")] });
  assert.equal(c.choices[0].message.content, "echo: good things");
});

test("errors have OpenAI's shape and the client's classes", async () => {
  await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages: ask("x") }),
    (e) => e instanceof OpenAI.NotFoundError && e.message.includes("no-such-model"));
  await assert.rejects(client.chat.completions.create({ model: "hob", messages: [] }),
    (e) => e instanceof OpenAI.BadRequestError);
  await assert.rejects(client.chat.completions.create({ model: "hob", messages: ask("x"), n: 2 }),
    (e) => e instanceof OpenAI.BadRequestError && e.message.includes("n must be 1"));
  await assert.rejects(client.chat.completions.create({ model: "local/error-429", messages: ask("x") }),
    (e) => e instanceof OpenAI.RateLimitError);
});

test("a budget that is used up is the client's quota error, said once with when the day begins anew", async () => {
  const models = `${fakeModels(model.port)}  prices: {local/echo: {input: 1000, output: 1000}}
  budget: {daily: 0.001, monthly: 0}
`;
  const poor = await startHob({ models });
  try {
    let asked = 0;
    const counted = (...args) => (asked += 1, fetch(...args));
    const patient = new OpenAI({ baseURL: `${poor.base}/v1`, apiKey: "unused", fetch: counted });
    const refused = async (body) => {
      asked = 0;
      const error = await patient.chat.completions.create(body).then(() => assert.fail("it was answered"), (e) => e);
      assert.ok(error instanceof OpenAI.RateLimitError, String(error));
      assert.equal(error.code, "insufficient_quota");
      assert.equal(error.type, "insufficient_quota");
      assert.equal(asked, 1);
      return error;
    };
    const small = await refused({ model: "hob", messages: ask("hello") });
    assert.equal(small.headers.get("retry-after"), null);
    assert.equal((await poor.hobctl(["budget", "set", "--daily", "50"])).code, 0);
    for (let i = 0; i < 10; i += 1) await patient.chat.completions.create({ model: "hob", messages: ask("hello") });
    const shown = await (await fetch(`${poor.base}/budget`)).json();
    const left = (Date.parse(shown.daily.resets_at) - Date.now()) / 1000;
    assert.ok(shown.daily.spent_usd > 0);
    assert.equal((await poor.hobctl(["budget", "set", "--daily", String(shown.daily.spent_usd + 0.001)])).code, 0);
    for (const stream of [false, true]) {
      const late = await refused({ model: "hob", messages: ask("hello"), stream });
      assert.ok(Math.abs(Number(late.headers.get("retry-after")) - left) < 30, late.headers.get("retry-after"));
    }
  } finally {
    await poor.stop();
  }
});
