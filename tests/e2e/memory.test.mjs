// Memories over HTTP, hobctl and the chat, on a daemon with no model.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startHob } from "./daemon.mjs";

let hob;
before(async () => { hob = await startHob(); });
after(async () => { assert.equal(await hob.stop(), 0); });

/** A request of one user; gives { status, body }. */
async function ask(method, path, body, user = "ann") {
  const answer = await fetch(hob.base + path, {
    method, headers: { "X-User-Id": user, ...(body ? { "content-type": "application/json" } : {}) }, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}
const say = async (message, conversation_id, user) =>
  (await ask("POST", "/chat", { message, conversation_id, stream: false }, user)).body;

test("a memory is made, read, changed, searched, explained and removed by its routes", async () => {
  const made = await ask("POST", "/memory", { text: "likes green tea", kind: "preference", topics: ["food"] });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const path = `/memory/${made.body.id}`;
  assert.equal((await ask("GET", path)).body.text, "likes green tea");
  assert.deepEqual((await ask("GET", "/memory?topic=FOOD")).body.items.map((m) => m.id), [made.body.id]);
  assert.equal((await ask("PUT", path, { text: "likes black tea" })).body.version, 2);
  const found = (await ask("GET", "/memory/search?q=tea&k=3&in=memories")).body;
  assert.equal(found.items[0].source, "memory");
  assert.equal(found.items[0].text, "likes black tea");
  for (const key of ["score", "why", "at", "kind", "sources", "external_id", "conversation_id", "speaker"]) assert.ok(key in found.items[0], key);
  assert.match((await ask("GET", "/memory/context?q=which+tea")).body.text, /black tea/);
  assert.equal((await ask("GET", `${path}/history`)).body.items.length, 2);
  assert.equal((await ask("GET", `${path}/explain`)).body.changes.length, 2);
  assert.equal((await ask("POST", `${path}/undo`)).body.memories[0].text, "likes green tea");
  assert.equal((await ask("DELETE", path)).body.deleted, true);
  assert.equal((await ask("GET", path)).status, 404);
  assert.equal((await ask("GET", "/memory")).body.items.length, 0);
});

test("bad requests are refused with what is wrong", async () => {
  assert.equal((await ask("POST", "/memory", {})).status, 400);
  const unknown = await ask("POST", "/memory", { text: "x", colour: "red" });
  assert.equal(unknown.status, 400);
  assert.match(unknown.body.error.message, /colour/);
  assert.equal((await ask("PUT", "/memory/mem_none", { text: "x" })).status, 404);
  assert.equal((await ask("GET", "/memory/search")).status, 400);
});

test("one user's memories are nobody else's", async () => {
  const made = (await ask("POST", "/memory", { text: "a secret of Ben" }, "ben")).body;
  assert.equal((await ask("GET", `/memory/${made.id}`, undefined, "carl")).status, 404);
  assert.equal((await ask("DELETE", `/memory/${made.id}`, undefined, "carl")).status, 404);
  assert.equal((await ask("GET", "/memory/search?q=secret&in=memories", undefined, "carl")).body.items.length, 0);
});

test("upsert tells what became of it, and clear removes all", async () => {
  assert.equal((await ask("POST", "/memory/upsert", { text: "My sister is called Ana" }, "dora")).body.verdict, "added");
  assert.equal((await ask("POST", "/memory/upsert", { text: "My sister is called Ana" }, "dora")).body.verdict, "merged");
  const cleared = (await ask("POST", "/memory/clear", {}, "dora")).body;
  assert.equal(cleared.success, true);
  assert.equal(cleared.memories_cleared, 1);
});

test("the commands remember, find, explain, take back and forget", async () => {
  const first = await say("/remember I park the car on level four", undefined, "eve");
  assert.match(first.reply, /level four/);
  const talk = (text) => say(text, first.conversation_id, "eve");
  assert.match((await talk("/memories")).reply, /^1\. /);
  assert.match((await talk("/why 1")).reply, /You said on/);
  assert.match((await talk("/undo")).reply, /no longer remembered/);
  assert.match((await talk("/memories")).reply, /nothing yet/);
  await talk("/remember the canary sings at noon");
  assert.match((await talk("/forget canary")).reply, /gone for good/);
  assert.match((await talk("/forget yes")).reply, /Forgotten for good/);
  assert.equal((await ask("GET", "/memory", undefined, "eve")).body.items.length, 0);
});

test("what hobctl exports it imports again, and the next export is the same", async () => {
  for (const text of ["one thing", "another thing"]) assert.equal((await hob.hobctl(["memory", "add", text])).code, 0);
  const exported = await hob.hobctl(["memory", "export"]);
  assert.equal(exported.code, 0);
  assert.equal(exported.stdout.trim().split("\n").length, 2);
  const again = await hob.hobctl(["--json", "memory", "import", "-"], exported.stdout);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout).duplicates, 2);
  assert.equal((await hob.hobctl(["memory", "export"])).stdout, exported.stdout);
  assert.match((await hob.hobctl(["memory", "list"])).stdout, /another thing/);
});
