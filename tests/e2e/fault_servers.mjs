// Servers that fail in every way, in the words of each vendor's protocol, and one that is well. One Node server each, on
// loopback; "fault" picks what the next requests get.
import { createServer } from "node:net";
import { once } from "node:events";

/** What a server says before its stream breaks: request 1 the first, request 2 the second. */
export const halves = ["One. Two. ", "Three. "];
export const healthy = "I am well.";
export const rest = "And the rest.";

/** Each vendor: its plugin, base_url, and its words for a piece of text and for a refusal. */
export const vendors = {
  openai: {
    plugin: "provider_openai", path: "/v1", type: "text/event-stream",
    text: (t) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: t }, finish_reason: null }] })}\n\n`,
    junk: "data: {nonsense\n\n",
    refusal: (message) => JSON.stringify({ error: { message, type: "x", code: null } }),
  },
  anthropic: {
    plugin: "provider_anthropic", path: "", type: "text/event-stream",
    text: (t, first) => (first ? `event: message_start\ndata: ${JSON.stringify({ type: "message_start", message: { id: "m", model: "m", usage: { input_tokens: 20, output_tokens: 1 } } })}\n\n`
      + `event: content_block_start\ndata: ${JSON.stringify({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } })}\n\n` : "")
      + `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: t } })}\n\n`,
    junk: "event: message_start\ndata: {nonsense\n\n",
    refusal: (message) => JSON.stringify({ type: "error", error: { type: "x", message } }),
  },
  gemini: {
    plugin: "provider_gemini", path: "", type: "text/event-stream",
    text: (t) => `data: ${JSON.stringify({ candidates: [{ index: 0, content: { role: "model", parts: [{ text: t }] } }] })}\r\n\r\n`,
    junk: "data: {nonsense\r\n\r\n",
    refusal: (message, status) => JSON.stringify({ error: { code: status, message, status: "X" } }),
  },
  ollama: {
    plugin: "provider_ollama", path: "", type: "application/x-ndjson",
    text: (t) => `${JSON.stringify({ model: "m", message: { role: "assistant", content: t }, done: false })}\n`,
    junk: "{nonsense\n",
    refusal: (message) => JSON.stringify({ error: message }),
  },
};

const head = (status, type, extra = "") => `HTTP/1.1 ${status} S\r\nContent-Type: ${type}\r\n${extra}`;
const whole = (status, type, body, extra = "") => `${head(status, type, extra)}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chunk = (data) => `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;

/** Calls `answer(socket, body)` for each request on a socket. */
async function serve(answer) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    let data = Buffer.alloc(0);
    socket.on("data", (piece) => {
      data = Buffer.concat([data, piece]);
      if (data[0] === 0x16) return socket.end("HTTP/1.1 400 no TLS here\r\n\r\n");
      for (;;) {
        const end = data.indexOf("\r\n\r\n");
        if (end < 0) return;
        const length = Number(/content-length: *(\d+)/i.exec(data.subarray(0, end).toString())?.[1] ?? 0);
        if (data.length < end + 4 + length) return;
        const body = data.subarray(end + 4, end + 4 + length).toString();
        data = data.subarray(end + 4 + length);
        answer(socket, body);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, stop: () => { for (const s of sockets) s.destroy(); server.close(); } };
}

/** A server of `vendor` that fails as `server.fault` says; `server.requests` counts since the last change. */
export async function startFaulty(vendor) {
  const v = vendors[vendor];
  const state = { fault: "500", requests: 0 };
  const served = await serve((socket, body) => {
    const half = halves[Math.min(state.requests++, halves.length - 1)];
    const status = Number(state.fault.slice(0, 3));
    if (status) {
      const extra = state.fault.includes("Retry-After") ? "Retry-After: 1\r\n" : "";
      return socket.write(whole(status, "application/json", v.refusal(`the server says ${status}`, status), extra));
    }
    const begin = head(200, v.type, "Transfer-Encoding: chunked\r\n") + "\r\n";
    switch (state.fault) {
      case "HTML": return socket.write(whole(200, "text/html", "<html><body>Welcome to the proxy</body></html>"));
      case "invalid JSON": return socket.write(begin + chunk(v.junk) + "0\r\n\r\n");
      case "empty": return socket.write(whole(200, v.type, ""));
      case "stall before the first token": return socket.write(begin);
      case "stall after the first token": return socket.write(begin + chunk(v.text(half, true)));
      case "cut stream": return socket.end(begin + chunk(v.text(half, true)));
      default: throw new Error(state.fault);
    }
  });
  return Object.assign(state, served);
}

/** A server of OpenAI's protocol that is well, and goes on where another one broke off. */
export async function startHealthy() {
  const state = { requests: 0 };
  const served = await serve((socket, body) => {
    ++state.requests;
    const text = body.includes("The connection broke while you were answering") ? rest : healthy;
    const usage = { prompt_tokens: 50, completion_tokens: 5, total_tokens: 55 };
    socket.write(head(200, "text/event-stream", "Transfer-Encoding: chunked\r\n") + "\r\n" + chunk(vendors.openai.text(text))
      + chunk(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage })}\n\n`) + chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  });
  return Object.assign(state, served);
}
