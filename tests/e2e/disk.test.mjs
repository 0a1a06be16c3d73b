// A disk that fills up while Hob runs: a small tmpfs holds the state. Needs root for mount(8); skipped without.
import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync, truncateSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { startHob, startModel, fakeModels } from "./daemon.mjs";

const SECRET = "disk-secret-of-the-test";

function mountSmallDisk() {
  const folder = mkdtempSync(join(tmpdir(), "hob-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "hob-disk", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  return folder;
}

async function receiver() {
  const texts = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      texts.push(JSON.parse(body).text);
      response.setHeader("content-type", "application/json").end('{"message_id":"m"}');
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { texts, url: `http://127.0.0.1:${server.address().port}/out`, close: () => server.close() };
}

async function until(what, check) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`no ${what} within a minute`);
}

const say = (hob, id, text) => fetch(`${hob.base}/hooks/webhook`, { method: "POST",
  headers: { "content-type": "application/json", "x-hob-secret": SECRET },
  body: JSON.stringify({ id, sender: { id: "anna" }, text }) });
const health = async (hob) => (await fetch(`${hob.base}/health`)).json();

const disk = mountSmallDisk();

test("a full disk delays a reply, is seen in /health, and ends when space is freed", { skip: disk ? false : "mount is not allowed" }, async () => {
  const outside = await receiver();
  const model = await startModel("--delay-ms", "1500");
  const hob = await startHob({ models: fakeModels(model.port, "slow"), state: join(disk, "state"),
    extra: `channels:\n  webhook: {plugin: channel_webhook, path: webhook, url: "${outside.url}", secret: ${SECRET}}\n` });
  try {
    await say(hob, "m0", "hello");
    await until("pairing code", async () => outside.texts.length === 1);
    const { items } = JSON.parse((await hob.hobctl(["--json", "identity", "list"])).stdout);
    const paired = await hob.hobctl(["call", "identity.approve", JSON.stringify({ code: items[0].pairing_code, user: "default" })]);
    assert.equal(paired.code, 0, paired.stderr);

    assert.equal((await say(hob, "m1", "are you there?")).status, 202);
    const ballast = join(disk, "ballast");
    const { bavail, bsize } = statfsSync(disk);
    try {
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize)));  // while the model thinks
    } catch (error) {
      assert.equal(error.code, "ENOSPC");  // the database took some meanwhile: full it is
    }
    // The log beside the database may have room left over: fill it until writes are refused.
    await until("degraded health", async () => {
      await say(hob, `fill${Math.random()}`, "x".repeat(60_000)).catch(() => {});
      const { status, database } = await health(hob);
      return status === "degraded" && database === false;
    });
    assert.equal((await fetch(`${hob.base}/ready`)).status, 503);

    truncateSync(ballast, 0);
    await until("healthy again", async () => (await health(hob)).status === "healthy");
    await until("reply", async () => outside.texts.includes("echo: are you there?"));
    assert.equal(outside.texts.filter((text) => text === "echo: are you there?").length, 1);
    assert.equal((hob.log().match(/nothing can be stored any more/g) ?? []).length, (hob.log().match(/takes writes again/g) ?? []).length);
  } finally {
    await hob.stop();
    model.stop();
    outside.close();
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  }
});
