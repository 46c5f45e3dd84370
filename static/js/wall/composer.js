// The composer under a wall: which clip it means, what its button says, and its keys.

import { clamp } from "../shared/numbers.js";
import { say } from "../shared/say.js";

const form = () => document.querySelector("[data-composer]");

export const chosen = () => form()?.querySelector("[name=index]:checked")?.value;

export function choose(number) {
  const radio = document.getElementById(`choose-${number}`);
  if (radio) radio.click();
  else if (form()) say(`Clip ${number} cannot be extended.`);
}

// The words of the task stand there, to be typed over.
export function write() {
  const words = form()?.elements.prompt;
  words?.focus();
  words?.select();
}

// A card's "Extend" leads here.
if (location.hash === "#composer_prompt") write();

// From one card to the next among what was sent.
export function along(by) {
  const cards = [...document.querySelectorAll("[data-strip] .card > a")];
  const at = cards.indexOf(document.activeElement);
  cards[clamp(at + by, 0, cards.length - 1)]?.focus();
}

function label() {
  const words = form()?.querySelector("[data-label]");
  if (!words) return;
  const runs = form().elements.runs.value;
  const clip = "anyway" in words.dataset ? "anyway" : `clip ${chosen()}`;
  words.textContent = `Extend ${clip} · ${runs} request${runs === "1" ? "" : "s"}`;
}

document.addEventListener("change", label);
document.addEventListener("htmx:load", label);
document.addEventListener("keydown", (event) => {
  const { target, key, ctrlKey, metaKey } = event;
  if (!target.closest?.("[data-composer]")) return;
  if (key === "Escape") target.blur();
  const button = form().querySelector("[data-submit]");
  if (key !== "Enter" || !(ctrlKey || metaKey) || button.disabled) return;
  event.preventDefault();
  form().requestSubmit(button);
});
// Back shows the page as it once was, without what has been sent since.
addEventListener("pageshow", ({ persisted }) => {
  const [navigation] = performance.getEntriesByType("navigation");
  if (persisted || navigation?.type === "back_forward") document.body.dispatchEvent(new Event("back"));
});
label();
