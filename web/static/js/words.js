// The page's own words, in the agent's language, and the one place that speaks to a screen reader.

const holder = () => document.getElementById("words");
let words = null;

export function word(name, values = {}) {
  words ??= JSON.parse(holder()?.dataset.words ?? "{}");
  const text = words[name] ?? "";
  return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

export function plural(name, count) {
  return word(count === 1 ? `${name}_one` : name, { count });
}

let pending = 0;

export function announce(text) {
  const region = document.getElementById("announce");
  if (!region || !text) return;
  // The same sentence twice is only read twice when the region was empty in between.
  region.textContent = "";
  cancelAnimationFrame(pending);
  pending = requestAnimationFrame(() => { region.textContent = text; });
}

export function language() {
  return document.documentElement.lang || "en";
}
