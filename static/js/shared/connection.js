// Says when the server cannot be reached, and takes it back when it can.

const notice = document.getElementById("connection");

document.addEventListener("htmx:sendError", () => {
  notice.hidden = false;
});
document.addEventListener("htmx:timeout", () => {
  notice.hidden = false;
});
document.addEventListener("htmx:beforeOnLoad", () => {
  notice.hidden = true;
});
