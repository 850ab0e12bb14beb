// Pills count down and times of day stay true while the page stands open.

import { language, word } from "./words.js";

const MINUTE = 60_000;
const TICK = 30_000;

export function span(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE);
  const parts = minutes < 60
    ? [[minutes, "m"]]
    : minutes < 1440
      ? [[Math.floor(minutes / 60), "h"], [minutes % 60, "m"]]
      : [[Math.floor(minutes / 1440), "d"], [Math.floor((minutes % 1440) / 60), "h"]];
  const text = parts.filter(([count], index) => index === 0 || count).map(([count, unit]) => `${count} ${word(unit)}`).join(" ");
  return milliseconds < 0 ? `−${text}` : text;
}

function exactly(dateTime) {
  return format({ dateStyle: "full", timeStyle: "short" }).format(new Date(dateTime));
}

function tickPill(pill, now) {
  const due = Date.parse(pill.dateTime);
  const left = due - now;
  const state = left < 0 ? "over" : Date.parse(pill.dataset.highFrom) <= now ? "high" : "running";
  const text = span(left);
  const face = pill.querySelector("[data-face]");
  if (face.textContent !== text) face.textContent = text;
  if (pill.dataset.state !== state) pill.dataset.state = state;
  const label = word(left < 0 ? "overdue_by" : "due_in", { span: span(Math.abs(left)) });
  pill.querySelector("[data-label]").textContent = label;
  pill.title ||= word("promised_by", { when: exactly(pill.dateTime) });
}

const formats = new Map();

// The zone is the page's: the person's choice or the desk's, not the machine's.
function format(options) {
  const key = JSON.stringify(options);
  const timeZone = document.getElementById("desk")?.dataset.zone || undefined;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language(), { timeZone, ...options }));
  return formats.get(key);
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { day: "numeric", month: "numeric", year: "numeric" };

export function when(date, now, long = false) {
  const time = format(CLOCK).format(date);
  if (format(DAY).format(date) === format(DAY).format(now)) return time;
  const age = (now - date) / 86_400_000;
  const sameYear = format({ year: "numeric" }).format(date) === format({ year: "numeric" }).format(now);
  const year = sameYear ? {} : { year: "numeric" };
  const options = age >= 0 && age < 6 ? { weekday: "short" } : { day: "numeric", month: "short", ...year };
  const day = format(options).format(date);
  return long ? `${day} ${time}` : day;
}

function tickTime(element, now) {
  const text = when(new Date(element.dateTime), now, element.dataset.when === "long");
  if (element.textContent !== text) element.textContent = text;
  element.title ||= exactly(element.dateTime);
}

export function tick(root = document) {
  const now = new Date();
  for (const pill of root.querySelectorAll("time.clock[data-high-from]")) tickPill(pill, now.getTime());
  for (const element of root.querySelectorAll("time[data-when]")) tickTime(element, now);
}

export function start() {
  tick();
  setInterval(tick, TICK);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
}
