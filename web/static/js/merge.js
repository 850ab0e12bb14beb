// Brings a pane up to date without touching what did not change: an open mail keeps its frame, a field its focus,
// the page its place.
//
// Children are matched by id. `data-merge` descends; `data-keep` leaves the old one and hands it the fresh one in a
// "kept" event; `data-etag` says whether a child changed; without it the nodes are compared.

export function merge(old, fresh) {
  copyAttributes(old, fresh);
  const focused = document.activeElement?.id;
  mergeChildren(old, fresh);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function mergeChildren(old, fresh) {
  const staying = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  // First, so that what stays need not be moved: a frame that is moved loads again, a pane loses its place.
  for (const child of [...old.children]) if (!staying.has(child.id)) child.remove();
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const known = child.id ? childById(old, child.id) : null;
    if (!known) {
      old.insertBefore(child, place);
      continue;
    }
    const next = known === place ? place.nextElementSibling : place;
    const now = reconcile(known, child);
    if (known !== place) old.insertBefore(now, place);
    place = next;
  }
}

function reconcile(known, child) {
  if (known.hasAttribute("data-keep") && child.hasAttribute("data-keep")) {
    known.dispatchEvent(new CustomEvent("kept", { bubbles: true, detail: child }));
    return known;
  }
  if (known.hasAttribute("data-merge")) {
    copyAttributes(known, child);
    mergeChildren(known, child);
    return known;
  }
  if (unchanged(known, child)) {
    for (const form of known.querySelectorAll("form")) form.reset();
    return known;
  }
  if (isInUse(known)) return known;
  known.replaceWith(child);
  return child;
}

// A list of choices that stands open would close in the person's face, a half-written tag would be gone.
function isInUse(element) {
  const focused = document.activeElement;
  return element.contains(focused) && focused.matches("select, input:not([type=hidden])");
}

function unchanged(known, child) {
  if (child.dataset.etag) return known.dataset.etag === child.dataset.etag;
  return known.isEqualNode(child);
}

function childById(parent, id) {
  for (const child of parent.children) if (child.id === id) return child;
  return null;
}

function copyAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !name.startsWith("data-local")) old.removeAttribute(name);
  }
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}
