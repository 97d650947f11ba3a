import assert from "node:assert/strict";
import {test} from "node:test";
import {ReadingPlace} from "#js/chat/thread/reading_place.js";
import {signal} from "#js/core/view.js";

const ROW_PIXELS = 50;
const MOST = 140;

const upTo = (count) => Array.from({length: count}, (_, index) => ({seq: index + 1}));

const rowAt = (seq, top) => ({
  dataset: {seq},
  offsetHeight: ROW_PIXELS,
  getBoundingClientRect: () => ({top, bottom: top + ROW_PIXELS}),
});

/** A place of which all that is drawn stands in a box of 600 pixels, scrolled to `scrollTop`. */
function placeOf(history) {
  const place = new ReadingPlace(history);
  const box = {
    scrollTop: 0,
    clientHeight: 600,
    get scrollHeight() {
      return place.drawn.value.length * ROW_PIXELS;
    },
    getBoundingClientRect: () => ({top: 0, bottom: 600}),
    querySelectorAll: () => place.drawn.value.map(({seq}, index) => rowAt(seq, index * ROW_PIXELS - box.scrollTop)),
    querySelector: (wanted) => box.querySelectorAll().find(({dataset}) => wanted === `[data-seq="${dataset.seq}"]`),
  };
  place.attach(box);
  return {place, box};
}

test("what comes while somebody looks further up is drawn when they come near it", async () => {
  const history = {messages: signal(upTo(100)), past: signal(null), hasOlder: false};
  const {place, box} = placeOf(history);
  place.span.value = {from: 1, to: null};
  box.scrollTop = 2_000;
  place.moved();
  assert.equal(place.isAtEnd.value, false);
  for (let count = 101; count <= 400; count += 1) {
    history.messages.value = upTo(count);
    place.settle();
    assert.ok(place.drawn.value.length <= MOST);
  }
  assert.equal(place.drawn.value[0].seq, 1);
  assert.equal(place.reachesEnd, false);
  while (!place.reachesEnd) {
    const last = place.drawn.value.at(-1).seq;
    box.scrollTop = box.scrollHeight - box.clientHeight;
    place.moved();
    await new Promise(setImmediate);
    assert.ok(place.drawn.value.at(-1).seq > last);
  }
  assert.deepEqual([place.drawn.value.length, place.drawn.value.at(-1).seq], [MOST, 400]);
});

test("who comes back is where they have left", async () => {
  const history = {messages: signal(upTo(400)), past: signal(null), hasOlder: false, show: async () => {}};
  const {place} = placeOf(history);
  place.moved();
  await place.go(200);
  const {left} = place;
  const again = placeOf(history);
  await again.place.go(left.seq, {isQuiet: true, ...left});
  assert.deepEqual(again.place.left, left);
  assert.ok(left.seq < 200 && left.above >= 0 && left.above < ROW_PIXELS);
});
