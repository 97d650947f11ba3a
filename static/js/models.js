// What is known of the world, one model each: made in this order with the app when somebody signs in.

import {Friends} from "#js/chat/friends.js";

export const MODELS = {
  friends: Friends,
};
