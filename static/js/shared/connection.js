// What comes back from the server: only what bears our mark is swapped. Says when nothing does, asks more rarely meanwhile,
// and takes it back once it does.

import { say } from "./say.js";

const MARK = "X-Extender"; // project/request_id.py
const [SHORTEST_MS, LONGEST_MS] = [4000, 60000];
// A browser lets a page that nobody sees ask once a minute: whoever was silent for longer has slept.
const [ASLEEP_MS, SPREAD_MS] = [90000, 4000];

const notice = document.getElementById("connection");
let missed = 0;
let quietUntil = 0;
let beat = Date.now();
let hasSlept = false;
let look = 0;

const POLL = "[hx-trigger*=every]";
const isPoll = ({ detail }) => detail.elt.matches(POLL);
const isAnsweredByUs = (answer) => answer?.type === "opaqueredirect" || answer?.headers.has(MARK);
const head = () => fetch(location.href, { method: "HEAD", redirect: "manual" }).catch(() => null);

// Whoever writes keeps their words: no poll loads the page anew beneath them. Their own press leads to a sign-in, and back.
const isWritten = () =>
  [...document.querySelectorAll("main :is(textarea, [type=text])")].some((field) =>
    field.value !== field.defaultValue
  );

function miss() {
  notice.hidden = false;
  // Spread out: else all pages would ask at once when the server comes back.
  const pause = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** missed++);
  quietUntil = Date.now() + pause * (1 + Math.random() / 2);
  clearTimeout(look);
  look = setTimeout(ask, quietUntil - Date.now());
}

// On a page that asks nothing by itself nothing else would find out.
async function ask() {
  quietUntil = 0;
  if (document.querySelector(POLL)) return;
  if (isAnsweredByUs(await head())) recover();
  else miss();
}

function recover() {
  notice.hidden = true;
  missed = quietUntil = 0;
  clearTimeout(look);
  sessionStorage.removeItem(MARK);
}

// A proxy in front of us may ask who we are: a page of its own, or the 404 of ours, comes by loading this one again. Once.
function reloadOnce() {
  if (sessionStorage.getItem(MARK) === location.href) return miss();
  sessionStorage.setItem(MARK, location.href);
  location.reload();
}

// Of many pages that wake together, those that are seen ask one after another, and the others when they are seen.
function wake() {
  const now = Date.now();
  hasSlept ||= now - beat > ASLEEP_MS;
  beat = now;
  if (!hasSlept || document.hidden) return;
  hasSlept = false;
  quietUntil = Math.max(quietUntil, now + Math.random() * SPREAD_MS);
}

document.addEventListener("visibilitychange", wake);
addEventListener("online", () => missed && ask());
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event)) return;
  wake();
  if (hasSlept || Date.now() < quietUntil) event.preventDefault();
});
document.addEventListener("htmx:sendError", async () => {
  miss();
  // A sign-in at another host looks as if nobody answered.
  const answer = await head();
  if (answer?.type === "opaqueredirect" && !isWritten()) reloadOnce();
});
document.addEventListener("htmx:timeout", miss);
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = event.detail;
  const isOurs = xhr.getResponseHeader(MARK);
  const isRefused = isPoll(event) && xhr.getResponseHeader("HX-Refresh") && isWritten();
  if (!isOurs || isRefused) event.preventDefault();
  if (isOurs && xhr.status < 400) return recover();
  // Other answers of a proxy's own, such as 404 or 429, say that we are away: it has no page of ours to load either.
  const asksWho = xhr.status < 400 || xhr.status === 401 || xhr.status === 403;
  if (isOurs ? xhr.status === 404 && isPoll(event) : asksWho && !isWritten()) reloadOnce();
  else if (!isOurs || xhr.status >= 500) miss();
  else if (!isPoll(event) && event.detail.requestConfig.verb === "post") {
    say("Nothing was done. Try again, or reload this page.");
  }
});
