import assert from "node:assert/strict";
import {test} from "node:test";
import {Pages} from "#js/core/pages.js";

const entries = (...ids) => ids.map((id) => ({id, isOdd: Number(id) % 2 === 1}));
const matches = ({isOdd}, filter) => filter === "all" || isOdd;
const ids = (pages, filter) => pages.list(filter).map(({id}) => id);

/** Pages of two, out of six. */
function shelf() {
  const all = entries("6", "5", "4", "3", "2", "1");
  const fetch = async (filter, before = "9") => {
    const left = all.filter((entry) => entry.id < before && matches(entry, filter));
    return {entries: left.slice(0, 2), hasMore: left.length > 2};
  };
  return new Pages({fetch, matches});
}

test("a filter shows no entry behind a hole, although another filter has brought it", async () => {
  const pages = shelf();
  await pages.more("all");
  await pages.more("odd");
  assert.deepEqual(ids(pages, "odd"), ["5", "3"]);
  assert.deepEqual(ids(pages, "all"), ["6", "5"]);
  await pages.more("all");
  assert.deepEqual(ids(pages, "all"), ["6", "5", "4", "3"]);
  assert.equal(pages.hasMore("all"), true);
  await pages.more("all");
  assert.deepEqual(ids(pages, "all"), ["6", "5", "4", "3", "2", "1"]);
  assert.equal(pages.hasMore("all"), false);
});

test("what is dropped while a page is on its way does not come back with it", async () => {
  const pages = shelf();
  await pages.more("all");
  const asked = pages.more("all");
  pages.drop(["4"]);
  await asked;
  assert.deepEqual(ids(pages, "all"), ["6", "5", "3"]);
});

test("a page that was asked for before a new beginning changes nothing", async () => {
  const pages = shelf();
  await pages.more("all");
  const asked = pages.more("all");
  pages.restart("all", {entries: entries("8", "7"), hasMore: true});
  await asked;
  assert.deepEqual(ids(pages, "all"), ["8", "7"]);
  assert.equal(pages.isLoaded("odd"), false);
});

test("asking twice at once goes on by one page", async () => {
  const pages = shelf();
  await pages.more("all");
  await Promise.all([pages.more("all"), pages.more("all")]);
  assert.deepEqual(ids(pages, "all"), ["6", "5", "4", "3"]);
});

test("two filters may be asked for at once", async () => {
  const pages = shelf();
  await Promise.all([pages.more("all"), pages.more("odd")]);
  assert.deepEqual(
    [ids(pages, "all"), ids(pages, "odd")],
    [
      ["6", "5"],
      ["5", "3"],
    ],
  );
});

test("what comes live stands above everything", async () => {
  const pages = shelf();
  await pages.more("all");
  pages.put({id: "7", isOdd: true});
  pages.put({id: "7", isOdd: true});
  assert.deepEqual(ids(pages, "all"), ["7", "6", "5"]);
});
