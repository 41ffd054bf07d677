// SPDX-License-Identifier: GPL-2.0-or-later
// A provider that speaks HTTP/2: call_h2.js PORT KEY CERTIFICATE. What is asked for is the model's name.
// Prints a line for each connection, request and reset.

"use strict";

const fs = require("fs");
const http2 = require("http2");

const [port, key, cert] = process.argv.slice(2);
const waiting = []; // answers that wait until there are four
const done = new Set(); // what was refused once
const good = JSON.stringify({
  id: "c1", object: "chat.completion", created: 1, model: "small",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello!" } }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});

function say(line) {
  fs.writeSync(1, line + "\n");
}

function answer(to) {
  to.respond({ ":status": 200, "content-type": "application/json" });
  to.end(good);
}

const asked = {
  plain: answer,
  together(to) {
    waiting.push(to);
    if (waiting.length === 4) waiting.splice(0).forEach(answer);
  },
  // Says that it goes, and answers what it has.
  goaway(to) {
    to.session.goaway();
    answer(to);
  },
  // Refuses once what it has not begun.
  refused(to) {
    if (done.has("refused")) return answer(to);
    done.add("refused");
    to.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  },
  reset(to) {
    to.respond({ ":status": 200, "content-type": "application/json" });
    to.write(good.slice(0, 20));
    // close() would end it well first.
    setImmediate(() => to.destroy(new Error("internal")));
  },
  // All of the connection.
  destroyed(to) {
    to.session.destroy();
  },
};

const server = http2.createSecureServer({
  key: fs.readFileSync(key), cert: fs.readFileSync(cert), allowHTTP1: true,
});
server.on("session", () => say("session"));
server.on("stream", (to) => {
  let body = "";
  to.on("data", (piece) => { body += piece; });
  to.on("error", () => {});
  to.on("end", () => {
    const { model } = JSON.parse(body);
    say("h2 " + model);
    asked[model](to);
  });
});
// What may have to wait comes by HTTP/1.1.
server.on("request", (request, response) => {
  if (request.httpVersionMajor !== 1) return;
  request.resume();
  request.on("end", () => {
    say("h1");
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end('data: {"choices":[{"delta":{"content":"Hello!"},"finish_reason":"stop"}]}\n\n' +
                 "data: [DONE]\n\n");
  });
});
server.listen(Number(port), "127.0.0.1", () => say("ready"));
