// What components are written with: Preact, htm and signals, from one place.

import {h} from "preact";
import htm from "htm";

export {cloneElement, createContext, Fragment, render} from "preact";
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
export {batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect} from "@preact/signals";

/** Markup as a template: html`<p class="hint">${text}</p>`; what is put in is text, never markup. */
export const html = htm.bind(h);

/** Join the class names whose condition holds: `classes("row", {chosen: isChosen})`. */
export const classes = (...parts) =>
  parts
    .flatMap((part) =>
      typeof part === "object" && part ? Object.keys(part).filter((name) => part[name]) : part ? [part] : [],
    )
    .join(" ");
