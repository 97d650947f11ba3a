// Two signed-in people chat through the official client: node chat_members.mjs BASE_URL PASSWORD ROUNDS
// Prints one JSON line: what each was sent, in order.
import { io } from "socket.io-client";

const [base, password, rounds] = process.argv.slice(2);

async function signIn(username) {
  const answer = await fetch(`${base}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  const { data } = await answer.json();
  return data;
}

async function member(username, transports) {
  const { access_token, user } = await signIn(username);
  const socket = io(base, { auth: { token: access_token }, transports, forceNew: true });
  const received = [];
  socket.on("new_message", ({ message }) => received.push([message.seq, message.content]));
  await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  return { socket, user, received };
}

const alice = await member("alice", ["websocket"]);
const bob = await member("bob", ["polling"]);
const joined = await alice.socket.timeout(9000).emitWithAck("join_chat", { friend_id: bob.user.id });
const conversation_id = joined.conversation.id;
await bob.socket.timeout(9000).emitWithAck("join_chat", { conversation_id });
const acks = [];
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, { socket }] of [["alice", alice], ["bob", bob]]) {
    const content = `${name} ${round} 你好 😀`;
    const ack = await socket
      .timeout(9000)
      .emitWithAck("send_message", { conversation_id, content, type: "text", client_msg_id: `${name}-${round}` });
    acks.push([ack.ok, ack.message.seq]);
  }
}
while (alice.received.length < acks.length || bob.received.length < acks.length) {
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(JSON.stringify({ conversation_id, acks, alice: alice.received, bob: bob.received }));
alice.socket.disconnect();
bob.socket.disconnect();
