// Copy buttons: [data-copy] names the field whose text is copied.

import { onArrival } from "./arrivals.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    // No clipboard without https or permission: the text is selected, so the keyboard can copy it.
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
});

onArrival((root) => {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
});
