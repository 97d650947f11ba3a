import assert from "node:assert/strict";
import {test} from "node:test";
import {COLUMNS} from "#js/market/board/columns.js";
import {BoardTable} from "#js/market/board/table.js";

/** Stands for an element: as much of one as the board writes to. */
class FakeElement {
  attributes = {};
  style = {};
  dataset = {};
  classList = {toggle() {}};
  scrollTop = 0;
  clientHeight = 100;
  offsetTop = 0;
  #listeners = new Map();

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  removeAttribute(name) {
    delete this.attributes[name];
  }

  addEventListener(event, listener) {
    this.#listeners.set(event, listener);
  }

  removeEventListener(event) {
    this.#listeners.delete(event);
  }

  scrollTo(top) {
    this.scrollTop = top;
    this.#listeners.get("scroll")();
  }

  append() {}

  appendChild(child) {
    return child;
  }

  getAnimations() {
    return [];
  }
}

globalThis.document = {createElement: () => new FakeElement(), createTextNode: () => ({data: ""})};
globalThis.ResizeObserver = class {
  observe() {}
  disconnect() {}
};

const symbols = Array.from({length: 200}, (_, index) => `${600000 + index}.SH`);

function made() {
  const [view, body] = [new FakeElement(), new FakeElement()];
  const rows = new Map();
  body.append = (element) => rows.set(element.id, element);
  const table = new BoardTable({view, body, book: {get: () => undefined, onFrame: () => () => {}}, onCount() {}});
  table.setLayout(
    COLUMNS.filter(({name}) => name === "name"),
    20,
  );
  table.setSymbols(symbols);
  const named = () => rows.get(view.attributes["aria-activedescendant"])?.dataset.symbol;
  return {table, view, named};
}

test("the row that is named as active shows the active stock, wherever one scrolls", () => {
  const {table, view, named} = made();
  table.activate(symbols[3]);
  assert.equal(named(), symbols[3]);
  view.scrollTo(2_000);
  assert.equal("aria-activedescendant" in view.attributes, false, "it is out of view");
  view.scrollTo(0);
  assert.equal(named(), symbols[3]);
});

test("the row that is named as active shows the active stock, in whatever order", () => {
  const {table, named} = made();
  table.activate(symbols[3]);
  table.setSymbols(["000001.SZ", ...symbols]);
  assert.equal(named(), symbols[3]);
  table.setSymbols(symbols.toReversed());
  assert.equal(named(), undefined);
  table.step(Infinity);
  assert.equal(named(), symbols[0]);
});
