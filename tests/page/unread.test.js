import assert from "node:assert/strict";
import {test} from "node:test";

const icon = {href: "plain", type: "image/svg+xml"};
const decodings = [];
const pen = new Proxy({}, {get: () => () => {}, set: () => true});
globalThis.document = {
  title: "",
  getElementById: () => icon,
  createElement: () => ({getContext: () => pen, toDataURL: () => "badge"}),
};
globalThis.Image = class {
  decode() {
    return new Promise((resolve, reject) => decodings.push({resolve, reject}));
  }
};
const {showUnread} = await import("#js/shell/unread.js");

test("a badge that is drawn too late does not come back after all was read", async () => {
  const first = showUnread(2);
  assert.equal(document.title, "(2) Stock Insight");
  await showUnread(0);
  decodings.shift().resolve();
  await first;
  assert.deepEqual([document.title, icon.href, icon.type], ["Stock Insight", "plain", "image/svg+xml"]);
});

test("the newest number has the icon, and an icon that cannot be drawn stays plain", async () => {
  const shown = showUnread(3);
  decodings.shift().resolve();
  await shown;
  assert.deepEqual([icon.href, icon.type], ["badge", "image/png"]);
  const failing = showUnread(4);
  decodings.shift().reject(new Error("no such picture"));
  await failing;
  assert.deepEqual([document.title, icon.href], ["(4) Stock Insight", "plain"]);
});
