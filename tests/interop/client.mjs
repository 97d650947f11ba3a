// Goes through every scenario with one version of socket.io-client and prints one JSON line for each:
//   node client.mjs <folder with node_modules> <package> <port> <transports, comma separated>
// A line {"ready": name} asks the other side to do something.

import { createRequire } from "node:module";

const [folder, name, port, transports] = process.argv.slice(2);
const { io } = createRequire(`${folder}/`)(name);
const url = `http://127.0.0.1:${port}`;
const transport = { transports: transports.split(",") };
const upgrades = transports.includes(",");
const bytes = (...values) => Buffer.from(values);

const next = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
const ask = (socket, ...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));
const print = (line) => console.log(JSON.stringify(line));
const listed = (value) => (Buffer.isBuffer(value) ? { bytes: [...value] } : value);
const plain = (value) =>
  JSON.parse(JSON.stringify(value, (key, inner) => (inner?.type === "Buffer" ? { bytes: inner.data } : listed(inner))));

async function connect(path = "/", auth = { token: "good" }, options = {}) {
  const socket = io(url + path, { ...transport, forceNew: true, auth, ...options });
  const welcome = next(socket, "welcome");
  await next(socket, "connect");
  const engine = socket.io.engine;
  if (upgrades && engine.transport.name !== "websocket") {
    await new Promise((resolve) => engine.once("upgrade", resolve));
  }
  return [socket, (await welcome)[0]];
}

async function refusal(socket) {
  const [error] = await next(socket, "connect_error");
  return { message: error.message, data: error.data ?? null, connected: socket.connected };
}

const scenarios = {
  async auth() {
    const [socket, welcome] = await connect("/", { token: "好😀", list: [1, { a: null }] });
    const used = socket.io.engine.transport.name;
    socket.disconnect();
    return [welcome, used];
  },

  async refused() {
    const socket = io(`${url}/guarded`, { ...transport, forceNew: true, auth: { token: "bad" } });
    const refused = await refusal(socket);
    socket.auth = { token: "good" };
    const welcome = next(socket, "welcome");
    socket.connect();
    const again = await welcome;
    socket.disconnect();
    return [refused, again];
  },

  async unknown_namespace() {
    const socket = io(`${url}/nowhere`, { ...transport, forceNew: true });
    const refused = await refusal(socket);
    socket.disconnect();
    return [refused.message, refused.data];
  },

  async echo() {
    const [socket] = await connect();
    const back = next(socket, "echoed");
    socket.emit("echo", 1, -1.5, null, true, "é😀\ud800", [[]], { "ключ": { b: "" } });
    const echoed = await back;
    socket.disconnect();
    return echoed;
  },

  async binary() {
    const [socket] = await connect();
    const back = next(socket, "echoed");
    const acknowledged = ask(socket, "echo", bytes(1, 2, 3), { a: [bytes(), { b: bytes(255) }] }, "text", bytes(0));
    const answers = [plain(await back), plain(await acknowledged)];
    const large = Buffer.alloc(200_000, 7);
    answers.push(Buffer.compare((await ask(socket, "echo", large))[0], large));
    socket.disconnect();
    return answers;
  },

  async question() {
    const [socket] = await connect();
    socket.on("question", (...args) => args.pop()("the answer to", ...args, bytes(9)));
    const answer = plain(await ask(socket, "ask me", "a", { b: bytes(1) }));
    socket.disconnect();
    return answer;
  },

  async namespaces() {
    const [root] = await connect();
    const custom = root.io.socket("/custom", { auth: { token: "custom" } });
    const welcome = next(custom, "welcome");
    const answers = [await welcome, await ask(custom, "echo", "c"), await ask(root, "echo", "r")];
    answers.push(custom.id !== root.id);
    custom.disconnect();
    answers.push(await ask(root, "echo", "root stays"));
    root.disconnect();
    return answers;
  },

  async order() {
    const [socket] = await connect();
    const received = [];
    const all = new Promise((resolve) =>
      socket.on("echoed", (number) => received.push(number) === 2000 && resolve()),
    );
    for (let number = 0; number < 2000; number++) socket.emit("echo", number);
    await all;
    socket.disconnect();
    return received.every((number, position) => number === position);
  },

  async order_through_the_upgrade() {
    const socket = io(url, { ...transport, forceNew: true });
    const received = [];
    const all = new Promise((resolve) =>
      socket.on("echoed", (number) => received.push(number) === 300 && resolve()),
    );
    await next(socket, "connect");
    for (let number = 0; number < 300; number++) {
      socket.emit("echo", number);
      if (number % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    socket.disconnect();
    return received.every((number, position) => number === position);
  },

  async heartbeat() {
    const [socket] = await connect();
    let pings = 0;
    await new Promise((resolve) =>
      socket.io.engine.on("packet", (packet) => packet.type === "ping" && ++pings === 3 && resolve()),
    );
    const answer = await ask(socket, "echo", "alive");
    socket.disconnect();
    return answer;
  },

  async expelled() {
    const [socket] = await connect();
    const ended = next(socket, "disconnect");
    let last = false;
    socket.on("last words", () => (last = true));
    socket.emit("expel me");
    const [reason] = await ended;
    const answer = [reason, last, socket.active];
    const welcome = next(socket, "welcome");
    socket.connect();
    await welcome;
    socket.disconnect();
    return answer;
  },

  async restart() {
    const [socket] = await connect("/", {}, { reconnectionDelay: 20, reconnectionDelayMax: 50 });
    const ended = next(socket, "disconnect");
    print({ ready: "restart" });
    const [reason] = await ended;
    await next(socket, "connect");
    const answer = [reason.split(" ")[0], await ask(socket, "echo", "again")];
    socket.disconnect();
    return answer;
  },
};

for (const [scenario, run] of Object.entries(scenarios)) {
  print({ scenario, result: await run() });
}
process.exit(0);
