import assert from "node:assert/strict";
import test from "node:test";
import {decodeFrame, decodePayload, describe, eventOf, sizeOf} from "#js/diagnostics/direct/frames.js";

test("frames of Engine.IO are named, with what they carry", () => {
  assert.deepEqual(decodeFrame('0{"sid":"a"}'), {engine: "open", data: {sid: "a"}});
  assert.deepEqual(decodeFrame("2"), {engine: "ping"});
  assert.deepEqual(decodeFrame("2probe"), {engine: "ping", data: "probe"});
  assert.deepEqual(decodeFrame("6"), {engine: "noop"});
});

test("packets of Socket.IO have type, namespace, id, attachments and data", () => {
  const packet = (frame) => decodeFrame(frame).packet;
  assert.deepEqual(packet("40"), {type: "CONNECT", namespace: "/"});
  assert.deepEqual(packet('40/admin,{"token":"t"}'), {type: "CONNECT", namespace: "/admin", data: {token: "t"}});
  assert.deepEqual(packet('42["hi",1]'), {type: "EVENT", namespace: "/", data: ["hi", 1]});
  assert.deepEqual(packet('42/a,12["hi"]'), {type: "EVENT", namespace: "/a", id: 12, data: ["hi"]});
  assert.deepEqual(packet("430[]"), {type: "ACK", namespace: "/", id: 0, data: []});
  assert.deepEqual(packet('451-/a,7["f",{"_placeholder":true,"num":0}]'), {
    type: "BINARY_EVENT",
    namespace: "/a",
    id: 7,
    attachments: 1,
    data: ["f", {_placeholder: true, num: 0}],
  });
  assert.deepEqual(packet("41/a,"), {type: "DISCONNECT", namespace: "/a"});
});

test("binary frames are counted, as bytes and as base64", () => {
  assert.equal(decodeFrame(new ArrayBuffer(5)).binary, 5);
  for (const length of [0, 1, 2, 3, 4, 100]) {
    assert.equal(decodeFrame(`b${Buffer.alloc(length).toString("base64")}`).binary, length);
  }
});

test("the body of a poll holds several frames", () => {
  assert.deepEqual(
    decodePayload('2\x1e42["a"]').map((frame) => frame.engine),
    ["ping", "message"],
  );
});

test("what cannot be read is told, and nothing is thrown", () => {
  for (const frame of ["", "9", "x", "4", "49", "4x", "42[", '0{"', "42nonsense", "4\u{1F600}"]) {
    const decoded = decodeFrame(frame);
    assert.ok(decoded.error, JSON.stringify(frame));
    assert.ok(describe(decoded).title, JSON.stringify(frame));
  }
});

test("a frame has a line, an event's name and a size", () => {
  const frame = '42/a,3["hi",{"to":"世界"}]';
  assert.deepEqual(describe(decodeFrame(frame)), {title: "EVENT /a #3", detail: '["hi",{"to":"世界"}]'});
  assert.equal(eventOf(decodeFrame(frame)), "hi");
  assert.equal(eventOf(decodeFrame("430[]")), null);
  assert.equal(sizeOf(frame), Buffer.byteLength(frame));
});
