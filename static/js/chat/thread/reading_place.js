// Where somebody is in a thread: which of its messages are drawn, and that what they look at stays where it is.

import {computed, signal} from "#js/core/view.js";

const STEP = 12; // few enough for one frame
const FIRST = 60;
const MOST = 140; // drawn at once
const AHEAD_PIXELS = 1_400; // more is drawn when the end of what is drawn comes this near
const END_PIXELS = 48;

export class ReadingPlace {
  /** `{from, to}`: the numbers between which messages are drawn; null: as many as are good, and up to the end. */
  span = signal({from: null, to: null});
  isAtEnd = signal(true);
  /** Whether somebody is to be shown another place, which is not in view yet. */
  isGoing = signal(false);
  /** The `seq` of the message that is to be noticed, or null. */
  found = signal(null);
  /** The id of the message whose picture is looked at, or null. */
  viewed = signal(null);
  /** Where to begin next time: `{seq, above}`, the first message in view and its pixels above the view; null: at the end. */
  left = null;
  drawn = computed(() => this.#drawn());
  #history;
  #box = null;
  #anchor = null;
  #goal = null;
  #turn = 0; // of going somewhere; the newest counts
  #isMoving = false;
  #end = 0; // where the box was scrolled to when the end was last in view

  constructor(history) {
    this.#history = history;
  }

  /** Take the element that scrolls. */
  attach(box) {
    this.#box = box;
  }

  get isInPast() {
    return this.#history.past.value !== null;
  }

  /** Whether the end of all messages is drawn. */
  get reachesEnd() {
    return this.span.value.to === null && !this.isInPast;
  }

  #drawn() {
    const {value: all} = this.#history.messages;
    const {from, to} = this.span.value;
    if (!all.length) {
      return all;
    }
    const start = all[0].seq; // numbers have no holes: they count places
    const end = to === null ? all.length : Math.max(0, Math.min(all.length, to - start + 1));
    const least = from === null ? end - FIRST : from - start;
    const isFollowed = to === null && this.isAtEnd.value;
    return all.slice(Math.max(0, isFollowed ? Math.max(least, end - MOST) : least), end);
  }

  /** Before it is drawn anew: note what is in view, and where. */
  note() {
    this.#anchor = this.#box && !this.isFollowing ? this.#firstInView() : null;
  }

  get isFollowing() {
    // Who has just scrolled up is not at the end any more, though the event that says so is still to come.
    const hasLeft = this.#box && this.#box.scrollTop < this.#end - END_PIXELS;
    return !hasLeft && this.isAtEnd.peek() && this.span.peek().to === null && this.#history.past.peek() === null;
  }

  /** After it was drawn: have what was in view there again, or go where somebody wants to be. */
  settle() {
    if (this.#goal) {
      this.#reach();
    } else if (this.isFollowing) {
      this.#box.scrollTop = this.#box.scrollHeight;
      this.#end = this.#box.scrollTop;
    } else if (this.#anchor?.row.isConnected) {
      const moved = this.#anchor.row.getBoundingClientRect().top - this.#anchor.top;
      if (Math.abs(moved) >= 1) {
        this.#box.scrollTop += moved;
      }
    }
    this.#anchor = null;
    this.#bound();
  }

  /** What comes while somebody looks further up is not drawn before they come near it. */
  #bound() {
    const drawn = this.drawn.peek();
    if (!this.isAtEnd.peek() && drawn.length > MOST) {
      const from = drawn[0].seq;
      this.span.value = {from, to: from + MOST - 1};
    }
  }

  get #top() {
    return this.#box.getBoundingClientRect().top;
  }

  #firstInView() {
    const top = this.#top;
    const rows = this.#box.querySelectorAll("[data-seq]");
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > top) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return rows[low] ? {row: rows[low], top: rows[low].getBoundingClientRect().top} : null;
  }

  /** The `seq` of the last message of which the end is in view, or 0. */
  lastSeen() {
    const {bottom} = this.#box.getBoundingClientRect();
    const seen = [...this.#box.querySelectorAll("[data-seq]")].findLast(
      (row) => row.getBoundingClientRect().bottom <= bottom + 8,
    );
    return Number(seen?.dataset.seq ?? 0);
  }

  /** It was scrolled, or its size has changed: draw more where the end of what is drawn is near. */
  moved() {
    const {scrollTop, scrollHeight, clientHeight} = this.#box;
    if (!clientHeight) {
      return; // it is not in the page any more
    }
    const below = scrollHeight - scrollTop - clientHeight;
    this.isAtEnd.value = this.reachesEnd && below < END_PIXELS;
    if (this.isAtEnd.value) {
      this.#end = scrollTop;
    }
    const first = this.isAtEnd.value ? null : this.#firstInView();
    this.left = first && {seq: Number(first.row.dataset.seq), above: this.#top - first.top};
    if (scrollTop < AHEAD_PIXELS) {
      this.#more("up");
    }
    if (below < AHEAD_PIXELS && !this.reachesEnd) {
      this.#more("down");
    }
  }

  async #more(direction) {
    if (this.#isMoving || !this.drawn.value.length) {
      return;
    }
    this.#isMoving = true;
    try {
      await (direction === "up" ? this.#up() : this.#down());
    } catch {
      // scrolling there again tries again
    }
    this.#isMoving = false;
  }

  async #up() {
    const turn = this.#turn;
    const from = this.drawn.value[0].seq - STEP;
    const {messages, hasOlder} = this.#history;
    if (from < messages.value[0].seq && hasOlder) {
      await this.#history.loadOlder();
    }
    if (turn !== this.#turn) {
      return; // somebody is elsewhere by now
    }
    const drawn = this.drawn.value;
    const first = Math.max(from, messages.value[0].seq);
    if (first < drawn[0].seq) {
      const last = drawn.at(-1).seq;
      const to = last - first >= MOST ? first + MOST - 1 : this.span.value.to;
      this.span.value = {from: first, to};
    }
  }

  async #down() {
    const turn = this.#turn;
    const last = this.drawn.value.at(-1).seq + STEP;
    const {messages} = this.#history;
    if (last > messages.value.at(-1).seq && this.isInPast) {
      await this.#history.loadNewer();
    }
    if (turn !== this.#turn) {
      return;
    }
    const to = last >= messages.value.at(-1).seq ? null : last;
    const end = to ?? messages.value.at(-1).seq;
    this.span.value = {from: Math.max(this.drawn.value[0].seq, end - MOST + 1), to};
  }

  /** Show a message, and have it noticed unless it `isQuiet`; then it comes near the top, or `above` pixels above it. */
  async go(seq, {isQuiet = false, above = null} = {}) {
    await this.#goOnce(
      this.#history.show(seq).then(() => seq),
      {isQuiet, above},
    );
  }

  /** Show the first message of a day, or from it on. */
  async goToTime(moment) {
    await this.#goOnce(this.#history.showTime(moment));
  }

  /** Go to the message of which `known` brings the number, or null, unless another place is wanted by then. */
  async #goOnce(known, how = {}) {
    const turn = ++this.#turn;
    this.#goal = null;
    this.isGoing.value = true;
    try {
      const seq = await known;
      if (turn === this.#turn && seq !== null) {
        this.#goTo(seq, how);
      }
    } catch (error) {
      if (turn === this.#turn) {
        throw error;
      }
    } finally {
      if (turn === this.#turn) {
        this.isGoing.value = this.#goal !== null;
      }
    }
  }

  #goTo(wanted, {isQuiet = false, above = null}) {
    const {value: all} = this.#history.messages;
    const seq = Math.max(all[0].seq, Math.min(wanted, all.at(-1).seq));
    const half = MOST / 4;
    const to = seq + half >= all.at(-1).seq ? null : seq + half;
    this.#goal = {seq, isQuiet, above};
    this.isAtEnd.value = false;
    this.found.value = null;
    this.span.value = {from: Math.max(all[0].seq, seq - half), to};
    this.found.value = isQuiet ? null : seq;
    this.settle();
  }

  #reach() {
    const {seq, isQuiet, above} = this.#goal;
    const row = this.#box.querySelector(`[data-seq="${seq}"]`);
    if (row) {
      this.#goal = null;
      const {clientHeight} = this.#box;
      const middle = Math.max(0, (clientHeight - row.offsetHeight) / 2);
      const room = above !== null ? -above : isQuiet ? clientHeight / 5 : middle;
      this.#box.scrollTop += row.getBoundingClientRect().top - this.#top - room;
      this.moved();
      this.isGoing.value = false;
    }
  }

  /**
   * All that was shown is gone, for the newest messages, and nothing is drawn yet: who was not at the end is shown `seq`, the
   * first that is new, or the end where there is none.
   */
  async renewed(seq) {
    if (seq === null || (this.isFollowing && !this.isGoing.peek())) {
      this.goToEnd();
    } else {
      await this.go(seq, {isQuiet: true}).catch(() => this.goToEnd());
    }
  }

  /** Show the end. */
  goToEnd() {
    this.#turn += 1;
    this.#goal = null;
    this.#history.showRecent();
    this.span.value = {from: null, to: null};
    this.isAtEnd.value = true;
    this.#end = 0; // where it was says nothing of what is drawn now
    if (this.#box) {
      this.#box.scrollTop = this.#box.scrollHeight;
    }
    this.isGoing.value = false;
  }
}
