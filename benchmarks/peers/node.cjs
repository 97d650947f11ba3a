// Socket.IO for Node with its defaults.
// Usage: node node.cjs --port N [--ping-interval SECONDS] [--engine-version 3] [--format msgpack]
const { createServer } = require("node:http");
const { parseArgs } = require("node:util");
const { Server } = require("socket.io");

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    "ping-interval": { type: "string", default: "25" },
    "engine-version": { type: "string", default: "4" },
    format: { type: "string", default: "text" },
  },
});
const http = createServer();
const io = new Server(http, {
  serveClient: false,
  pingInterval: Number(values["ping-interval"]) * 1000,
  allowEIO3: values["engine-version"] === "3",
  ...(values.format === "msgpack" && { parser: require("socket.io-msgpack-parser") }),
});
io.on("connection", (socket) => {
  socket.on("echo", (data) => socket.emit("echo", data));
  socket.on("echo_ack", (data, acknowledge) => acknowledge(data));
  socket.on("join", (room) => void socket.join(room));
  socket.on("fanout", (room, data) => io.to(room).emit("fanout_msg", data));
});
http.listen({ port: Number(values.port), host: "127.0.0.1", backlog: 4096 });
