// The open ticket: brought in beside the list, kept current, and reachable by its own address.

import * as clocks from "./clocks.js";
import * as composer from "./composer.js";
import * as frames from "./frames.js";
import * as list from "./list.js";
import { merge, parse } from "./merge.js";
import { announce, word } from "./words.js";

const LOOKED_AT = 800;
const SMALL = matchMedia("(max-width: 767px)");

const desk = () => document.getElementById("desk");
const pane = () => document.getElementById("ticket");
const scroller = () => document.getElementById("timeline-scroll");

let asked = 0;
let reading = 0;
let following = true;

export function ref() {
  return desk()?.dataset.ref ?? "";
}

function address(reference) {
  return `${desk().dataset.ticketUrl.replace("REF", encodeURIComponent(reference))}${desk().dataset.query}`;
}

function fragment(reference) {
  return `${desk().dataset.fragmentUrl.replace("REF", encodeURIComponent(reference))}${desk().dataset.query}`;
}

async function fetchPane(reference) {
  const answer = await fetch(fragment(reference), { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status === 401) location.reload();
  return answer?.ok ? parse(await answer.text()).querySelector("#ticket") : null;
}

// Opens beside the list. `push` false: the address is already right (back, forward).
export async function open(reference, { push = true, focus = true } = {}) {
  composer.flush();
  const turn = ++asked;
  list.mark(reference);
  const fresh = await fetchPane(reference);
  if (turn !== asked) return false;
  if (!fresh) {
    announce(word("not_loaded"));
    return false;
  }
  const known = ref() === reference;
  pane().replaceWith(fresh);
  htmx.process(pane());
  show(reference);
  if (push && !known) history.pushState({ ref: reference }, "", address(reference));
  arrived();
  if (focus) document.getElementById("subject")?.focus({ preventScroll: true });
  return true;
}

function show(reference) {
  desk().dataset.ref = reference;
  desk().dataset.pane = reference ? "ticket" : "list";
  desk().removeAttribute("data-local-sheet");
  const subject = document.getElementById("subject")?.dataset.title;
  document.title = subject ? `${subject} · ${desk().dataset.deskName}` : desk().dataset.title;
}

function arrived() {
  following = true;
  frames.adopt(pane());
  composer.adopt();
  clocks.tick(pane());
  scrollToNews();
  markRead();
}

// Where reading goes on: the first message that is new to this person, else the last one.
function scrollToNews() {
  const box = scroller();
  if (!box) return;
  const messages = box.querySelectorAll(".message");
  const target = box.querySelector(".message[data-new]") ?? messages[messages.length - 1];
  if (!target) return;
  const top = target.offsetTop - box.offsetTop - 12;
  box.scrollTop = messages.length > 1 ? top : 0;
}

function markRead() {
  clearTimeout(reading);
  const reference = ref();
  const form = document.getElementById("read");
  if (!form || !form.hasAttribute("data-unread")) return;
  reading = setTimeout(async () => {
    if (ref() !== reference || document.hidden) return;
    await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } }).catch(() => null);
    list.seen(reference);
  }, LOOKED_AT);
}

export function close({ push = true } = {}) {
  if (!ref()) return;
  composer.flush();
  asked += 1;
  const last = ref();
  pane().replaceChildren(...document.getElementById("no-ticket").content.cloneNode(true).childNodes);
  show("");
  if (push) history.pushState({}, "", desk().dataset.listAddress);
  list.linkOf(last)?.focus({ preventScroll: true });
  list.mark("");
}

// Something happened to the open ticket, here or elsewhere.
async function renew() {
  const reference = ref();
  const turn = asked;
  const fresh = reference && (await fetchPane(reference));
  if (fresh && turn === asked && ref() === reference) settle(fresh);
}

let renewing = 0;

// Several events of one act are one look.
export function renewSoon() {
  clearTimeout(renewing);
  renewing = setTimeout(renew, 200);
}

// Brings the pane up to date in place, and says what is new in it.
export function settle(fresh) {
  const box = scroller();
  const atEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  const before = new Set([...pane().querySelectorAll(".message")].map((message) => message.id));
  merge(pane(), fresh);
  htmx.process(pane());
  frames.adopt(pane());
  clocks.tick(pane());
  const added = [...pane().querySelectorAll(".message")].filter((message) => !before.has(message.id));
  if (!added.length) return;
  const newest = added[added.length - 1];
  if (!newest.hasAttribute("data-mine")) announce(newest.dataset.announce ?? "");
  if (atEnd || newest.hasAttribute("data-mine")) newest.scrollIntoView({ block: "end" });
  markRead();
}

export function sheet(open = !desk().hasAttribute("data-local-sheet")) {
  if (open === desk().hasAttribute("data-local-sheet")) return;
  const button = document.querySelector("[data-sheet]");
  button?.setAttribute("aria-expanded", String(open));
  if (!open) {
    desk().removeAttribute("data-local-sheet");
    button?.focus();
    return;
  }
  desk().dataset.localSheet = "";
  // On a phone "back" closes the sheet: it has an address of its own.
  if (SMALL.matches) history.pushState({ ref: ref(), sheet: true }, "", "#details");
  document.getElementById("context")?.focus();
}

function closeSheet() {
  if (SMALL.matches && history.state?.sheet) history.back();
  else sheet(false);
}

function onPop() {
  const found = location.pathname.match(/\/tickets\/([^/]+)$/);
  if (location.hash !== "#details") sheet(false);
  if (!found) {
    if (location.pathname !== new URL(desk().dataset.listAddress, location).pathname) location.reload();
    else close({ push: false });
  } else if (decodeURIComponent(found[1]) !== ref()) {
    open(decodeURIComponent(found[1]), { push: false });
  }
}

function onClick(event) {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[data-ref]");
  if (link) {
    event.preventDefault();
    open(link.dataset.ref);
  } else if (event.target.closest("[data-back]")) {
    event.preventDefault();
    goBack();
  } else if (event.target.closest("[data-sheet]")) sheet();
  else if (event.target.closest("[data-sheet-close]")) closeSheet();
}

// The arrow in the page and the phone's own gesture are the same step, whenever the list is what lies behind.
function goBack() {
  if (history.state?.ref) history.back();
  else close();
}

export function start() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", onPop);
  document.addEventListener("click", onClick);
  document.addEventListener("desk:close-sheet", () => { if (desk()?.hasAttribute("data-local-sheet")) closeSheet(); });
  // Mail grows when its letter has loaded; until somebody scrolls, the place that was opened at stays in view.
  document.addEventListener("fitted", () => { if (following) scrollToNews(); });
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    document.addEventListener(kind, () => { following = false; }, { passive: true });
  }
  if (ref()) arrived();
}
