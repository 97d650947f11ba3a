// The names of the types of notifications.

import {t} from "#js/core/texts.js";
import {OWN_TYPES} from "#js/notices/kinds.js";

/** Return what people call a type; one that operators have made up is called by its own name. */
export const typeText = (type) => (OWN_TYPES.includes(type) ? t(`inbox.type_${type}`) : type.replaceAll("_", " "));
