// The shell around every page: the rail, menus, toasts. Pages work without it; forms and links need no script.

const root = document.documentElement;
const YEAR = 31536000;

function setDrawer(open) {
  root.dataset.drawer = open ? "open" : "shut";
  for (const button of document.querySelectorAll("[data-drawer-toggle]")) button.setAttribute("aria-expanded", String(open));
}

function foldRail() {
  const narrow = root.dataset.rail !== "narrow";
  root.dataset.rail = narrow ? "narrow" : "wide";
  document.querySelector("[data-rail-fold]")?.setAttribute("aria-pressed", String(narrow));
  document.cookie = `rail=${root.dataset.rail}; path=/; max-age=${YEAR}; samesite=lax`;
}

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
}

// Long enough to read and to reach the button; a toast under the pointer or with focus stays.
function fade(toast) {
  const wait = toast.querySelector("form:not([hidden])") ? 12000 : 6000;
  setTimeout(() => (toast.matches(":hover, :focus-within") ? fade(toast) : toast.remove()), wait);
}

export function showToast({ text, undo = "", fields = {}, danger = false }) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-text]").textContent = text;
  toast.classList.toggle("toast-danger", danger);
  const form = toast.querySelector("form");
  form.hidden = !undo;
  form.action = undo || "";
  for (const [name, value] of Object.entries(fields)) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    form.append(field);
  }
  document.getElementById("toasts").append(toast);
  fade(toast);
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  if (on("[data-drawer-toggle]")) setDrawer(root.dataset.drawer !== "open");
  if (on("[data-rail-fold]")) foldRail();
  on("[data-close-toast]")?.closest(".toast").remove();
  const copy = on("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => showToast({ text: copy.dataset.copied }));
  closeMenus(on("details[data-menu]"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  closeMenus();
  menu?.querySelector("summary").focus();
  if (root.dataset.drawer === "open") {
    setDrawer(false);
    document.querySelector("[data-drawer-toggle]").focus();
  }
});

document.addEventListener("toast", (event) => showToast(event.detail));
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const plain = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
  if (plain && xhr.responseText) showToast({ text: xhr.responseText, danger: true });
});
document.addEventListener("htmx:sendError", () => {
  showToast({ text: document.body.dataset.offline, danger: true });
});
// A page that comes back from the browser's memory must not show a drawer that was left open.
addEventListener("pageshow", () => setDrawer(false));
for (const toast of document.querySelectorAll("#toasts .toast")) fade(toast);
