// Starts the page: texts, who is signed in, then the first picture.

import {App, AppProvider} from "#js/app.js";
import "#js/core/appearance.js";
import {loadTexts} from "#js/core/texts.js";
import {html, render} from "#js/core/view.js";
import {Page} from "#js/shell/shell.js";

const app = new App();
await Promise.all([loadTexts(), app.restore()]);
render(html`<${AppProvider} value=${app}><${Page} /><//>`, document.getElementById("app"));
