// The form: the chosen clip plays on the stage, the prompt is counted, and one press submits once.

const MAX = 2000;
const form = document.querySelector("[data-compose]");
const stage = form.querySelector("[data-stage]");
const prompt = form.querySelector("#id_prompt");
const counter = form.querySelector("[data-counter]");
const still = matchMedia("(prefers-reduced-motion: reduce)");

function show(src) {
  if (stage.getAttribute("src") !== src) stage.src = src;
  if (!still.matches) stage.play().catch(() => {});
}

function count() {
  const length = [...prompt.value].length;
  counter.hidden = length < MAX * 0.75;
  counter.textContent = `${length} of ${MAX}`;
  counter.toggleAttribute("data-over", length > MAX);
}

if (stage) {
  form.addEventListener("change", (event) => {
    if (event.target.dataset.src) show(event.target.dataset.src);
  });
  const chosen = form.querySelector("[data-src]:checked");
  if (chosen) show(chosen.dataset.src);
}

prompt.addEventListener("input", count);
count();

const words = new Map([...form.querySelectorAll("button")].map((button) => [button, button.textContent]));

form.addEventListener("submit", (event) => {
  // A moment later: the browser must first have read which button was pressed.
  setTimeout(() => {
    event.submitter.disabled = true;
    event.submitter.textContent = event.submitter.matches("[data-look-up]") ? "Looking…" : "Sending…";
  });
});
// Somebody who comes back finds the same form, with the same one-use nonce: pressing again finds the same task.
addEventListener("pageshow", () => {
  for (const [button, text] of words) {
    button.disabled = false;
    button.textContent = text;
  }
});
