// What can be done with groups; each change is at once in the list of conversations.

export class Groups {
  #session;
  #conversations;
  #me;

  constructor({session, conversations, me}) {
    this.#session = session;
    this.#conversations = conversations;
    this.#me = me.id;
  }

  /** Return a group with all its members. */
  show(id) {
    return this.#put(this.#session.request("GET", `/conversations/${id}`));
  }

  create(name, userIds) {
    return this.#put(this.#session.request("POST", "/conversations", {name, members: userIds}));
  }

  rename(id, name) {
    return this.#put(this.#session.request("PATCH", `/conversations/${id}`, {name}));
  }

  add(id, userIds) {
    return this.#put(this.#session.request("POST", `/conversations/${id}/members`, {user_ids: userIds}));
  }

  setRole(id, userId, role) {
    return this.#put(this.#session.request("PATCH", `/conversations/${id}/members/${userId}`, {role}));
  }

  async remove(id, userId) {
    await this.#session.request("DELETE", `/conversations/${id}/members/${userId}`);
  }

  async leave(id) {
    await this.remove(id, this.#me);
    this.#conversations.forget(id);
  }

  async #put(answer) {
    const {conversation} = await answer;
    this.#conversations.put(conversation);
    return conversation;
  }
}

const RANKS = {owner: 2, admin: 1, member: 0};

/** What somebody of this role may do with a member of that role: the server decides, this is what is offered. */
export function mayDo(own, other) {
  return {
    remove: RANKS[own] > RANKS[other],
    promote: own === "owner" && other === "member",
    demote: own === "owner" && other === "admin",
    handOver: own === "owner" && other !== "owner",
  };
}

export const mayManage = (role) => RANKS[role] > 0;
