// Keeps a page up to date: when the server reports an event, and every half a minute, the page is read again and its content
// replaced. Without this script the pages read the same; they are then as new as when they were loaded.
"use strict";

const live = document.getElementById("live");
const EVENTS = ["served", "broken", "begins", "waits", "ended", "elsewhere", "skipped", "drains", "stops", "failing"];
let waiting = null;
let isReading = false;

/** The way to an element that is there again after the content was replaced. */
function place(element) {
  const focusable = [...document.querySelectorAll("main a, main button, main summary, main [tabindex]")];
  return element && element.closest("main") ? focusable.indexOf(element) : -1;
}

async function refresh() {
  waiting = null;
  if (document.hidden || isReading) return;
  isReading = true;
  try {
    const reply = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
    if (reply.type === "opaqueredirect") { location.reload(); return; }
    if (!reply.ok) throw new Error(String(reply.status));
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("main");
    const shown = document.querySelector("main");
    if (events.readyState === EventSource.OPEN) live.textContent = "live";
    if (!fresh || fresh.innerHTML === shown.dataset.read) return;
    const read = fresh.innerHTML;
    const open = [...shown.querySelectorAll("details")].map((details) => details.open);
    const at = place(document.activeElement);
    shown.replaceChildren(...fresh.childNodes);
    shown.dataset.read = read;
    shown.querySelectorAll("details").forEach((details, number) => { details.open = open[number] ?? false; });
    if (at >= 0) document.querySelectorAll("main a, main button, main summary, main [tabindex]")[at]?.focus({ preventScroll: true });
  } catch {
    live.textContent = "not up to date: the server does not answer";
  } finally {
    isReading = false;
  }
}

function soon() {
  waiting ??= setTimeout(refresh, 400);
}

const events = new EventSource("/events");
events.onopen = () => { live.textContent = "live"; soon(); };
events.onerror = () => { live.textContent = "not up to date: the connection is lost"; };
for (const name of EVENTS) events.addEventListener(name, soon);
setInterval(soon, 30000);
document.addEventListener("visibilitychange", soon);
