// Each provider with each fault, alone and with a second model behind it: what the user saw, what was asked again, what it cost.
// The table is printed; docs/models.md keeps it.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { startHob, sse } from "./daemon.mjs";
import { startFaulty, startHealthy, vendors, halves, healthy, rest } from "./fault_servers.mjs";

const faults = ["401", "404", "429 with Retry-After", "429", "500", "529", "connect refused", "DNS", "TLS error", "stall before the first token",
  "stall after the first token", "cut stream", "HTML", "invalid JSON", "empty"];
const unreachable = { "connect refused": "refused", DNS: "dns", "TLS error": "tls" };
const breaks = new Set(["cut stream", "stall after the first token"]);
/** Nothing came that may be billed. */
const free = new Set(["401", "404", "429", "429 with Retry-After", "500", "529", "connect refused", "DNS", "TLS error"]);
/** How often the server is asked, with a second model behind it and without; retries: 1. */
const asked = (fault, alone) => {
  if (unreachable[fault]) return 0;
  if (breaks.has(fault)) return 2;
  if (["429 with Retry-After", "500", "529"].includes(fault)) return 2;
  if (["429", "cut stream", "HTML", "invalid JSON", "empty"].includes(fault)) return alone ? 2 : 1;
  return 1;
};

const servers = {};
let well, hob, config;

before(async () => {
  well = await startHealthy();
  const providers = [`    well: {plugin: provider_openai, base_url: "http://127.0.0.1:${well.port}/v1"}`];
  for (const [name, v] of Object.entries(vendors)) {
    servers[name] = await startFaulty(name);
    const key = name === "ollama" ? "" : ", api_key: right";
    const at = (suffix, base) => providers.push(`    ${name}${suffix}: {plugin: ${v.plugin}, base_url: "${base}${v.path}"${key}}`);
    at("", `http://127.0.0.1:${servers[name].port}`);
    at("_refused", "http://127.0.0.1:1");
    at("_dns", "http://nowhere.invalid");
    at("_tls", `https://127.0.0.1:${servers[name].port}`);
  }
  hob = await startHob({
    models: `  providers:\n${providers.join("\n")}
  tiers: {fast: [well/m], smart: [well/m], embed: []}
  router: {mode: fast}
  times: {first_token: 1s, stall: 1s, retries: 1}
  prices: {m: {input: 1, output: 2}}
  budget: {daily: 1000, monthly: 1000}
  background: {enabled: false}
`, extra: "memory: {learn: off}" });
  config = hob.config;
});
after(async () => {
  assert.equal(await hob.stop(), 0);
  for (const server of [...Object.values(servers), well]) server.stop();
});

const ctl = async (...args) => {
  const { code, stdout, stderr } = await hob.hobctl(["--json", ...args]);
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout);
};

/** The tier's models from now on; a reload forgets which models rest. */
async function useTier(names) {
  const list = `[${names.join(", ")}]`;
  writeFileSync(config, readFileSync(config, "utf8").replace(/tiers: \{fast: .*\}/, `tiers: {fast: ${list}, smart: ${list}, embed: []}`));
  await ctl("system", "reload");
}

/** One turn as its user sees it. */
async function say(message) {
  const response = await fetch(`${hob.base}/chat/stream`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ message }) });
  const turn = { shown: "", error: "", usage: undefined };
  if (!response.ok) return { ...turn, error: (await response.json()).error.message };
  for await (const { event, data } of sse(response)) {
    if (event === "text") turn.shown += data.delta;
    if (event === "error") turn.error = data.message ?? data.error?.message;
    if (event === "usage") turn.usage = data;
  }
  return turn;
}

/** What all calls cost so far, once none is open: they are settled beside the turn's own end. */
async function spent() {
  const end = Date.now() + 5_000;
  for (;;) {
    const { total } = await ctl("usage", "summary");
    if (total.reserved_usd === 0 || Date.now() > end) return total;
  }
}

const rows = new Map();
for (const vendor of Object.keys(vendors))
  test(`${vendor}: each fault, alone and with another model behind it`, async () => {
    for (const fault of faults)
      for (const alone of [true, false]) {
        const what = `${vendor}, ${fault}, ${alone ? "alone" : "with another model"}`;
        const name = `${vendor}${unreachable[fault] ? `_${unreachable[fault]}` : ""}/m`;
        await useTier(alone ? [name] : [name, "well/m"]);
        Object.assign(servers[vendor], { fault: unreachable[fault] ? "500" : fault, requests: 0 });
        const before = await spent();
        const turn = await say("Count for me, please.");
        const after = await spent();
        const cost = after.cost_usd - before.cost_usd;
        assert.equal(after.reserved_usd, 0, `${what}: a reservation is left open`);
        // An empty answer is asked for once more by the turn itself and not by the router; the turn says so in the end.
        const isAskedAnew = fault === "empty" && alone && turn.shown !== "";
        assert.equal(servers[vendor].requests, asked(fault, alone), `${what}: requests; ${JSON.stringify(turn)}`);
        const partly = halves.join("");
        if (breaks.has(fault)) {
          assert.ok(turn.shown.startsWith(alone ? partly : partly + rest), `${what}: ${turn.shown}`);
          assert.equal(turn.shown.split("Two.").length, 2, `${what}: a text twice: ${turn.shown}`);
          assert.equal(turn.error, "", what);
        } else if (isAskedAnew) {
          assert.match(turn.shown, /gave no answer/, what);
        } else if (alone) {
          assert.equal(turn.shown, "", what);
          assert.ok(turn.error.length > 20 && turn.error.includes(name), `${what}: ${turn.error}`);
          assert.ok(!turn.error.includes("<html"), what);
        } else {
          assert.equal(turn.shown, healthy, `${what}: ${turn.error}`);
        }
        const bills = !free.has(fault) || !alone;
        assert.equal(cost > 0, bills, `${what}: it cost ${cost}`);
        const key = `${fault} | ${alone}`;
        const told = breaks.has(fault) ? (alone ? "what came, and that it broke off" : "one answer, joined") : isAskedAnew ? "that the model gave no answer" : alone ? "an error, with what to do" : "the other model's answer";
        const row = `${told} | ${servers[vendor].requests} | ${free.has(fault) ? "nothing" : "an estimate"}`;
        if (!rows.has(key)) rows.set(key, new Map());
        rows.get(key).set(row, [...(rows.get(key).get(row) ?? []), vendor]);
      }
  });

test("the table", () => {
  const lines = ["| fault | providers | behind it | the user sees | requests | the failed calls cost |", "|---|---|---|---|---|---|"];
  for (const [key, variants] of rows)
    for (const [row, names] of variants) {
      const [fault, alone] = key.split(" | ");
      lines.push(`| ${fault} | ${names.length === Object.keys(vendors).length ? "all four" : names.join(", ")} | ${alone === "true" ? "nothing" : "another model"} | ${row} |`);
    }
  console.log(lines.join("\n"));
  assert.equal(rows.size, 2 * faults.length);
});
