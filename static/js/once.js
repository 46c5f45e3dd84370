// One press submits once: in a form[data-once] the pressed button says so at once, and a second press sends nothing.

const pressed = new Map();
const announce = document.getElementById("announce");

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (!form.matches("[data-once]")) return;
  if (pressed.has(form)) return event.preventDefault();
  pressed.set(form, [button, button?.textContent]);
  if (!button) return;
  announce.textContent = button.textContent = button.dataset.busy ?? "Sending…";
  button.setAttribute("aria-disabled", "true");
});
// Somebody who comes back finds the same form, with the same one-use nonce: pressing again finds the same task.
addEventListener("pageshow", () => {
  for (const [button, text] of pressed.values()) {
    if (!button) continue;
    button.textContent = text;
    button.removeAttribute("aria-disabled");
  }
  pressed.clear();
});
