// What is known of the world, one model each: made in this order with the app when somebody signs in.

import {Conversations} from "#js/chat/conversations.js";
import {Friends} from "#js/chat/friends.js";
import {Groups} from "#js/chat/groups.js";
import {Presence} from "#js/chat/presence.js";

export const MODELS = {
  presence: Presence,
  friends: Friends,
  conversations: Conversations,
  groups: Groups,
};
