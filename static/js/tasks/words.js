// What is told of a task: in the reader's language where it is the product's own, else as its worker said it.

import {said} from "#js/core/texts.js";

/** Return the message of a task, or of what was told of it. */
export const messageOf = ({message, text}) => (text && said(text.key, text.values)) ?? message;
