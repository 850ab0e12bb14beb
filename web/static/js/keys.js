// The keyboard. What each key does is read from the help overlay's own table, so the two cannot differ.

const TYPING = "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]";
const SEQUENCE = 1_500;

let table = null;
let actions = {};
let prefix = "";
let prefixTimer = 0;
let held = 0;

function keymap() {
  table ??= new Map([...document.querySelectorAll("#help [data-keys]")].map((row) => [row.dataset.keys, row.dataset.action]));
  return table;
}

// "?" and "#" need Shift on most keyboards, so Shift is only spelled out for letters and named keys.
function nameOf(event) {
  const letter = event.key.length === 1;
  const name = letter ? event.key.toLowerCase() : event.key;
  return event.shiftKey && (!letter || event.key !== event.key.toLowerCase()) ? `Shift+${name}` : name;
}

function isTyping(target) {
  return target instanceof Element && target.matches(TYPING);
}

export function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") return void run("leave", event);
  if (held) return void event.preventDefault();
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const name = nameOf(event);
  const action = keymap().get(prefix ? `${prefix} ${name}` : name);
  const opensPrefix = !prefix && [...keymap().keys()].some((keys) => keys.startsWith(`${name} `));
  setPrefix(opensPrefix ? name : "");
  // A focused button keeps its own Enter and Space.
  if (action && !(name === "Enter" && event.target.closest?.("button, summary, a:not([data-ref])"))) run(action, event);
}

function setPrefix(value) {
  prefix = value;
  clearTimeout(prefixTimer);
  if (value) prefixTimer = setTimeout(() => { prefix = ""; }, SEQUENCE);
}

function run(action, event) {
  const [name, argument] = action.split(":");
  if (!actions[name]) return;
  if (actions[name](argument, event) !== false) event.preventDefault();
}

export function start(given) {
  actions = given;
  document.addEventListener("keydown", onKey);
}

// No key acts until `work` is done.
export async function hold(work) {
  held += 1;
  try {
    return await work;
  } finally {
    held -= 1;
  }
}

export function help() {
  document.getElementById("help")?.showModal();
}
