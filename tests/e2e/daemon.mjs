// Starts hobd on a state folder of its own, with the stand-in model server or with none.
// HOB_BIN: the folder of hobd and hobctl; HOB_FAKE_OPENAI: the stand-in, the others are beside it.
import { spawn, execFile } from "node:child_process";
import { mkdtempSync, mkdirSync, writeFileSync, rmSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { createInterface } from "node:readline";

const bin = process.env.HOB_BIN;
const fake = process.env.HOB_FAKE_OPENAI;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function until(what, check, limit = 30_000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await check().catch(() => undefined);
    if (value) return value;
    if (Date.now() > end) throw new Error(`no ${what} within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A test that fails before it stops what it started ends all the same. */
function endWithTests(child) {
  child.unref();
  process.once("exit", () => child.kill("SIGKILL"));
}

export const startModel = (...args) => startFake("fake_openai", ...args);

/** A stand-in for a model server, by the name of its program. */
export async function startFake(name, ...args) {
  const child = spawn(join(dirname(fake), name), args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  endWithTests(child);
  child.stdout.unref();
  return { port: Number(line.split(" ")[1]), stop: () => child.kill("SIGKILL") };
}

/** models: YAML below "models:", "" for the offline provider; auth: "none" or "keys"; state: the state folder, when
 * it is not to be in the temporary one. */
export async function startHob({ models = "", auth = "none", extra = "", state = "", limits = "requests_per_minute: 0" } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "hob-e2e-"));
  const port = await freePort();
  mkdirSync(join(dir, "run"));
  const config = join(dir, "hob.yaml");
  writeFileSync(config, `state_dir: ${state || `${dir}/state`}
runtime_dir: ${dir}/run
http: {listen: "127.0.0.1:${port}"}
auth: {mode: ${auth}}
limits: {${limits}}
${models ? `models:\n${models}` : ""}
${extra}
`);
  const log = join(dir, "hobd.log");
  const child = spawn(join(bin, "hobd"), ["--config", config], { stdio: ["ignore", "ignore", openSync(log, "a")] });
  const exited = once(child, "exit");
  endWithTests(child);
  const base = `http://127.0.0.1:${port}`;
  const socket = join(dir, "run", "hob.sock");
  try {
    await until("ready daemon", async () => (await fetch(`${base}/ready`)).ok);
  } catch (error) {
    throw new Error(`${error.message}\n${readFileSync(log, "utf8")}`);
  }
  return {
    base, port, socket, config,
    /** Runs hobctl and gives { code, stdout, stderr }. */
    hobctl: (args, input = "") => new Promise((resolve) => {
      const ctl = execFile(join(bin, "hobctl"), ["--socket", socket, ...args], (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, stdout, stderr }));
      ctl.stdin.on("error", () => {});  // it may be gone before it read anything
      ctl.stdin.end(input);
    }),
    log: () => readFileSync(log, "utf8"),
    stop: async () => {
      child.ref();
      child.kill("SIGTERM");
      const [code] = await exited;
      rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
}

/** A daemon of its own on this port until it ends by itself: { code, signal, log }. */
export async function runHob(port) {
  const dir = mkdtempSync(join(tmpdir(), "hob-e2e-"));
  mkdirSync(join(dir, "run"));
  const config = join(dir, "hob.yaml"), log = join(dir, "hobd.log");
  writeFileSync(config, `state_dir: ${dir}/state\nruntime_dir: ${dir}/run\nhttp: {listen: "127.0.0.1:${port}"}\nauth: {mode: none}\n`);
  const child = spawn(join(bin, "hobd"), ["--config", config], { stdio: ["ignore", "ignore", openSync(log, "a")] });
  const [code, signal] = await once(child, "exit");
  const text = readFileSync(log, "utf8");
  rmSync(dir, { recursive: true, force: true });
  return { code, signal, log: text };
}

export const fakeModels = (port, model = "echo") => `  providers:
    local: {plugin: provider_openai, base_url: "http://127.0.0.1:${port}/v1"}
  tiers: {fast: [local/${model}], smart: [local/${model}], embed: []}
`;

/** The events of a text/event-stream response: [{ event, data }], data parsed as JSON. */
export async function* sse(response) {
  let buffer = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    buffer += chunk;
    for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
      const lines = buffer.slice(0, end).split("\n");
      const data = lines.filter((l) => l.startsWith("data: ")).map((l) => l.slice(6)).join("\n");
      const event = lines.find((l) => l.startsWith("event: "))?.slice(7) ?? "message";
      if (data) yield { event, data: JSON.parse(data) };
    }
  }
}
