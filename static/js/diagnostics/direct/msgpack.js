// The official client with the msgpack parser: a bundle that the server has beside the usual one, loaded when it is asked for.

const BUNDLE = "/socket.io/socket.io.msgpack.min.js";

/** Return its `Manager`. */
export async function msgpackManager() {
  await import(BUNDLE);
  return globalThis.io.Manager;
}
