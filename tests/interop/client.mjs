// Goes through the scenarios with one version of socket.io-client and prints one JSON line for each:
//   node client.mjs '{"folder", "name", "parser", "port", "recoveringPort", "transports", "scenarios": {name: seconds}}'
// A line {"restart": how} asks the other side to do so to the server.

import { createRequire } from "node:module";

const { folder, name, parser, port, recoveringPort, transports, scenarios: wanted } = JSON.parse(process.argv[2]);
const require = createRequire(`${folder}/`);
const client = require(name);
const io = client.io ?? client;
const isSecond = require(`${name}/package.json`).version.startsWith("2.");
const host = "http://127.0.0.1";
const common = { transports: transports.split(","), forceNew: true, ...(parser && { parser: require(parser) }) };
const upgrades = transports.includes(",");
const last = common.transports.at(-1);

const ABSENT = "not in this client";
const EVENTS = 10_000;

const next = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
const ask = (socket, ...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const print = (line) => console.log(JSON.stringify(line));
const bytes = (...values) => Buffer.from(values);
const listed = (value) => (Buffer.isBuffer(value) ? { bytes: [...value] } : value);
const plain = (value) =>
  JSON.parse(JSON.stringify(value, (key, inner) => (inner?.type === "Buffer" ? { bytes: inner.data } : listed(inner))));

let sockets = [];

// Version 2 has no `auth`: it is said in the query of the namespace.
const credentials = (auth) => (isSecond ? { query: auth } : { auth });

function open(path, auth, { on = port, ...options } = {}) {
  const query = isSecond && auth ? `?${new URLSearchParams(auth)}` : "";
  const socket = io(`${host}:${on}${path}${query}`, { ...common, ...(!isSecond && { auth }), ...options });
  sockets.push(socket);
  return socket;
}

async function upgraded(socket) {
  const engine = socket.io.engine;
  if (engine.transport.name !== last) await new Promise((resolve) => engine.once("upgrade", resolve));
  return engine.transport.name;
}

async function connect(path = "/", auth = undefined, options = {}) {
  const socket = open(path, auth, options);
  const welcome = next(socket, "welcome");
  await next(socket, "connect");
  await upgraded(socket);
  return [socket, ...(await welcome)];
}

async function refusal(socket) {
  const [error] = await next(socket, isSecond ? "error" : "connect_error");
  return isSecond ? [error, socket.connected] : [error.message, error.data ?? null, socket.connected];
}

const scenarios = {
  async connect() {
    const auth = isSecond ? { token: "好😀" } : { token: "好😀", list: [1, { a: null }] };
    const [socket, said, id] = await connect("/custom", auth);
    const [root, , rootId] = await connect();
    return [said, socket.io.engine.transport.name, socket.id === id, root.id === rootId];
  },

  async refused() {
    const socket = open("/guarded", { token: "bad" });
    const refused = await refusal(socket);
    Object.assign(socket, credentials({ token: "good" }));
    const welcome = next(socket, "welcome");
    socket.connect();
    return [refused, (await welcome)[0]];
  },

  async emit() {
    const [socket] = await connect();
    const back = next(socket, "echoed");
    socket.emit("echo", 1, -1.5, null, true, "", [[]], { a: { b: "" } });
    return back;
  },

  async unicode() {
    const [socket] = await connect();
    const alone = parser ? [] : ["\ud800 \udc00"]; // MessagePack has no way to write half a pair
    const answer = await ask(socket, "echo", "é\0\u001e", "😀", { "ключ 😀": "好" }, ...alone);
    const long = "é😀\u2028".repeat(20_000);
    return [answer, (await ask(socket, "echo", long))[0] === long];
  },

  async binary() {
    const [socket] = await connect();
    const back = next(socket, "echoed");
    const acknowledged = ask(socket, "echo", bytes(1, 2, 3), { a: [bytes(), { b: bytes(255) }] }, "text", bytes(0));
    const answers = [plain(await back), plain(await acknowledged)];
    const large = Buffer.alloc(200_000, 7);
    return [...answers, (await ask(socket, "echo", large))[0].equals(large)];
  },

  async acks() {
    const [socket] = await connect();
    socket.on("question", (...args) => args.pop()("the answer to", ...args, bytes(9)));
    return [plain(await ask(socket, "ask me", 10, "a", { b: bytes(1) })), await ask(socket, "echo")];
  },

  async server_timeout() {
    const [socket] = await connect();
    const question = next(socket, "question");
    const answer = await ask(socket, "ask me", 0.1);
    (await question).pop()("late");
    return [answer, await ask(socket, "echo", "goes on")];
  },

  async client_timeout() {
    const [socket] = await connect();
    if (!socket.timeout) return ABSENT;
    const question = next(socket, "question");
    const error = await new Promise((resolve) => socket.timeout(100).emit("ask me", 10, resolve));
    (await question).pop()("late");
    return [error instanceof Error, await ask(socket, "echo", "goes on")];
  },

  async namespaces() {
    const [root] = await connect();
    const custom = root.io.socket("/custom", credentials({ token: "custom" }));
    const [said] = await next(custom, "welcome");
    const answers = [said, await ask(custom, "echo", "c"), await ask(root, "echo", "r"), custom.id !== root.id];
    custom.disconnect();
    answers.push(await ask(root, "echo", "root stays"));
    return [...answers, await refusal(root.io.socket("/nowhere"))];
  },

  async broadcast() {
    const [speaker] = await connect();
    const [listener] = await connect();
    const heard = next(listener, "news");
    const echo = next(speaker, "news").then(() => "heard itself");
    await ask(speaker, "tell others", "好😀", { b: bytes(1) });
    return [plain(await heard), await Promise.race([echo, ask(speaker, "echo", "heard nothing")])];
  },

  async order() {
    const socket = open("/");
    const received = [];
    const all = new Promise((resolve) =>
      socket.on("echoed", (number) => received.push(number) === EVENTS && resolve()),
    );
    await next(socket, "connect");
    for (let number = 0; number < EVENTS; number++) {
      socket.emit("echo", number);
      if (upgrades && number % 10 === 0) await turn(); // the upgrade comes in between
    }
    await all;
    return [received.every((number, position) => number === position), await upgraded(socket)];
  },

  async heartbeat() {
    const [socket] = await connect();
    let beats = 0;
    const beat = isSecond ? "pong" : "ping";
    await new Promise((resolve) =>
      socket.io.engine.on("packet", (packet) => packet.type === beat && ++beats === 3 && resolve()),
    );
    return ask(socket, "echo", "alive");
  },

  async expelled() {
    const [socket] = await connect();
    const ended = next(socket, "disconnect");
    let heard = false;
    socket.on("last words", () => (heard = true));
    socket.emit("expel me");
    const [reason] = await ended;
    const welcome = next(socket, "welcome");
    socket.connect();
    await welcome;
    return [reason === "io server disconnect", heard];
  },

  restart: () => comeBack("restart"),

  crash: () => comeBack("crash"),

  async recovery() {
    const [socket] = await connect("/", undefined, { on: recoveringPort, reconnection: false });
    if (socket.recovered === undefined) return ABSENT;
    const [speaker] = await connect("/", undefined, { on: recoveringPort });
    const { id } = socket;
    const ended = next(socket, "disconnect");
    socket.io.engine.close();
    await ended;
    await ask(speaker, "tell others", "missed");
    const heard = [];
    const later = new Promise((resolve) =>
      socket.on("news", (news) => heard.push(news) && news === "later" && resolve()),
    );
    const back = next(socket, "connect");
    socket.connect();
    await back;
    await ask(speaker, "tell others", "later");
    await later;
    return [socket.recovered, socket.id === id, heard];
  },
};

async function comeBack(how) {
  const [socket] = await connect("/", undefined, { reconnectionDelay: 20, reconnectionDelayMax: 50 });
  const ended = next(socket, "disconnect");
  print({ restart: how });
  const [reason] = await ended; // close, or error when no poll was waiting
  await next(socket, "connect");
  return [reason.split(" ")[0], await ask(socket, "echo", "again")];
}

async function limited(scenario, seconds) {
  let timer;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, seconds * 1000, { failed: "timed out" })));
  const outcome = scenario().then((result) => ({ result }), (error) => ({ failed: String(error) }));
  const first = await Promise.race([outcome, limit]);
  clearTimeout(timer);
  return first;
}

for (const [scenario, seconds] of Object.entries(wanted)) {
  print({ scenario, ...(await limited(scenarios[scenario], seconds)) });
  for (const socket of sockets) {
    socket.io.reconnection(false);
    socket.disconnect();
  }
  sockets = [];
}
process.exit(0);
