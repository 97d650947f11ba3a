// Files on their way to the server; one that has arrived goes on as a message in the outbox.

import {newId} from "#js/core/ids.js";
import {Refusal} from "#js/core/session.js";
import {signal} from "#js/core/view.js";

const AT_ONCE = 2; // the server lets a member have four, over all tabs and devices

/**
 * `list` is a signal of `{id, conversation?, friend?, type, content, file: {name, size, url?}, reply?, at, progress, error?}`:
 * `progress` is a signal of 0 to 1, `file.url` shows a picture until the server does. They live as long as the page.
 */
export class Uploads {
  list = signal([]);
  #session;
  #outbox;
  #live;
  #running = new Map(); // how to abort, by id
  #blobs = new Map();

  constructor({session, live, outbox}) {
    this.#session = session;
    this.#outbox = outbox;
    this.#live = live;
    live.state.subscribe((state) => state === "live" && this.#goOn());
  }

  /** Send a file with a message: `{conversation, friend, content, reply}`. */
  add(blob, message) {
    const isPicture = isShownType(blob.type);
    const id = newId();
    const file = {name: blob.name, size: blob.size, ...(isPicture ? {url: URL.createObjectURL(blob)} : {})};
    const upload = {id, at: Date.now(), type: isPicture ? "image" : "file", ...message, file, progress: signal(0)};
    this.#blobs.set(id, blob);
    this.list.value = [...this.list.value, upload];
    this.#goOn();
    return upload;
  }

  retry(id) {
    this.#change(id, {error: undefined});
    this.#goOn();
  }

  /** Give a file up, also while it is sent. */
  discard(id) {
    const upload = this.list.value.find((one) => one.id === id);
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    this.#blobs.delete(id);
    this.list.value = this.list.value.filter((one) => one.id !== id);
    if (upload?.file.url) {
      URL.revokeObjectURL(upload.file.url);
    }
    this.#goOn();
  }

  #change(id, change) {
    this.list.value = this.list.value.map((upload) => (upload.id === id ? {...upload, ...change} : upload));
  }

  #goOn() {
    for (const upload of this.list.value) {
      if (this.#running.size < AT_ONCE && !upload.error && !this.#running.has(upload.id)) {
        this.#send(upload);
      }
    }
  }

  async #send(upload) {
    const {id, progress} = upload;
    const controller = new AbortController();
    const form = new FormData();
    form.append("file", this.#blobs.get(id), upload.file.name);
    this.#running.set(id, controller);
    try {
      const onProgress = (part) => {
        progress.value = part;
      };
      const {file} = await this.#session.upload("/files", form, {onProgress, signal: controller.signal});
      this.#running.delete(id);
      const {conversation, friend, content, reply} = upload;
      this.#outbox.add({conversation, friend, type: file.kind, content, reply, file});
      this.discard(id);
    } catch (error) {
      this.#running.delete(id);
      this.#failed(upload, error);
    }
  }

  #failed({id, progress}, error) {
    progress.value = 0;
    const isRefused = error instanceof Refusal;
    if (isRefused || this.#live.state.value === "live") {
      this.#change(id, {error: isRefused ? {code: error.code, message: error.message} : {code: "unreachable"}});
    } // else it begins again with the next connection
    this.#goOn();
  }
}

/** Whether pictures of this type are shown as such: the server looks at the content itself. */
export const isShownType = (type) => /^image\/(png|jpeg|gif|webp)$/.test(type);
