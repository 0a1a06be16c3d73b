// /chat, /chat/stream, /ws, conversations, tools and hobctl, as programs and people use them.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import WebSocket from "ws";
import { once, on } from "node:events";
import { startHob, startModel, fakeModels, sse, runHob } from "./daemon.mjs";

let model, hob;
before(async () => {
  model = await startModel();
  hob = await startHob({ models: fakeModels(model.port, "echo-4"), extra: "tools: {approval: never}" });
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  model.stop();
});

const post = (path, body, headers = {}) => fetch(hob.base + path,
  { method: "POST", headers: { "content-type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });

test("POST /chat without streaming answers one JSON", async () => {
  const answer = await (await post("/chat", { message: "hello", stream: false })).json();
  assert.equal(answer.reply, "echo: hello");
  for (const key of ["conversation_id", "session_id", "message_id", "turn_id", "tool_calls", "recalled", "usage"]) assert.ok(key in answer, key);
  assert.equal(answer.usage.model, "local/echo-4");
});

test("POST /chat streams chunks and ends with done", async () => {
  let text = "", last;
  for await (const { data } of sse(await post("/chat", { message: "stream this to me please" }))) {
    text += data.chunk;
    last = data;
  }
  assert.equal(text, "echo: stream this to me please");
  assert.equal(last.done, true);
  assert.ok(last.conversation_id && last.message_id && last.turn_id && last.usage);
});

test("POST /chat/stream names its events, tools among them", async () => {
  const events = [];
  for await (const e of sse(await post("/chat/stream", { message: 'CALL calculate {"expression":"2+3"} CALL roll {"dice":"1d1"}' }))) events.push(e);
  const names = events.map((e) => e.event);
  assert.equal(names[0], "session");
  assert.equal(names.at(-1), "done");
  assert.equal(names.filter((n) => n === "tool_call").length, 2);
  assert.equal(names.filter((n) => n === "tool_result").length, 2);
  assert.ok(names.includes("text") && names.includes("usage"));
  const result = events.find((e) => e.event === "tool_result" && e.data.name === "calculate");
  assert.equal(result.data.status, "ok");
});

test("a session is resumed, forked with null, and resumed by its id", async () => {
  const say = async (body) => {
    let session;
    for await (const e of sse(await post("/chat/stream", body))) if (e.event === "session") session = e.data;
    return session;
  };
  const first = await say({ message: "one" });
  const resumed = await say({ message: "two", conversation_id: first.conversation_id });
  assert.equal(resumed.session_id, first.session_id);
  const fresh = await say({ message: "three", conversation_id: first.conversation_id, session_id: null });
  assert.notEqual(fresh.session_id, first.session_id);
  const back = await say({ message: "four", conversation_id: first.conversation_id, session_id: first.session_id });
  assert.equal(back.session_id, first.session_id);
});

test("the same Idempotency-Key gets the same reply, and one turn", async () => {
  const once = async () => (await post("/chat", { message: "only once", stream: false }, { "Idempotency-Key": "k-1" })).json();
  const [a, b] = [await once(), await once()];
  assert.equal(a.turn_id, b.turn_id);
  assert.equal(a.reply, b.reply);
});

test("conversations are listed, read, reset and deleted", async () => {
  const { conversation_id } = await (await post("/chat", { message: "keep me", stream: false })).json();
  const whole = await (await fetch(`${hob.base}/chat/conversations/${conversation_id}`)).json();
  assert.ok(JSON.stringify(whole).includes("keep me"));
  assert.equal((await post("/conversation/reset", { conversation_id })).status, 200);
  assert.equal((await fetch(`${hob.base}/chat/conversations/${conversation_id}`, { method: "DELETE" })).status, 200);
  const gone = await fetch(`${hob.base}/chat/conversations/${conversation_id}`);
  assert.equal(gone.status, 404);
  assert.equal((await gone.json()).error.status, "not_found");
});

test("one user never sees another's conversation", async () => {
  const { conversation_id } = await (await post("/chat", { message: "mine", stream: false }, { "X-User-Id": "ann" })).json();
  const other = await fetch(`${hob.base}/chat/conversations/${conversation_id}`, { headers: { "X-User-Id": "bob" } });
  assert.equal(other.status, 404);
});

test("a WebSocket chats, pings and reports what it does not understand", async () => {
  const ws = new WebSocket(`ws://127.0.0.1:${hob.port}/ws`);
  const inbox = [];
  let wake = () => {};
  ws.on("message", (data) => { inbox.push(JSON.parse(data)); wake(); });
  const next = async (event) => {
    for (;;) {
      const at = inbox.findIndex((m) => m.event === event);
      if (at >= 0) return inbox.splice(0, at + 1).at(-1);
      await new Promise((resolve) => { wake = resolve; });
    }
  };
  await once(ws, "open");
  ws.send(JSON.stringify({ action: "ping" }));
  await next("pong");
  ws.send(JSON.stringify({ action: "chat", message: 'CALL calculate {"expression":"10/4"}' }));
  assert.equal((await next("tool_result")).data.name, "calculate");
  assert.match((await next("done")).data.reply, /2\.5/);
  ws.send("this is not JSON");
  assert.equal((await next("error")).data.status, "invalid");
  ws.send(JSON.stringify({ action: "dance" }));
  assert.match((await next("error")).data.message, /dance/);
  ws.send(JSON.stringify({ action: "ping" }));
  await next("pong");
  ws.close();
  await once(ws, "close");
});

test("turns over a WebSocket are limited as requests are", async () => {
  const strict = await startHob({ limits: "requests_per_minute: 30, burst: 5" });
  const ws = new WebSocket(`ws://127.0.0.1:${strict.port}/ws`);
  await once(ws, "open");
  for (let i = 0; i < 12; i++) ws.send(JSON.stringify({ action: "chat", message: `/help` }));
  const ends = [];
  for await (const [data] of on(ws, "message")) {
    const message = JSON.parse(data);
    if (message.event === "done" || message.event === "error") ends.push(message);
    if (ends.length === 12) break;
  }
  const refused = ends.filter((m) => m.event === "error");
  assert.ok(refused.length >= 6, JSON.stringify(ends));
  assert.equal(refused[0].data.status, "overloaded");
  assert.ok(refused[0].data.retry_after >= 1);
  ws.close();
  await once(ws, "close");
  await strict.stop();
});

test("tools are listed and executed, and a bad argument is named", async () => {
  const { items } = await (await fetch(`${hob.base}/tools`)).json();
  assert.ok(items.some((t) => t.name === "calculate"));
  const good = await (await post("/tools/execute", { name: "calculate", arguments: { expression: "1+1" } })).json();
  assert.ok(JSON.stringify(good).includes("2"));
  const bad = await post("/tools/execute", { name: "calculate", arguments: { expresion: "1+1" } });
  assert.equal(bad.status, 400);
  assert.match((await bad.json()).error.message, /expresion/);
});

test("bad requests get the error shape, a request id and advice", async () => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  for (const [body, status] of [["not json", 400], [deep, 400], ['{"message":""}', 400], ["{}", 400], ['{"message":5}', 400],
    [JSON.stringify({ message: "x".repeat(2_000_000) }), 413], [JSON.stringify({ message: "x", conversation_id: "conv_none" }), 404]]) {
    const response = await post("/chat", body, { "X-Request-Id": "req-7" });
    assert.equal(response.status, status, body.slice(0, 40));
    const { error } = await response.json();
    assert.ok(error.status && error.message && error.request_id, JSON.stringify(error));
    assert.equal(response.headers.get("x-request-id"), "req-7");
  }
  const big = await (await post("/v1/chat/completions", "x".repeat(2_000_000))).json();
  assert.equal(big.error.param, null);
  assert.match((await (await post("/chat", { message: "x", strem: false })).json()).error.message, /"strem", did you mean "stream"/);
  assert.match((await (await post("/chat", { message: 5, stream: false })).json()).error.message, /must be text, not a number/);
  assert.equal((await fetch(`${hob.base}/nowhere`)).status, 404);
  const wrong = await fetch(`${hob.base}/chat`);
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "POST");
  for (const path of ["/", "/health", "/v1/models"]) {
    const [head, get] = [await fetch(hob.base + path, { method: "HEAD" }), await fetch(hob.base + path)];
    assert.equal(head.status, 200, path);
    assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
    assert.equal(await head.text(), "");
  }
});

test("no web page of another origin, and no foreign Host, gets in", async () => {
  assert.equal((await post("/chat", { message: "x", stream: false }, { Origin: "http://evil.example" })).status, 403);
});

test("/health, /ready and /metrics answer", async () => {
  const health = await (await fetch(`${hob.base}/health`)).json();
  assert.equal(health.database, true);
  assert.ok(["healthy", "degraded"].includes(health.status));
  const metrics = await (await fetch(`${hob.base}/metrics`)).text();
  assert.match(metrics, /hob_turns_total\{[^}]*\} \d+/);
});

test("hobctl sends, chats over a pipe, and lists", async () => {
  const sent = await hob.hobctl(["send", "from the terminal"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /echo: from the terminal/);
  const chat = await hob.hobctl(["chat"], "first line\nsecond line\n");
  assert.match(chat.stdout, /echo: first line[^]*echo: second line/);
  const tool = await hob.hobctl(["send", 'CALL calculate {"expression":"3*3"}']);
  assert.match(tool.stdout, /9/);
  assert.equal((await hob.hobctl(["status"])).code, 0);
  assert.equal((await hob.hobctl(["conversation", "get", "conv_none"])).code, 1);
  assert.equal((await hob.hobctl(["no-such-group"])).code, 2);
  const help = await hob.hobctl(["usage", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /usage summary/);
  const call = await hob.hobctl(["--json", "call", "api.describe"]);
  assert.ok(JSON.parse(call.stdout).methods.length > 20);
});

test("a client that leaves mid-stream does not stop the turn", async () => {
  const abort = new AbortController();
  const response = await fetch(`${hob.base}/chat/stream`, { method: "POST", signal: abort.signal,
    headers: { "content-type": "application/json", "Idempotency-Key": "leaver" }, body: JSON.stringify({ message: "I will leave" }) });
  for await (const e of sse(response)) if (e.event === "session") break;
  abort.abort();
  const again = await (await post("/chat", { message: "I will leave", stream: false }, { "Idempotency-Key": "leaver" })).json();
  assert.equal(again.reply, "echo: I will leave");
});

test("a second daemon on the same port says so and ends in order", async () => {
  const { code, signal, log } = await runHob(hob.port);
  assert.equal(signal, null);
  assert.equal(code, 1, log);
  assert.match(log, /the port is taken/);
});
