// What stands on the wire, in words: frames of Engine.IO 4 with packets of Socket.IO 5 in them.

const ENGINE = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const SOCKET = ["CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"];
const SEPARATOR = "\x1e";
const PACKET = /^(\d)(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?([^]*)$/;

/** Decode the body of a poll, which holds several frames. */
export const decodePayload = (text) => text.split(SEPARATOR).map(decodeFrame);

/**
 * Decode one frame: `{engine, data?, packet?, error?}`. `packet` is `{type, namespace, id?, attachments?, data?}`; what cannot be
 * read is told by `error`.
 */
export function decodeFrame(frame) {
  if (typeof frame !== "string") {
    return {engine: "message", binary: frame.byteLength ?? frame.size};
  }
  if (frame[0] === "b") {
    return {engine: "message", binary: Math.floor(((frame.length - 1 - padding(frame)) * 3) / 4)};
  }
  const engine = ENGINE[frame[0]];
  if (!engine) {
    return {engine: "?", error: `no frame begins with ${JSON.stringify(frame[0] ?? "")}`};
  }
  const rest = frame.slice(1);
  if (engine === "message") {
    return {engine, ...decodePacket(rest)};
  }
  return engine === "open" ? {engine, ...parsed(rest)} : {engine, ...(rest && {data: rest})};
}

function decodePacket(text) {
  const [, digit, attachments, namespace, id, rest] = PACKET.exec(text) ?? [];
  const type = SOCKET[digit];
  if (!type) {
    return {error: `no packet begins with ${JSON.stringify(text[0] ?? "")}`};
  }
  const {data, error} = rest ? parsed(rest) : {};
  const packet = {type, namespace: namespace ?? "/"};
  if (id !== undefined) {
    packet.id = Number(id);
  }
  if (attachments !== undefined) {
    packet.attachments = Number(attachments);
  }
  if (data !== undefined) {
    packet.data = data;
  }
  return error ? {packet, error} : {packet};
}

function parsed(text) {
  try {
    return {data: JSON.parse(text)};
  } catch (error) {
    return {error: error.message};
  }
}

/** What `decodeFrame` returns, of a packet that a parser of its own has read. */
export const fromPacket = ({type, nsp, id, data}) => ({
  engine: "message",
  packet: {
    type: SOCKET[type],
    namespace: nsp,
    ...(id !== undefined && {id}),
    ...(data !== undefined && {data}),
  },
});

const padding = (frame) => frame.length - frame.replace(/=+$/, "").length;

/** The name of the event in a decoded frame, or null. */
export const eventOf = ({packet}) => (packet?.type.endsWith("EVENT") ? (packet.data?.[0] ?? null) : null);

/** One line about a decoded frame: `{title, detail}`. */
export function describe({engine, data, binary, packet, error}) {
  if (error) {
    return {title: packet?.type ?? engine, detail: error};
  }
  if (binary !== undefined) {
    return {title: "binary", detail: ""};
  }
  if (!packet) {
    return {title: engine, detail: data === undefined ? "" : JSON.stringify(data)};
  }
  const marks = [packet.type, packet.namespace !== "/" && packet.namespace, packet.id !== undefined && `#${packet.id}`];
  return {title: marks.filter(Boolean).join(" "), detail: packet.data === undefined ? "" : JSON.stringify(packet.data)};
}

/** How many bytes a frame has on the wire. */
export const sizeOf = (frame) =>
  typeof frame === "string" ? new TextEncoder().encode(frame).length : (frame.byteLength ?? frame.size);
