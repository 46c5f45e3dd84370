// The form: the chosen clip plays on the stage, and the prompt is counted.

import { lessMotion } from "../shared/media.js";

const form = document.querySelector("[data-compose]");
const stage = form.querySelector("[data-stage]");
const prompt = form.querySelector("#id_prompt");
const counter = form.querySelector("[data-counter]");
const most = Number(counter.dataset.max);

function show(src) {
  if (stage.getAttribute("src") !== src) stage.src = src;
  if (!lessMotion.matches) stage.play().catch(() => {});
}

function count() {
  const length = [...prompt.value].length;
  counter.hidden = length < most * 0.75;
  counter.textContent = `${length} of ${most}`;
  counter.toggleAttribute("data-over", length > most);
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
