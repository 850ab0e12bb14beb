// The list: a cursor that the keyboard moves, rows that stay where they are, and more of them when one scrolls.

import { parse } from "./merge.js";
import { tick } from "./clocks.js";
import { announce, plural } from "./words.js";

const QUIET = 250;
const AT_MOST_EVERY = 1_000;

const desk = () => document.getElementById("desk");
const rows = () => document.getElementById("rows");
const scroller = () => document.getElementById("rows-scroll");
const news = () => document.getElementById("news");

let unseen = new Set();
let timer = 0;
let refreshed = 0;

export function links() {
  return [...(rows()?.querySelectorAll("li:not([data-local-gone]) a[data-ref]") ?? [])];
}

export function linkOf(ref) {
  return rows()?.querySelector(`a[data-ref="${CSS.escape(ref)}"]`) ?? null;
}

export function current() {
  return rows()?.querySelector("a[aria-current]") ?? null;
}

export function mark(ref) {
  const link = linkOf(ref);
  for (const other of rows()?.querySelectorAll("a[aria-current]") ?? []) {
    if (other !== link) other.removeAttribute("aria-current");
  }
  link?.setAttribute("aria-current", "true");
}

// The row that the keyboard is on: the focused one, else the open one.
export function cursor() {
  const focused = document.activeElement?.closest?.("a[data-ref]");
  return focused ?? current();
}

// The row `step` away, also when the cursor's own row has just left the view.
export function neighbour(step) {
  const all = links();
  const here = cursor();
  if (!here) return all[step > 0 ? 0 : all.length - 1] ?? null;
  const index = all.indexOf(here);
  if (index >= 0) return all[index + step] ?? null;
  const after = all.findIndex((link) => here.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING);
  const at = after < 0 ? all.length : after;
  return all[step > 0 ? at : at - 1] ?? null;
}

export function gone(ref) {
  const row = linkOf(ref)?.closest("li");
  if (row) row.dataset.localGone = "";
}

export function seen(ref) {
  const row = linkOf(ref)?.closest("li");
  row?.removeAttribute("data-unread");
  row?.querySelector(".row-unread")?.remove();
}

// Asked for by whatever changed; many changes in one moment are one look.
export function refreshSoon() {
  if (timer) return;
  const wait = Math.max(QUIET, refreshed + AT_MOST_EVERY - performance.now());
  timer = setTimeout(async () => {
    timer = 0;
    refreshed = performance.now();
    await refresh();
  }, wait);
}

async function refresh() {
  const { listUrl } = desk().dataset;
  if (!listUrl) return;
  const answer = await fetch(listUrl, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || !desk() || desk().dataset.listUrl !== listUrl) return;
  const fresh = parse(await answer.text());
  showCounts(fresh.querySelector("[data-counts]"));
  const list = fresh.querySelector("#rows");
  if (list) weave(list);
}

function showCounts(holder) {
  if (!holder) return;
  for (const [view, count] of Object.entries(JSON.parse(holder.dataset.counts))) {
    const place = document.querySelector(`[data-count="${view}"]`);
    if (place && place.textContent !== count) place.textContent = count;
  }
}

// Known rows are renewed where they stand; new ones go in at their place, and what is on the screen does not move.
function weave(fresh) {
  if (!rows()) return void location.reload();
  const anchor = firstVisible();
  const before = anchor?.getBoundingClientRect().top;
  const whole = !fresh.hasAttribute("data-next");
  dropBlank(fresh);
  markGone(fresh, whole);
  const arrived = insertOrRenew(fresh);
  tick(rows());
  if (arrived.length) welcome(arrived);
  // By its name: the row itself may have been renewed.
  const still = anchor && document.getElementById(anchor.id);
  if (still) keepInPlace(still, before);
}

function dropBlank(fresh) {
  const blank = document.getElementById("rows-blank");
  if (blank) blank.hidden = fresh.children.length > 0;
}

// Gives back the rows that are news: what came in above others. A row that moved up from the next page is none.
function insertOrRenew(fresh) {
  const open = current()?.dataset.ref;
  const focused = document.activeElement?.id;
  const coming = [...fresh.children];
  const known = coming.map((row) => document.getElementById(row.id));
  const last = known.findLastIndex(Boolean);
  const arrived = [];
  let following = last < 0 ? null : known[last].nextElementSibling;
  for (let index = coming.length - 1; index >= 0; index -= 1) {
    const row = known[index] ? renewed(known[index], coming[index]) : rows().insertBefore(coming[index], following);
    if (!known[index] && (index < last || last < 0)) arrived.push(row);
    // A row whose place in the order changed stays where it is, and is no place to count from.
    if (!following || isBefore(row, following)) following = row;
  }
  if (open) mark(open);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return arrived;
}

function isBefore(row, other) {
  return Boolean(row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}

// A row that is replaced under a pressed button would lose the click: only when something did change.
function renewed(known, row) {
  if (known.dataset.etag === row.dataset.etag) return known;
  known.replaceWith(row);
  return row;
}

function markGone(fresh, whole) {
  const staying = new Set([...fresh.children].map((row) => row.id));
  const last = [...fresh.children].map((row) => document.getElementById(row.id)).findLast(Boolean);
  for (const row of rows().children) {
    const within = whole || (last && row.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (within && !staying.has(row.id)) row.dataset.localGone = "";
  }
}

function firstVisible() {
  const top = scroller().getBoundingClientRect().top;
  for (const row of rows().children) if (row.getBoundingClientRect().bottom > top + 1) return row;
  return null;
}

function keepInPlace(anchor, before) {
  const moved = anchor.getBoundingClientRect().top - before;
  if (!moved || document.hidden) return;
  const box = scroller();
  const room = box.scrollHeight - box.clientHeight - box.scrollTop;
  // A short list has nothing to scroll: give it the room that keeps its rows where the eye is.
  if (moved > room) rows().style.minHeight = `${box.clientHeight + box.scrollTop + moved}px`;
  box.scrollTop += moved;
}

function welcome(arrived) {
  for (const row of arrived) unseen.add(row.id);
  announce(plural("new_tickets", arrived.length));
  requestAnimationFrame(showNews);
}

function showNews() {
  const top = scroller().getBoundingClientRect().top;
  for (const id of unseen) {
    const row = document.getElementById(id);
    if (!row || row.getBoundingClientRect().bottom > top + 1) unseen.delete(id);
  }
  const bar = news();
  bar.hidden = unseen.size === 0;
  if (unseen.size) bar.textContent = plural("new_tickets", unseen.size);
}

function toTop() {
  unseen = new Set();
  news().hidden = true;
  scroller().scrollTop = 0;
  links()[0]?.focus({ preventScroll: true });
}

let loading = false;

async function more() {
  const link = document.getElementById("rows-more");
  if (!link || loading) return;
  loading = true;
  const answer = await fetch(link.dataset.fragment, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.ok) append(parse(await answer.text()), link);
  loading = false;
}

function append(fresh, link) {
  for (const row of [...(fresh.querySelector("#rows")?.children ?? [])]) {
    if (!document.getElementById(row.id)) rows().append(row);
  }
  const next = fresh.querySelector("#rows-more");
  if (next) link.replaceWith(next);
  else link.remove();
  tick(rows());
  watchEnd();
}

let watcher = null;

function watchEnd() {
  watcher?.disconnect();
  const link = document.getElementById("rows-more");
  if (!link) return;
  watcher = new IntersectionObserver(([entry]) => { if (entry.isIntersecting) more(); }, { root: scroller(), rootMargin: "600px" });
  watcher.observe(link);
}

export function start() {
  if (!scroller()) return;
  watchEnd();
  news().addEventListener("click", toTop);
  scroller().addEventListener("scroll", () => { if (unseen.size) requestAnimationFrame(showNews); }, { passive: true });
  scroller().addEventListener("click", (event) => {
    if (!event.target.closest("#rows-more")) return;
    event.preventDefault();
    more();
  });
  current()?.scrollIntoView({ block: "nearest" });
}

