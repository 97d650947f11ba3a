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

/** A history of 400 messages of which the last 50 are known; the others come when `bring` is called. */
function farHistory() {
  const history = {messages: signal(upTo(400).slice(350)), past: signal(null), hasOlder: true, showRecent: () => {}};
  history.show = () =>
    new Promise((resolve, reject) => {
      history.fail = () => reject(new Error("no answer"));
      history.bring = () => {
        history.messages.value = upTo(400);
        resolve();
      };
    });
  return history;
}

test("who is to be shown what is not loaded yet is going until it is in view", async () => {
  const history = farHistory();
  const {place} = placeOf(history);
  const going = place.go(100, {isQuiet: true});
  place.moved();
  assert.equal(place.isGoing.value, true);
  history.bring();
  await going;
  assert.deepEqual([place.isGoing.value, place.isAtEnd.value], [false, false]);
});

test("who cannot be shown what is not loaded stays, and is not going any more", async () => {
  const history = farHistory();
  const {place} = placeOf(history);
  const refused = assert.rejects(place.go(100));
  history.fail();
  await refused;
  assert.deepEqual([place.isGoing.value, place.isAtEnd.value], [false, true]);
});

test("who wants to see the end meanwhile is not taken away from it", async () => {
  const history = farHistory();
  const {place} = placeOf(history);
  const going = place.go(100);
  place.goToEnd();
  assert.equal(place.isGoing.value, false);
  history.bring();
  await going;
  assert.deepEqual([place.isGoing.value, place.isAtEnd.value, place.reachesEnd], [false, true, true]);
});

test("when all is loaded anew, who was a little further up goes on at what is new", async () => {
  const history = {messages: signal(upTo(300)), past: signal(null), hasOlder: true, showRecent: () => {}};
  const {place, box} = placeOf(history);
  box.scrollTop = box.scrollHeight;
  place.settle();
  place.moved();
  await place.renewed(200);
  assert.equal(place.isAtEnd.value, true); // it was followed
  box.scrollTop = 1_800;
  place.moved();
  history.messages.value = upTo(400);
  history.show = () => Promise.reject(new Error("no answer"));
  await place.renewed(null);
  assert.equal(place.isAtEnd.value, true); // there is nothing new
  box.scrollTop = 1_800;
  place.moved();
  history.show = async () => {};
  await place.renewed(200);
  assert.deepEqual([place.isAtEnd.value, place.left.seq > 180, place.left.seq <= 200], [false, true, true]);
});

test("the end is shown though less is drawn than when it was last in view", async () => {
  const history = {messages: signal(upTo(300)), past: signal(null), hasOlder: false, show: async () => {}};
  history.showRecent = () => {};
  const {place, box} = placeOf(history);
  place.span.value = {from: 200, to: null};
  place.settle();
  await place.go(20);
  place.goToEnd();
  box.scrollTop = 400; // as far as what is drawn goes, until the end is
  place.settle();
  assert.equal(box.scrollTop, box.scrollHeight);
});
