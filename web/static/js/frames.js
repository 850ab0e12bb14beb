// Frames of HTML mail: as high as their letter, their keys heard, remote images only when asked for.
//
// The frame shares our origin but runs no script: all that happens in it, this page does from outside.

import { onKey } from "./keys.js";

const observed = new WeakMap();
const kept = new Map();

function letter(frame) {
  try {
    return frame.contentDocument;
  } catch {
    return null;
  }
}

function fit(frame) {
  const page = letter(frame);
  if (!page?.body) return;
  const height = Math.ceil(page.body.getBoundingClientRect().height) + (page.documentElement.scrollWidth > page.documentElement.clientWidth ? 16 : 0);
  if (!height || height === kept.get(frame.id)) return;
  kept.set(frame.id, height);
  frame.style.height = `${height}px`;
  frame.dispatchEvent(new CustomEvent("fitted", { bubbles: true }));
}

function loaded(frame) {
  const page = letter(frame);
  if (!page?.body || page.URL === "about:blank" || observed.get(frame) === page) return;
  observed.set(frame, page);
  const observer = new ResizeObserver(() => fit(frame));
  observer.observe(page.body);
  page.addEventListener("keydown", onKey);
  fit(frame);
}

export function adopt(root = document) {
  for (const frame of root.querySelectorAll("iframe.mail-frame")) {
    if (kept.has(frame.id)) frame.style.height = `${kept.get(frame.id)}px`;
    if (frame.dataset.localAdopted) continue;
    frame.dataset.localAdopted = "1";
    frame.addEventListener("load", () => loaded(frame));
    loaded(frame);
  }
}

function showImages(button) {
  const frame = document.getElementById(button.dataset.frame);
  frame.src = `${frame.dataset.src}?images=1`;
  button.closest(".images-bar").hidden = true;
  frame.focus();
}

// The body of a message, be it text on the page or a letter in its frame.
export function bodyOf(message) {
  const frame = message.querySelector("iframe.mail-frame");
  return frame ? letter(frame)?.body ?? null : message.querySelector(".message-body");
}

export function start() {
  adopt();
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-show-images]");
    if (button) showImages(button);
  });
}
