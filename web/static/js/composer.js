// The composer: drafts that outlive the tab, one send for one press, and the warning when somebody was faster.

import { announce, word } from "./words.js";

const DRAFT_LIFE = 14 * 86_400_000;
const SAVE_AFTER = 300;

const form = () => document.getElementById("composer");
const field = () => document.getElementById("composer-text");
const kind = () => form()?.querySelector("[name=kind]:checked")?.value ?? "reply";

let saving = 0;
let shownKind = "";

function key(which = kind()) {
  const { ref, agent } = form().dataset;
  return `draft:${agent}:${ref}:${which}`;
}

function store(name, text) {
  try {
    if (text) localStorage.setItem(name, JSON.stringify({ text, at: Date.now() }));
    else localStorage.removeItem(name);
  } catch {
    // Private windows may have no storage: the draft then lives as long as the page.
  }
}

function load(name) {
  try {
    return JSON.parse(localStorage.getItem(name))?.text ?? "";
  } catch {
    return "";
  }
}

function forgetOld() {
  try {
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith("draft:"))) {
      const { at } = JSON.parse(localStorage.getItem(name)) ?? {};
      if (!(Date.now() - at < DRAFT_LIFE)) localStorage.removeItem(name);
    }
  } catch {
    // As above.
  }
}

function saveSoon() {
  clearTimeout(saving);
  const name = key();
  saving = setTimeout(() => store(name, field().value), SAVE_AFTER);
}

function flush() {
  if (!form()) return;
  clearTimeout(saving);
  store(key(), field().value);
}

export function adopt() {
  if (!form()) return;
  shownKind = kind();
  // What came back with a warning is the newest text there is.
  if (!field().value) field().value = load(key());
}

function switchKind() {
  store(key(shownKind), field().value);
  shownKind = kind();
  field().value = load(key());
  field().placeholder = form().dataset[`placeholder${shownKind === "note" ? "Note" : "Reply"}`] ?? "";
}

export function focus(which) {
  if (!form()) return;
  const tab = form().querySelector(`[name=kind][value=${which}]`);
  if (!tab.checked) {
    tab.checked = true;
    switchKind();
  }
  field().focus();
  field().scrollIntoView({ block: "nearest" });
}

export function isDirty() {
  return Boolean(field()?.value.trim());
}

// After a swap the composer that people type in stays; only what the server must know is renewed.
function kept(fresh) {
  const known = new Map([...fresh.querySelectorAll("[data-renew]")].map((input) => [input.name, input.value]));
  for (const input of form().querySelectorAll("[data-renew]")) {
    // What was seen when the draft was begun is what the warning is about.
    if (input.name === "seen" && isDirty()) continue;
    input.value = known.get(input.name) ?? input.value;
  }
  form().querySelector(".composer-to")?.replaceWith(fresh.querySelector(".composer-to") ?? "");
}

export function sent() {
  if (!form()) return;
  clearTimeout(saving);
  field().value = "";
  store(key(), "");
  const files = form().querySelector("[type=file]");
  if (files) files.value = "";
  showFiles();
  announce(word(kind() === "note" ? "note_added" : "reply_queued"));
}

export function accept(seen) {
  const input = form()?.querySelector("[name=seen]");
  if (input) input.value = seen;
}

function showFiles() {
  const input = form()?.querySelector("[type=file]");
  const place = form()?.querySelector("[data-file-names]");
  if (input && place) place.textContent = [...input.files].map((file) => file.name).join(", ");
}

function onShortcut(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  form().requestSubmit(form().querySelector(event.shiftKey ? "[data-send=resolve]" : "[data-send=plain]"));
}

export function start() {
  forgetOld();
  adopt();
  document.addEventListener("input", (event) => { if (event.target === field()) saveSoon(); });
  document.addEventListener("change", (event) => {
    if (event.target.form !== form() || !form()) return;
    if (event.target.name === "kind") {
      switchKind();
      field().focus();
    }
    if (event.target.type === "file") showFiles();
  });
  document.addEventListener("keydown", (event) => { if (event.target === field()) onShortcut(event); });
  document.addEventListener("kept", (event) => { if (event.target === form()) kept(event.detail); });
  addEventListener("pagehide", flush);
}

export { flush };
