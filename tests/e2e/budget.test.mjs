// The budget as its owner meets it: limits under load, hobctl, what waits and goes on.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { startHob, startModel, fakeModels } from "./daemon.mjs";

let model;
before(async () => {
  model = await startModel("--delay-ms", "30");
});
after(() => model.stop());

/** models: of the stand-in, with prices in USD per million tokens. */
const paid = (name, budget, more = "") => `${fakeModels(model.port, name)}  prices: {local/${name}: {input: 2, output: 5}}
  budget: ${budget}
${more}`;

const say = (hob, user, message) => fetch(`${hob.base}/chat`, { method: "POST",
  headers: { "content-type": "application/json", "x-user-id": user }, body: JSON.stringify({ message, stream: false }) });

async function ctl(hob, ...args) {
  const done = await hob.hobctl(["--json", ...args]);
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

async function until(what, check, limit = 60_000) {
  for (const end = Date.now() + limit; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const value = await check();
    if (value) return value;
  }
  assert.fail(`no ${what} within ${limit} ms`);
}

test("fifty messages at once from ten users never pass a limit; who is refused is told, and the books agree by every key", async () => {
  const hob = await startHob({ models: paid("slow", "{daily: 0.12, monthly: 0, per_user_daily: 0.026, on_limit: deny}", "  background: {enabled: false}\n") });
  try {
    let isOver = false;
    const watch = (async () => {
      let looks = 0;
      for (; !isOver; looks += 1)
        for (const { limit_usd: limit, spent_usd: spent, reserved_usd: reserved, name } of (await ctl(hob, "budget", "get")).limits)
          if (limit !== null) assert.ok(spent + reserved <= limit + 1e-9, `${name}: ${spent} + ${reserved} of ${limit}`);
      return looks;
    })();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => say(hob, `user${i % 10}`, `message ${i}`)));
    isOver = true;
    assert.ok((await watch) > 0);
    const statuses = answers.map((answer) => answer.status);
    assert.ok(statuses.includes(200) && statuses.includes(429), String(statuses));
    assert.ok(statuses.every((status) => status === 200 || status === 429), String(statuses));
    for (const answer of answers.filter(({ status }) => status === 429))
      assert.match((await answer.json()).error.message, /limit of 0\.(026|12) USD has no room.*(begins anew at|Try again in|too small)/);

    await until("settled calls", async () => (await ctl(hob, "usage", "summary")).total.reserved_usd === 0);
    const sums = {};
    assert.match((await hob.hobctl(["budget", "get"])).stdout, /^user user3 +day /m);
    for (const by of ["day", "model", "user", "channel", "purpose", "tier"]) {
      const { items, total } = await ctl(hob, "usage", "summary", "--by", by);
      sums[by] = total.cost_usd;
      assert.ok(Math.abs(items.reduce((sum, item) => sum + item.cost_usd, 0) - total.cost_usd) < 1e-9, by);
      assert.equal(total.failed, 0);
    }
    assert.equal(new Set(Object.values(sums)).size, 1, JSON.stringify(sums));
    const rows = (await ctl(hob, "usage", "list", "--limit", "500")).items;
    assert.equal(rows.filter(({ state }) => state === "answered").length, statuses.filter((status) => status === 200).length);
    assert.ok(Math.abs(rows.reduce((sum, row) => sum + row.cost_usd, 0) - sums.day) < 1e-9);
    assert.ok((await ctl(hob, "usage", "list", "--user", "user3")).items.every(({ cost_usd: cost }) => cost <= 0.026));
  } finally {
    await hob.stop();
  }
});

test("budget set refuses what can't be a limit, says why, and changes nothing", async () => {
  const hob = await startHob({ models: paid("echo", "{daily: 1, monthly: 5}") });
  try {
    const before = await ctl(hob, "budget", "get");
    for (const bad of [["--daily", "abc"], ["--daily", "-5"], ["--daily", "1e99"], ["--daily", "nan"], ["--daily"], ["--daily", "1", "--monthly", "-3"], ["--user", "nobody", "--usd", "1"],
                       ["--user", "default"], ["--usd", "1"], ["--user", "default", "--usd", "1", "--window", "week"], ["--user", "default", "--channel", "http", "--usd", "1"],
                       ["--weekly", "3"], ["--daily_tokens", "1.5"], []]) {
      const { code, stderr } = await hob.hobctl(["budget", "set", ...bad]);
      assert.ok(code === 1 || code === 2, `budget set ${bad.join(" ")}: ${code}`);
      assert.ok(stderr.length > 20, `budget set ${bad.join(" ")}: ${stderr}`);
    }
    assert.deepEqual(await ctl(hob, "budget", "get"), before);
  } finally {
    await hob.stop();
  }
});

test("status and doctor tell of the budget: what is spent, what is used up, a price that nobody knows", async () => {
  const hob = await startHob({ models: `${fakeModels(model.port).replace("/v1\"", "/v1\", api_key: \"right\"")}  budget: {daily: 1, monthly: 5}\n` });
  try {
    assert.equal((await ctl(hob, "status")).budget, "today 0 USD of 1.00 USD; this month 0 USD of 5.00 USD");
    const budgetOf = ({ items }) => items.filter(({ check }) => check === "budget");
    const unknown = budgetOf(await ctl(hob, "doctor"));
    assert.equal(unknown.length, 1);
    assert.equal(unknown[0].status, "warn");
    assert.ok(unknown[0].message.includes('models.prices: {"local/echo": {input: USD, output: USD}}'), unknown[0].message);
    assert.deepEqual((await ctl(hob, "budget", "get")).notes, [unknown[0].message]);
    assert.equal((await say(hob, "default", "hello")).status, 200);
    assert.equal((await hob.hobctl(["budget", "set", "--daily", "0.000001"])).code, 0);
    assert.match((await ctl(hob, "status")).budget, /^today .* of 0\.000001 USD, used up;/);
    assert.ok(budgetOf(await ctl(hob, "doctor")).some(({ message }) => message.startsWith("the daily limit is used up: ")));
  } finally {
    await hob.stop();
  }
});

test("what waits for the budget goes on as soon as a reload gives it room", async () => {
  const background = (share) => `  background: {share: ${share}}\n`;
  const hob = await startHob({ models: paid("echo", "{daily: 5, monthly: 0, on_limit: queue}", background("0.000001")) });
  try {
    assert.equal((await say(hob, "default", "I live in Lyon and my sister is called Ann.")).status, 200);
    const extractions = async () => (await ctl(hob, "usage", "list")).items.filter(({ purpose }) => purpose === "extraction");
    await until("refusal in the log", async () => hob.log().includes("background work never has room for local/echo"));
    assert.deepEqual(await extractions(), []);
    writeFileSync(hob.config, readFileSync(hob.config, "utf8").replace("share: 0.000001", "share: 0.9"));
    await ctl(hob, "system", "reload");
    assert.ok(await until("extraction", async () => (await extractions()).length > 0));
  } finally {
    await hob.stop();
  }
});
