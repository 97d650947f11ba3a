// What a view shows while it has nothing to show: that it loads, what went wrong, that there is nothing.

import {problemText} from "#js/ui/problems.js";
import {Icon} from "#js/ui/icon.js";
import {t} from "#js/core/texts.js";
import {html, useEffect} from "#js/core/view.js";

/** Draw what is followed: `following` is what `follow()` returned, `empty` what `Empty` takes. */
export function State({following, isEmpty = false, empty, children}) {
  const state = following.state.value;
  if (state === "loading") {
    return html`<${Loading} />`;
  }
  if (state === "error") {
    return html`<${Problem} error=${following.error.value} retry=${following.refresh} />`;
  }
  return isEmpty ? html`<${Empty} ...${empty} />` : children;
}

/** Draw what `model` lists under a filter; the first page is asked for when somebody looks. */
export function Listed({model, filter, children}) {
  const isLoaded = model.isLoaded(filter);
  const error = model.error(filter);
  const ask = () => model.more(filter).catch(() => {}); // the model keeps the error
  useEffect(() => {
    if (!isLoaded && !error) {
      ask();
    }
  }, [filter, isLoaded, error]);
  if (isLoaded) {
    return children;
  }
  return error ? html`<${Problem} error=${error} retry=${ask} />` : html`<${Loading} />`;
}

export function Loading({rows = 4}) {
  return html`
    <div class="skeleton" role="status">
      <span class="visually-hidden">${t("ui.loading")}</span>
      ${Array.from({length: rows}, (_, index) => html`<span key=${index} class="skeleton-line" aria-hidden="true" />`)}
    </div>
  `;
}

export function Problem({error, retry}) {
  return html`
    <div class="empty" role="alert">
      <${Icon} name="alert" />
      <p class="empty-title">${t("ui.problem")}</p>
      <p class="hint">${problemText(error)}</p>
      ${retry && html`<button type="button" onClick=${() => retry()}><${Icon} name="retry" />${t("ui.retry")}</button>`}
    </div>
  `;
}

/** `action` is `{text, run}`, or what `children` holds instead. */
export function Empty({icon, title, text, action, children}) {
  return html`
    <div class="empty">
      ${icon && html`<${Icon} name=${icon} />`}
      <p class="empty-title">${title}</p>
      ${text && html`<p class="hint">${text}</p>`}
      ${action && html`<button type="button" class="primary" onClick=${action.run}>${action.text}</button>`} ${children}
    </div>
  `;
}
