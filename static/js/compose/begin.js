// A picture that is pasted, or dropped anywhere on the page, is the one that was chosen.

const form = document.querySelector("[data-begin]");
const input = form.querySelector("[type=file]");

function take(event, transfer) {
  if (!transfer?.files.length) return;
  event.preventDefault();
  input.files = transfer.files;
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
