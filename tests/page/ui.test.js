import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import {actOn} from "#js/chat/thread/message_actions.js";
import {isBeside, PointerMenu, showMenu} from "#js/ui/menu.js";
import {Tabs} from "#js/ui/tabs.js";

/** Stands for an element: what is in it, and which selectors it or what is around it meets. */
const element = ({inside = [], meets = {}, ...others} = {}) => ({
  contains: (other) => inside.includes(other),
  closest: (selector) => selector.split(", ").map((one) => meets[one]).find(Boolean) ?? null,
  ...others,
});

const menuShown = () => PointerMenu()?.props;

beforeEach(() => {
  globalThis.document = {activeElement: null};
  PointerMenu()?.props.onClose();
});

test("a menu at the pointer closes with a press anywhere beside it", () => {
  const [item, elsewhere] = [element(), element()];
  const body = element({inside: [item, elsewhere]});
  document.activeElement = body; // where the focus is on a touch screen
  showMenu({clientX: 1, clientY: 2, preventDefault: () => {}}, "menu", []);
  const menu = element({inside: [item]});
  assert.equal(menuShown().opener, body);
  assert.equal(isBeside(elsewhere, menu, menuShown().button), true);
  assert.equal(isBeside(item, menu, menuShown().button), false);
});

test("the button of a menu closes it by itself", () => {
  const icon = element();
  assert.equal(isBeside(icon, element(), element({inside: [icon]})), false);
});

const onPicture = () => {
  const message = element({dataset: {key: "seq 1"}});
  const picture = element({meets: {".message": message, img: true}});
  const rows = [{key: "seq 1", isMine: false, message: {type: "image", content: ""}}];
  const context = {app: {}, conversation: {canWrite: true}, place: {}, rows};
  const event = {type: "contextmenu", target: picture, clientX: 1, clientY: 2, preventDefault: () => {}};
  return {context, event};
};

test("a long press on a picture asks what to do with the message, a right click is the browser's", () => {
  const {context, event} = onPicture();
  actOn(event, context);
  assert.equal(menuShown(), undefined);
  actOn({...event, isLong: true}, context);
  assert.ok(menuShown().items.some((item) => item?.name === "reply"));
});

test("a long press beside everything does nothing", () => {
  const {context, event} = onPicture();
  actOn({...event, isLong: true, target: null}, context);
  assert.equal(menuShown(), undefined);
});

const TABS = ["one", "two", "three"].map((name) => ({name, text: name}));
const find = (node, role) => {
  const children = [node?.props?.children ?? []].flat(Infinity);
  return children.flatMap((child) => [...(child?.props?.role === role ? [child] : []), ...find(child, role)]);
};

test("where no tab is chosen the first can be reached by keys, and they begin there", () => {
  const told = [];
  const list = Tabs({label: "tabs", tabs: TABS, chosen: null, onChoose: (name) => told.push(name)});
  const tabs = find(list, "tab");
  assert.deepEqual(
    tabs.map(({props}) => props.tabindex),
    [0, -1, -1],
  );
  const children = TABS.map(() => ({focus: () => {}}));
  list.props.onKeyDown({key: "ArrowRight", preventDefault: () => {}, currentTarget: {children}});
  assert.deepEqual(told, ["two"]);
});
