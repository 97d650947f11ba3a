import assert from "node:assert/strict";
import {test} from "node:test";
import {useTexts} from "#js/core/texts.js";
import {COLUMNS, columnsFor} from "#js/market/board/columns.js";
import {filtered, nextSort, sorted} from "#js/market/board/order.js";
import {changeOf, decimalsOf, priceOf} from "#js/market/prices.js";

const QUOTES = {
  "600519.SH": {code: "600519", name: "贵州茅台", price: 1850, change_percent: 1.2},
  "000001.SZ": {code: "000001", name: "平安银行", price: 11, change_percent: -0.4},
  "300750.SZ": {code: "300750", name: "宁德时代", price: 240, change_percent: 1.2},
};
const SYMBOLS = [...Object.keys(QUOTES), "430047.BJ"];
const quoteOf = (symbol) => QUOTES[symbol];
const column = (name) => COLUMNS.find((one) => one.name === name);

test("a header sorts from the strongest, then from the weakest, then not at all", () => {
  const price = column("price");
  const down = nextSort(null, price);
  assert.deepEqual(down, {column: "price", direction: -1});
  const up = nextSort(down, price);
  assert.deepEqual(up, {column: "price", direction: 1});
  assert.equal(nextSort(up, price), null);
  assert.deepEqual(nextSort(up, column("name")), {column: "name", direction: 1});
});

test("numbers sort both ways, equal ones as listed, those without a quote last", () => {
  const percent = column("change_percent");
  assert.deepEqual(sorted(SYMBOLS, quoteOf, percent, -1), ["600519.SH", "300750.SZ", "000001.SZ", "430047.BJ"]);
  assert.deepEqual(sorted(SYMBOLS, quoteOf, percent, 1), ["000001.SZ", "600519.SH", "300750.SZ", "430047.BJ"]);
});

test("Chinese names sort as they are spoken", () => {
  assert.deepEqual(sorted(SYMBOLS, quoteOf, column("name"), 1).slice(0, 3), ["600519.SH", "300750.SZ", "000001.SZ"]);
});

test("a filter is the beginning of a code or any part of a name", () => {
  assert.deepEqual(filtered(SYMBOLS, quoteOf, " 茅台 "), ["600519.SH"]);
  assert.deepEqual(filtered(SYMBOLS, quoteOf, "0000"), ["000001.SZ"]);
  assert.deepEqual(filtered(SYMBOLS, quoteOf, "bj"), []);
  assert.equal(filtered(SYMBOLS, quoteOf, "  "), SYMBOLS);
});

test("a phone has the columns that matter, a wide window all", () => {
  assert.deepEqual(
    columnsFor(390).map(({name}) => name),
    ["name", "price", "change_percent"],
  );
  assert.deepEqual(columnsFor(1300), COLUMNS);
});

test("prices are written on the tick of what is traded", () => {
  useTexts("en", {});
  assert.deepEqual(
    ["600519.SH", "510300.SH", "159915.SZ", "113001.SH", "000001.SZ", "000001.SH"].map(decimalsOf),
    [2, 3, 3, 3, 2, 2],
  );
  assert.equal(priceOf("600519.SH", 1850.5), "1,850.50");
  assert.equal(priceOf("510300.SH", 4.32), "4.320");
  assert.equal(priceOf("510300.SH", undefined), "–");
  assert.equal(changeOf("510300.SH", 0.004), "+0.004");
  assert.equal(changeOf("600519.SH", -0.4), "-0.40");
});

test("the day's range is in percent of the previous close, where both ends of it are known", () => {
  const {value, write} = column("amplitude");
  assert.equal(write(value({high: 11, low: 10.5, previous_close: 10})), "5.00%");
  assert.equal(write(value({high: 0, low: 0, previous_close: 10})), "–");
  assert.equal(write(value({})), "–");
});
