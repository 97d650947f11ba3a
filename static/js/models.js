// What is known of the world, one model each: made in this order with the app when somebody signs in.

import {Conversations} from "#js/chat/conversations.js";
import {Drafts} from "#js/chat/drafts.js";
import {Friends} from "#js/chat/friends.js";
import {Groups} from "#js/chat/groups.js";
import {Limits} from "#js/chat/limits.js";
import {Outbox} from "#js/chat/outbox.js";
import {Presence} from "#js/chat/presence.js";
import {Uploads} from "#js/chat/uploads.js";
import {Account} from "#js/settings/account.js";
import {Alerts} from "#js/market/models/alerts.js";
import {Quotes} from "#js/market/models/quotes.js";
import {MarketStatus} from "#js/market/models/status.js";
import {Strategies} from "#js/market/models/strategies.js";
import {Watchlists} from "#js/market/models/watchlists.js";
import {Notices} from "#js/notices/notices.js";
import {Tasks} from "#js/tasks/tasks.js";
import {Watch} from "#js/operator/watch.js";

export const MODELS = {
  account: Account,
  presence: Presence,
  friends: Friends,
  limits: Limits,
  drafts: Drafts,
  outbox: Outbox,
  uploads: Uploads,
  conversations: Conversations,
  groups: Groups,
  quotes: Quotes,
  marketStatus: MarketStatus,
  watchlists: Watchlists,
  strategies: Strategies,
  alerts: Alerts,
  notices: Notices,
  tasks: Tasks,
  watch: Watch,
};
