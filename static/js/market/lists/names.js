// What a watchlist is called: the first one has no name until it is given one.

import {t} from "#js/core/texts.js";

export const listName = ({name}) => name || t("market.default_list");
