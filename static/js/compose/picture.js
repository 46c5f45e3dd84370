// A picture that is pasted, or dropped anywhere on the page, is the one that was chosen. The server shows what it is.

import { say } from "../shared/say.js";

const part = () => document.getElementById("start-picture");
const form = part().closest("form");

function take(event, transfer) {
  if (!transfer?.files.length) return;
  event.preventDefault();
  const input = part().querySelector("[type=file]");
  input.files = transfer.files;
  part().closest("details")?.setAttribute("open", "");
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("dragover", (event) => {
  form.toggleAttribute("data-dropping", event.dataTransfer.types.includes("Files"));
  event.preventDefault();
});
document.addEventListener("dragleave", () => form.removeAttribute("data-dropping"));
document.addEventListener("drop", (event) => {
  form.removeAttribute("data-dropping");
  take(event, event.dataTransfer);
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const said = target === part() && target.querySelector(".errorlist li, [data-said]");
  if (said) say(said.textContent, false);
});
