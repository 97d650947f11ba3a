// Building and updating elements. Data reaches the document as text and attributes alone, never as markup.

export const byId = (id) => document.getElementById(id);

/** Make an element: `create("li", {className: "row"}, "text", child)`; `data` fills its dataset. */
export function create(tag, {data = {}, ...properties} = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/**
 * Make the children of `parent` show `items`, in order, keeping the elements of items that stay.
 * `keyOf(item)` names an item, `make(item)` builds its element, `update(element, item)` brings it up to date.
 */
export function reconcile(parent, items, keyOf, make, update = () => {}) {
  const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = kept.get(key);
    kept.delete(key);
    if (!element) {
      element = make(item);
      element.dataset.key = key;
    }
    update(element, item);
    if (element === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(element, next);
    }
  }
  for (const element of kept.values()) {
    element.remove();
  }
}

/** Set an element's text, leaving the document alone when it is that already. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
