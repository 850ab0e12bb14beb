// The inbox page: wires its parts together.

import * as clocks from "./clocks.js";
import * as composer from "./composer.js";
import * as frames from "./frames.js";
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as live from "./live.js";
import { parse } from "./merge.js";
import * as ticket from "./ticket.js";
import * as why from "./why.js";
import { announce, word } from "./words.js";

const desk = document.getElementById("desk");

async function withTicket(then) {
  const row = list.cursor();
  // What is typed before the ticket is there must not be taken for more keys.
  if (!ticket.ref() && row) await keys.hold(ticket.open(row.dataset.ref));
  if (ticket.ref()) return then();
  announce(word("choose_first"));
}

function move(step) {
  const next = list.neighbour(step);
  if (!next) return announce(word(step > 0 ? "list_end" : "list_start"));
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (ticket.ref()) ticket.open(next.dataset.ref, { focus: false });
}

let chosenByKey = "";

function press(selector) {
  withTicket(() => document.querySelector(selector)?.click());
}

function choose(id) {
  withTicket(() => {
    const field = document.getElementById(id);
    if (!field) return;
    if (!field.checkVisibility({ visibilityProperty: true })) ticket.sheet(true);
    field.focus();
    chosenByKey = id;
    try {
      field.showPicker?.();
    } catch {
      // Some browsers only open a list for a click; it has the focus, which is enough.
    }
  });
}

function whyPanel() {
  withTicket(() => {
    const panel = document.getElementById("why");
    if (!panel) return;
    if (!panel.checkVisibility({ visibilityProperty: true })) ticket.sheet(true);
    const more = panel.querySelector("details");
    if (more) more.open = !more.open;
    panel.querySelector("summary, button")?.focus();
    panel.scrollIntoView({ block: "start" });
  });
}

function leave() {
  if (document.querySelector("dialog[open]")) return false;
  if (desk.hasAttribute("data-local-sheet")) return document.dispatchEvent(new CustomEvent("desk:close-sheet"));
  if (document.activeElement?.matches("input, textarea, select")) return document.getElementById("subject")?.focus({ preventScroll: true });
  ticket.close();
}

keys.start({
  next: () => move(1),
  previous: () => move(-1),
  open: () => {
    const row = list.cursor();
    if (row) ticket.open(row.dataset.ref);
  },
  resolve: (argument) => press(argument === "next" ? "[data-act=resolve-next]" : "[data-act=resolve]"),
  reply: () => withTicket(() => composer.focus("reply")),
  note: () => withTicket(() => composer.focus("note")),
  assign: () => choose("assignee"),
  mine: () => press("[data-act=mine]"),
  priority: () => choose("priority"),
  tag: () => choose("new-tag"),
  why: whyPanel,
  go: (view) => location.assign(desk.dataset.viewUrl.replace("VIEW", view)),
  filter: () => document.getElementById("topic-filter")?.focus(),
  help: keys.help,
  leave,
});

// Forms of the ticket: their answer is the pane itself, brought up to date in place.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target, xhr } = event.detail;
  if (target?.id !== "ticket") return;
  event.detail.shouldSwap = false;
  const fresh = parse(xhr.responseText).querySelector("#ticket");
  if (!fresh) return void announce(word("not_saved"));
  event.detail.isError = false;
  list.refreshSoon();
  // Somebody may have gone on to another ticket before this one's answer came.
  if (fresh.dataset.ref !== ticket.ref()) return;
  // The form itself may have been renewed meanwhile; it still knows what was pressed.
  const form = requestConfig.elt;
  if (xhr.status < 300 && form.id === "composer") composer.sent();
  const warning = fresh.querySelector("#warning")?.textContent.trim();
  ticket.settle(fresh);
  if (warning) announce(warning);
  afterAct(form, xhr.status);
});

function afterAct(form, status) {
  const submitter = form.dataset.localNext;
  delete form.dataset.localNext;
  if (status >= 300) return;
  if (document.getElementById("conversation")?.dataset.status === "resolved" && (submitter || form.matches("[data-resolves]"))) {
    const next = list.neighbour(1) ?? list.neighbour(-1);
    list.gone(ticket.ref());
    if (submitter === "next" && next) ticket.open(next.dataset.ref);
  }
}

document.addEventListener("htmx:sendError", () => announce(word("not_saved")));

// The way back that a toast offers, without leaving the page.
document.addEventListener("submit", async (event) => {
  if (!event.target.closest("#toasts")) return;
  event.preventDefault();
  const form = event.target;
  const headers = { "HX-Request": "true" };
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers }).catch(() => null);
  announce(answer?.ok ? word("undone") : word("not_saved"));
  if (!answer?.ok) return;
  form.closest(".toast").remove();
  list.refreshSoon();
  ticket.renewSoon();
});
document.addEventListener("submit", (event) => {
  const next = event.submitter?.dataset.next;
  if (next) event.target.dataset.localNext = next;
}, true);
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-at-once]");
  if (!form) return;
  form.requestSubmit();
  // Left in the list of choices, the next key would choose again.
  if (event.target.id === chosenByKey) document.getElementById("subject")?.focus({ preventScroll: true });
  chosenByKey = "";
});
document.addEventListener("click", (event) => {
  const seen = event.target.closest?.("[data-accept-seen]")?.dataset.acceptSeen;
  if (!seen) return;
  composer.accept(seen);
  document.getElementById("warning")?.remove();
  composer.focus("reply");
});

document.addEventListener("desk:changes", ({ detail: changes }) => {
  list.refreshSoon();
  if (changes.some((change) => change.ref && change.ref === ticket.ref())) ticket.renewSoon();
});

clocks.start();
list.start();
frames.start();
composer.start();
ticket.start();
why.start();
live.start({
  worker: desk.dataset.liveWorker,
  live: desk.dataset.liveUrl,
  changes: desk.dataset.changesUrl,
  after: Number(desk.dataset.after),
});
