// What is known of the world, one model each: made in this order with the app when somebody signs in.

import {Friends} from "#js/chat/friends.js";
import {Alerts} from "#js/market/models/alerts.js";
import {Quotes} from "#js/market/models/quotes.js";
import {MarketStatus} from "#js/market/models/status.js";
import {Strategies} from "#js/market/models/strategies.js";
import {Watchlists} from "#js/market/models/watchlists.js";

export const MODELS = {
  friends: Friends,
  quotes: Quotes,
  marketStatus: MarketStatus,
  watchlists: Watchlists,
  strategies: Strategies,
  alerts: Alerts,
};
