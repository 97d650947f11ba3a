import assert from "node:assert/strict";
import {test} from "node:test";
import {Book, limitOf} from "#js/market/models/book.js";

const AT = "2026-01-05T10:00:00.000+08:00";
const row = (changes = {}) => ({
  symbol: "600519.SH",
  code: "600519",
  name: "贵州茅台",
  price: 101,
  change: 1,
  change_percent: 1,
  volume: 100,
  timestamp: AT,
  ...changes,
});
const whole = (changes = {}) => ({
  ...row(),
  previous_close: 100,
  open: 99,
  high: 102,
  low: 98,
  amount: 10_000,
  limit_up: 110,
  limit_down: 90,
  suspended: false,
  stale: false,
  ...changes,
});

function bookAndFrame() {
  const frames = [];
  const book = new Book((run) => frames.push(run));
  return {book, frames, frame: () => frames.splice(0).forEach((run) => run())};
}

test("what changes within a frame is told once, with where the price went", () => {
  const {book, frames, frame} = bookAndFrame();
  const told = [];
  book.onFrame((moves) => told.push(Object.fromEntries(moves)));
  book.take([row(), row({symbol: "000001.SZ"})]);
  frame();
  book.take([row({price: 102})]);
  book.take([row({price: 103})]);
  book.take([row({price: 103, volume: 120})]);
  assert.equal(frames.length, 1);
  frame();
  assert.deepEqual(told, [{"600519.SH": 0, "000001.SZ": 0}, {"600519.SH": 1}]);
  assert.equal(book.get("600519.SH").volume, 120);
  assert.equal(book.size, 2);
});

test("a listener that has ended hears nothing, and signals go with the frames", () => {
  const {book, frame} = bookAndFrame();
  let heard = 0;
  const stop = book.onFrame(() => (heard += 1));
  const quote = book.of("600519.SH");
  book.take([row()]);
  assert.equal(quote.value, undefined);
  frame();
  assert.equal(quote.value.price, 101);
  stop();
  book.take([row({price: 99})]);
  frame();
  assert.equal(heard, 1);
  assert.equal(quote.value.price, 99);
});

test("older quotes are left out, but a whole one still tells what a push does not", () => {
  const {book} = bookAndFrame();
  book.take([row({price: 105, change: 5, timestamp: "2026-01-05T10:00:03.000+08:00"})]);
  book.take([row({price: 90})]);
  assert.equal(book.get("600519.SH").price, 105);
  book.take([whole()]);
  const {price, open, high, low, limit_up: up} = book.get("600519.SH");
  assert.deepEqual({price, open, high, low, up}, {price: 105, open: 99, high: 105, low: 98, up: 110});
});

test("a push leads on what is known of the day", () => {
  const {book} = bookAndFrame();
  book.take([whole()]);
  book.take([row({price: 104, change: 4, volume: 150})]);
  const {open, high, low, amount, previous_close: close} = book.get("600519.SH");
  assert.deepEqual({open, high, low, amount, close}, {open: 99, high: 104, low: 98, amount: 15_200, close: 100});
});

test("another previous close is another day, of which nothing is known but the push", () => {
  const {book} = bookAndFrame();
  book.take([whole()]);
  book.take([row({price: 104, change: 3, timestamp: "2026-01-06T09:30:00.000+08:00"})]);
  const {open, high, previous_close: close} = book.get("600519.SH");
  assert.deepEqual({open, high, close}, {open: undefined, high: undefined, close: 101});
});

test("a suspended stock that trades is suspended no longer", () => {
  const {book} = bookAndFrame();
  book.take([whole({suspended: true, volume: 0})]);
  book.take([row({volume: 0})]);
  assert.equal(book.get("600519.SH").suspended, true);
  book.take([row({volume: 10})]);
  assert.equal(book.get("600519.SH").suspended, false);
});

test("limits of the day", () => {
  assert.equal(limitOf(whole({price: 110})), "up");
  assert.equal(limitOf(whole({price: 90})), "down");
  assert.equal(limitOf(whole()), null);
  assert.equal(limitOf(whole({limit_up: null, limit_down: null})), null);
});
