// The words that a rule found, marked where they stand in the message.

import { bodyOf } from "./frames.js";
import { announce, word } from "./words.js";

function clear() {
  for (const message of document.querySelectorAll(".message")) {
    const body = bodyOf(message);
    for (const mark of body?.querySelectorAll("mark[data-why]") ?? []) {
      mark.replaceWith(...mark.childNodes);
    }
    body?.normalize();
  }
  for (const mark of document.querySelectorAll(".conversation-head mark[data-why]")) mark.replaceWith(...mark.childNodes);
}

function textNodes(root) {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}

function markIn(root, words) {
  const marks = [];
  for (const node of textNodes(root)) {
    const text = node.data.toLocaleLowerCase();
    for (const found of words) {
      const at = text.indexOf(found);
      if (at < 0) continue;
      const rest = node.splitText(at);
      rest.splitText(found.length);
      const mark = root.ownerDocument.createElement("mark");
      mark.dataset.why = "";
      rest.replaceWith(mark);
      mark.append(rest);
      marks.push(mark);
      break;
    }
  }
  return marks;
}

export function show(button) {
  clear();
  const words = JSON.parse(button.dataset.words).map((found) => found.toLocaleLowerCase()).filter(Boolean);
  const message = document.getElementById(`m-${button.dataset.message}`);
  const roots = [message && bodyOf(message), document.getElementById("subject")].filter(Boolean);
  const marks = roots.flatMap((root) => markIn(root, words));
  announce(word(marks.length ? "words_marked" : "words_not_shown", { count: marks.length }));
  if (!marks.length) return;
  openFolds(marks[0]);
  const frame = marks[0].ownerDocument.defaultView?.frameElement;
  (frame ?? marks[0]).scrollIntoView({ block: "center" });
}

function openFolds(mark) {
  for (let fold = mark.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("a[data-words]");
    if (button) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("desk:close-sheet"));
      show(button);
    }
  });
}
