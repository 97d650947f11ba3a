// Sending a form in a way that tells how much of it has left: fetch cannot.

import {Unreachable} from "#js/core/unreachable.js";

const STALL_MS = 30_000;

/** Return `{status, text}` of the answer; throws AbortError when `signal` aborts, Unreachable when nobody answers or nothing moves. */
export function upload(url, form, {headers, onProgress, signal}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stall = 0;
    const abort = () => request.abort();
    const cut = () => reject(new Unreachable("the upload was cut"));
    const giveUp = () => {
      cut(); // before the abort, which would have it given up by the user
      abort();
    };
    const moved = () => {
      clearTimeout(stall);
      stall = setTimeout(giveUp, STALL_MS);
    };
    request.open("POST", url);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.onprogress = ({loaded, total}) => {
      moved();
      onProgress?.(total ? loaded / total : 0);
    };
    request.onload = () => resolve({status: request.status, text: request.responseText});
    request.onerror = cut;
    request.onabort = () => reject(new DOMException("the upload was given up", "AbortError"));
    request.onloadend = () => {
      clearTimeout(stall);
      signal?.removeEventListener("abort", abort);
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) {
      request.onabort();
    } else {
      moved();
      request.send(form);
    }
  });
}
