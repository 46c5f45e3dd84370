// One press submits once: the pressed button of a form[data-once] says so, and until there is an answer none else sends.

import { say } from "./say.js";

// Longer than any answer takes. A press after that finds the same row by the form's nonce.
const WAIT_MS = 25_000;
let waiting = null;

function release() {
  if (!waiting) return;
  const { button, text, timer } = waiting;
  waiting = null;
  clearTimeout(timer);
  if (!button) return;
  button.textContent = text;
  button.removeAttribute("aria-disabled");
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (!form.matches("[data-once]")) return;
  if (waiting) return event.preventDefault();
  waiting = { button, text: button?.textContent, timer: setTimeout(release, WAIT_MS) };
  if (!button) return;
  button.textContent = button.dataset.busy ?? "Sending…";
  button.setAttribute("aria-disabled", "true");
  say(button.textContent, false);
});
document.addEventListener("htmx:afterRequest", ({ target }) => {
  if (target.matches("[data-once]")) release();
});
// Who comes back finds the same form, whose nonce finds the same task.
addEventListener("pageshow", release);
