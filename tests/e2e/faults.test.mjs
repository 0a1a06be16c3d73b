// Model servers that fail, and no model at all.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startHob, startModel, fakeModels } from "./daemon.mjs";

const post = async (hob, message, extra = {}) => {
  const response = await fetch(`${hob.base}/chat`, { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ message, stream: false, ...extra }) });
  return { status: response.status, body: await response.json() };
};

let model;
before(async () => { model = await startModel("--key", "right"); });
after(() => model.stop());

const withKey = (port, key) => fakeModels(port).replace("/v1\"", `/v1", api_key: "${key}"`);

test("each fault of a model server gives one clear message, and the daemon stays up", async () => {
  const hob = await startHob({ models: withKey(model.port, "right") });
  const expected = { "error-401": 503, "error-403": 503, "error-404": 404, "error-429": 429, "error-500": 503, "error-503": 503,
    html: 503, hangup: 503, garbage: 503 };
  for (const [name, expectedStatus] of Object.entries(expected)) {
    const { status, body } = await post(hob, "hello", { model: `local/${name}` });
    assert.equal(status, expectedStatus, `${name}: ${JSON.stringify(body)}`);
    assert.ok(body.error.message.length > 20, `${name}: ${body.error.message}`);
    assert.ok(!body.error.message.includes("<html"), name);
  }
  assert.equal((await post(hob, "still there?")).body.reply, "echo: still there?");
  await hob.stop();
});

test("an answer that breaks off is given as far as it came, and said to be cut", async () => {
  const hob = await startHob({ models: withKey(model.port, "right") });
  const { status, body } = await post(hob, "the rest of this sentence is lost", { model: "local/half" });
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(body.reply, /^echo: the rest/);
  assert.equal(body.stop, "length");
  assert.match(body.notice, /broke off/);
  await hob.stop();
});

test("a model that answers with nothing is asked again, and then said to have given no answer; the reply tells what that cost", async () => {
  const hob = await startHob({ models: `${withKey(model.port, "right")}  prices: {local/empty: {input: 1, output: 2}}\n` });
  const { status, body } = await post(hob, "are you there?", { model: "local/empty" });
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(body.reply, /gave no answer/);
  const rows = JSON.parse((await hob.hobctl(["--json", "usage", "list"])).stdout).items;
  assert.equal(rows.length, 2);
  assert.equal(body.usage.model, "local/empty");
  const booked = (name) => rows.reduce((sum, row) => sum + row[name], 0);
  assert.equal(body.usage.input_tokens, booked("input_tokens"));
  assert.equal(body.usage.output_tokens, booked("output_tokens"));
  assert.ok(Math.abs(body.usage.cost_usd - booked("cost_usd")) < 1e-9 && body.usage.cost_usd > 0);
  await hob.stop();
});

test("a refused key says which key to look at, and never shows it", async () => {
  const hob = await startHob({ models: withKey(model.port, "wrong-key-1234") });
  const { body } = await post(hob, "hello");
  assert.match(body.error.message, /API key/i);
  assert.ok(!JSON.stringify(body).includes("wrong-key-1234"));
  assert.ok(!hob.log().includes("wrong-key-1234"));
  await hob.stop();
});

test("what a provider refuses to Hob is not told to an OpenAI client as its own key's or its own model's fault", async () => {
  const hob = await startHob({ models: withKey(model.port, "wrong").replaceAll("local/echo", "local/error-404") });
  const ask = async (name) => {
    const response = await fetch(`${hob.base}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: name, messages: [{ role: "user", content: "hello" }] }) });
    return { status: response.status, error: (await response.json()).error };
  };
  for (const name of ["hob", "tier/fast", "local/echo"]) {
    const { status, error } = await ask(name);
    assert.equal(status, 503, JSON.stringify(error));
    assert.match(error.message, /models\.providers\.local\.api_key, Hob's own key/);
  }
  await hob.stop();
});

test("a model that only the configuration names and its server doesn't know is Hob's fault, one that the client names is not", async () => {
  const hob = await startHob({ models: withKey(model.port, "right").replaceAll("local/echo", "local/error-404") });
  assert.equal((await post(hob, "hello")).status, 503);
  assert.equal((await post(hob, "hello", { model: "local/error-404" })).status, 404);
  await hob.stop();
});

test("when none of several models answers, one sentence says why and what helps, and the list of models has the servers' words", async () => {
  const hob = await startHob({ models: `  providers:
    down: {plugin: provider_openai, base_url: "http://127.0.0.1:1/v1"}
    local: {plugin: provider_openai, base_url: "http://127.0.0.1:${model.port}/v1", api_key: wrong}
  tiers: {fast: [down/x, local/echo, local/other], smart: [down/x, local/echo], embed: []}
` });
  const { status, body } = await post(hob, "who answers?");
  assert.equal(status, 503);
  assert.equal(body.error.message, "No model answered: down could not be reached; local refused Hob's API key. For Hob's owner: check models.providers.local.api_key; " +
    "`hobctl doctor` and the log say more.");
  const listed = await hob.hobctl(["model", "list"]);
  assert.match(listed.stdout, /down\/x .* no .*127\.0\.0\.1:1/);
  assert.match(hob.log(), /no model answered: down\/x: .*127\.0\.0\.1:1.*; local\/echo: .*401/);
  await hob.stop();
});

test("hobctl config check shows warnings too", async () => {
  const hob = await startHob({ models: fakeModels(model.port) + "  prices: {locla/echo: {input: 1}}\n" });
  const { code, stdout } = await hob.hobctl(["config", "check"]);
  assert.equal(code, 0);
  assert.match(stdout, /hob\.yaml:\d+: models\.prices\.locla\/echo: no provider "locla".*did you mean "local"/);
  assert.match(stdout, /the file is in order/);
  await hob.stop();
});

test("a server that is down is named with its address", async () => {
  const hob = await startHob({ models: fakeModels(1) });
  const { status, body } = await post(hob, "hello");
  assert.equal(status, 503);
  assert.match(body.error.message, /127\.0\.0\.1:1\b/);
  await hob.stop();
});

test("the next model of the tier answers when the first is down", async () => {
  const hob = await startHob({ models: `  providers:
    down: {plugin: provider_openai, base_url: "http://127.0.0.1:1/v1"}
    local: {plugin: provider_openai, base_url: "http://127.0.0.1:${model.port}/v1", api_key: right}
  tiers: {fast: [down/x, local/echo], smart: [down/x, local/echo], embed: []}
` });
  assert.equal((await post(hob, "who answers?")).body.reply, "echo: who answers?");
  await hob.stop();
});

test("with no model at all, what was said is found and quoted with its date", async () => {
  const hob = await startHob();
  const first = await post(hob, "My favourite colour is teal.");
  assert.equal(first.status, 200);
  const same = await post(hob, "What is my favourite colour?", { conversation_id: first.body.conversation_id });
  assert.match(same.body.reply, /teal/);
  const other = await post(hob, "What is my favourite colour?");
  assert.match(other.body.reply, /teal/);
  assert.match(other.body.reply, new RegExp(String(new Date().getUTCFullYear())));
  const sum = await post(hob, "What is 17 * 23?");
  assert.match(sum.body.reply, /391/);
  await hob.stop();
});

test("what was said is there after a restart", async () => {
  const hob = await startHob();
  await post(hob, "The spare key is under the blue pot.");
  const help = await post(hob, "/help");
  assert.match(help.body.reply, /\/search/);
  const found = await post(hob, "/search spare key");
  assert.match(found.body.reply, /blue pot/);
  await hob.stop();
});
