import assert from "node:assert/strict";
import test from "node:test";
import {DirectClient} from "#js/diagnostics/direct/client.js";
import {recall} from "#js/core/storage.js";
import {address, draft, keepSettings, settings, takeLink} from "#js/diagnostics/direct/form_state.js";
import {fromPacket, describe as told} from "#js/diagnostics/direct/frames.js";
import {linkOf, readLink} from "#js/diagnostics/direct/link.js";
import {RawConnection} from "#js/diagnostics/direct/raw.js";
import {readToken} from "#js/diagnostics/direct/token.js";
import {FakeStorage, withResolvers} from "./support.js";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({alg: "HS256"})}.${part({sub: "user", name: "爱丽丝", exp: 1_800_000_000})}.c2lnbg`;

test("a link says again what stood in the forms", () => {
  const state = {
    url: "https://example.org:8443",
    namespace: "/chat",
    parser: "msgpack",
    event: "say",
    args: '[{"a":"&=#"}]',
  };
  assert.deepEqual(readLink(`#${linkOf({...state, auth: {token: "t"}, path: ""})}`), state);
  assert.deepEqual(readLink("#other=1&event=ping"), {event: "ping"});
  assert.deepEqual(readLink(""), {});
});

test("no link holds a token or a password, wherever it was written", () => {
  const link = linkOf({
    url: `https://alice:hidden@example.org/?token=${TOKEN}`,
    event: "refresh_token",
    args: JSON.stringify([{token: "opaque", password: 'hid"den', note: TOKEN, key: `sk_${"0".repeat(24)}_hidden`}]),
  });
  for (const secret of ["hidden", "hid", "opaque", TOKEN, TOKEN.split(".")[1]]) {
    assert.ok(!decodeURIComponent(link).includes(secret), secret);
  }
  assert.equal(readLink(link).url, "https://example.org/");
});

test("what a link names that does not exist is left as it is usual", () => {
  takeLink("#transports=pigeon&parser=msgpack&namespace=/a&event=hello&timeout=soon");
  assert.deepEqual(
    [settings.value.transports, settings.value.parser, settings.value.namespace],
    ["both", "msgpack", "/a"],
  );
  assert.deepEqual(draft.value, {event: "hello", args: "[{}]", timeout: 0});
  globalThis.location = {pathname: "/tests/socketio/socketio-direct-test.html"};
  assert.match(address(), /^\/tests\/socketio\/socketio-direct-test\.html#.*namespace=%2Fa.*event=hello/);
});

test("a link changes nothing for the next visit until somebody connects", (context) => {
  globalThis.localStorage = new FakeStorage();
  context.after(() => delete globalThis.localStorage);
  takeLink("#url=https://example.org&namespace=/b");
  assert.deepEqual([settings.value.namespace, recall("diagnostics-connection")], ["/b", null]);
  keepSettings();
  assert.equal(recall("diagnostics-connection").url, "https://example.org");
});

test("only the last wish to connect is followed", async () => {
  const notes = [];
  const client = new DirectClient({note: (title, detail) => notes.push(detail), frame: () => {}});
  const where = {url: "http://127.0.0.1:1", path: "/socket.io/", transports: ["websocket"], reconnects: false};
  const connected = ["/first", "/second"].map((namespace) => client.connect({...where, namespace}));
  await Promise.all(connected);
  client.disconnect();
  assert.deepEqual(
    notes.filter((detail) => detail.startsWith(where.url)),
    ["http://127.0.0.1:1/socket.io/ /second websocket"],
  );
});

test("a client whose parser cannot be loaded does not go on connecting", async () => {
  const client = new DirectClient({note: () => {}, frame: () => {}});
  const connected = client.connect({parser: "msgpack"}); // this is no server, which would have the bundle
  assert.equal(client.state.value, "connecting");
  await assert.rejects(connected);
  assert.equal(client.state.value, "closed");
});

test("a session that is polled ends on the server too when it is closed", async (context) => {
  const asked = [];
  const second = withResolvers();
  const network = context.mock.method(globalThis, "fetch", async (address, {method, body, signal}) => {
    asked.push([method, new URL(address).searchParams.get("sid"), body]);
    if (asked.length === 2) {
      second.resolve();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    return new Response(method === "GET" ? '0{"sid":"abc"}' : "ok");
  });
  globalThis.location = {origin: "http://127.0.0.1:1"};
  const raw = new RawConnection({note: () => {}, message: () => {}});
  raw.open("polling", "/socket.io/?EIO=4&transport=polling", "");
  await second.promise;
  raw.close();
  await Promise.all(network.mock.calls.map(({result}) => result.catch(() => {})));
  assert.deepEqual(asked, [
    ["GET", null, undefined],
    ["GET", "abc", undefined],
    ["POST", "abc", "1"],
  ]);
});

test("packets that another parser has read are shown like all others", () => {
  const decoded = fromPacket({type: 2, nsp: "/", id: 3, data: ["hi", 1]});
  assert.deepEqual(told(decoded), {title: "EVENT #3", detail: '["hi",1]'});
  assert.deepEqual(fromPacket({type: 1, nsp: "/a"}).packet, {type: "DISCONNECT", namespace: "/a"});
});

test("a token is read, and what is none is not", () => {
  const {header, payload, expiresAt} = readToken(` ${TOKEN}\n`);
  assert.deepEqual([header, payload.name, expiresAt], [{alg: "HS256"}, "爱丽丝", 1_800_000_000_000]);
  for (const wrong of ["", "a.b", "a.b.c", `${part({})}..x`, "abc.def.ghi"]) {
    assert.equal(readToken(wrong), null);
  }
});
