// Starts the page: texts, who is signed in, then the first picture.

import {App, AppProvider} from "#js/app.js";
import "#js/core/appearance.js";
import {areaAt, AREAS} from "#js/areas.js";
import {place} from "#js/core/router.js";
import {loadTexts} from "#js/core/texts.js";
import {html, render} from "#js/core/view.js";
import {Page} from "#js/shell/shell.js";

const app = new App();
areaAt(place.value.area, AREAS)
  .load()
  .catch(() => {}); // begun before it is known who is here; the area tells of what fails
await Promise.all([loadTexts(), app.restore()]);
render(html`<${AppProvider} value=${app}><${Page} /><//>`, document.getElementById("app"));
