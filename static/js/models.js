// What is known of the world, one model each: made in this order with the app when somebody signs in.

import {Friends} from "#js/chat/friends.js";
import {Notices} from "#js/notices/notices.js";
import {Tasks} from "#js/tasks/tasks.js";

export const MODELS = {
  friends: Friends,
  notices: Notices,
  tasks: Tasks,
};
