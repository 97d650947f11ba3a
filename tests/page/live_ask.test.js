import assert from "node:assert/strict";
import {test} from "node:test";
import {Socket} from "socket.io-client";
import {Live} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";

test("a refusal has all that the server said, as in REST", async (context) => {
  const error = {code: "rate_limited", message: "too often", retry_after: 3};
  context.mock.method(Socket.prototype, "timeout", () => ({emitWithAck: async () => ({ok: false, error})}));
  context.mock.method(Socket.prototype, "connect", function connect() {
    this.connected = true;
  });
  globalThis.window = globalThis.document = new EventTarget();
  const live = new Live(Object.assign(new EventTarget(), {token: "token"}));
  live.start();
  await assert.rejects(live.ask("speak", {}), (refusal) => {
    assert.ok(refusal instanceof Refusal);
    assert.deepEqual([refusal.code, refusal.message, refusal.details.retry_after], Object.values(error));
    return true;
  });
});
