// What lies above the page: questions, menus at the pointer, toasts.

import {Questions} from "#js/ui/dialog.js";
import {PointerMenu} from "#js/ui/menu.js";
import {Toasts} from "#js/ui/toasts.js";
import {html} from "#js/core/view.js";

export const Layer = () => html`<${Questions} /><${PointerMenu} /><${Toasts} />`;
