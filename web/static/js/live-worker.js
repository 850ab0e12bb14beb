// One for all tabs of a browser: holds the only stream to the desk and hands what changed to every tab.
//
// The stream is an EventSource; while it cannot be had (no live process, a proxy that swallows streams, the desk's cap)
// the worker asks for changes instead, and tries the stream again now and then. Both read the same numbered events, so
// nothing is missed between the two.

const POLL_EVERY = 4_000;
const STREAM_AGAIN = 60_000;
const KEPT = 500;

const ports = new Set();
const recent = [];
const given = new Set();
let settings = null;
let last = 0;
let source = null;
let poller = 0;
let again = 0;
let mode = "off";

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function setMode(next) {
  if (mode === next) return;
  mode = next;
  tell({ mode });
}

// A lower number may come after a higher one: the database numbers events when they are written, not when committed.
function take(changes) {
  const fresh = changes.filter((change) => !given.has(change.id));
  if (!fresh.length) return;
  for (const change of fresh) given.add(change.id);
  last = Math.max(last, ...fresh.map((change) => change.id));
  recent.push(...fresh);
  for (const old of recent.splice(0, Math.max(0, recent.length - KEPT))) given.delete(old.id);
  tell({ changes: fresh });
}

function stream() {
  clearTimeout(again);
  source?.close();
  source = new EventSource(`${settings.live}?after=${last}`, { withCredentials: true });
  source.addEventListener("open", () => {
    stopPolling();
    setMode("live");
  });
  source.addEventListener("change", (event) => take([JSON.parse(event.data)]));
  source.addEventListener("error", () => {
    // While the browser reconnects by itself, asking keeps the page current; a refused stream is tried again later.
    startPolling();
    if (source.readyState === EventSource.CLOSED) again = setTimeout(stream, STREAM_AGAIN);
  });
}

function startPolling() {
  if (poller) return;
  setMode("polling");
  poller = setInterval(poll, POLL_EVERY);
  poll();
}

function stopPolling() {
  clearInterval(poller);
  poller = 0;
}

async function poll() {
  try {
    const answer = await fetch(`${settings.changes}?after=${last}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.redirected) return stop();
    if (answer.ok) take((await answer.json()).changes);
  } catch {
    setMode("away");
    return;
  }
  if (poller) setMode("polling");
}

function stop() {
  stopPolling();
  clearTimeout(again);
  source?.close();
  source = null;
  setMode("off");
}

function greet(port, hello) {
  ports.add(port);
  settings = hello;
  const missed = recent.filter((change) => change.id > hello.after);
  last = Math.max(last, recent.length ? 0 : hello.after);
  if (missed.length) port.postMessage({ changes: missed });
  port.postMessage({ mode });
  if (!source) stream();
}

onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.hello) greet(port, data.hello);
    if (data.bye) ports.delete(port);
  };
};
