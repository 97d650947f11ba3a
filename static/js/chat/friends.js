// The friends, and the requests from and to others.

import {follow} from "#js/core/follow.js";
import {signal} from "#js/core/view.js";

export class Friends {
  /** `[{id, username, display_name, presence, …}]` */
  list = signal([]);
  /** `[{id, from, …}]`, as `GET /api/friends` gives them. */
  incoming = signal([]);
  outgoing = signal([]);

  constructor({session, live}) {
    const refresh = () => this.following.refresh();
    this.following = follow(live, {
      fetch: () => session.request("GET", "/friends"),
      take: ({friends, incoming, outgoing}) => {
        this.list.value = friends;
        this.incoming.value = incoming;
        this.outgoing.value = outgoing;
      },
      events: {
        friend_request: refresh,
        friend_accepted: refresh,
        friend_request_removed: refresh,
        friend_removed: refresh,
      },
    });
  }
}
