// What changed on the desk, as "desk:changes" events. One stream serves all tabs; see live-worker.js.

const POLL_EVERY = 5_000;

function deliver(message) {
  if (message.changes) document.dispatchEvent(new CustomEvent("desk:changes", { detail: message.changes }));
  if (message.mode) {
    document.documentElement.dataset.live = message.mode;
    document.dispatchEvent(new CustomEvent("desk:live", { detail: message.mode }));
  }
}

export function start(settings) {
  if ("SharedWorker" in window) share(settings);
  else askOften(settings);
}

function share(settings) {
  const { port } = new SharedWorker(settings.worker, { name: "desk-live" });
  port.onmessage = ({ data }) => deliver(data);
  const hello = () => port.postMessage({ hello: settings });
  hello();
  addEventListener("pagehide", () => port.postMessage({ bye: true }));
  addEventListener("pageshow", (event) => { if (event.persisted) hello(); });
}

// Some phones have no shared workers: a visible page asks by itself there.
function askOften(settings) {
  let last = settings.after;
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(`${settings.changes}?after=${last}`).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const { changes } = await answer.json();
    if (!changes.length) return;
    last = changes.at(-1).id;
    deliver({ changes });
  };
  deliver({ mode: "polling" });
  setInterval(ask, POLL_EVERY);
  document.addEventListener("visibilitychange", ask);
}
