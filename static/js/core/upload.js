// Sending a form in a way that tells how much of it has left: fetch cannot.

import {Unreachable} from "#js/core/unreachable.js";

/** Return `{status, text}` of the answer; throws AbortError when `signal` aborts, Unreachable when nobody answers. */
export function upload(url, form, {headers, onProgress, signal}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", url);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.onprogress = ({loaded, total}) => onProgress?.(total ? loaded / total : 0);
    request.onload = () => resolve({status: request.status, text: request.responseText});
    request.onerror = () => reject(new Unreachable("the upload was cut"));
    request.onabort = () => reject(new DOMException("the upload was given up", "AbortError"));
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) {
      request.onabort();
    } else {
      request.send(form);
    }
  });
}
