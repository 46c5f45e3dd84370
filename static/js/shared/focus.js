// The keyboard goes on where new things have come: [data-focus] says where. (Browsers refuse autofocus after the first.)

document.addEventListener("htmx:afterSettle", () => {
  const target = document.querySelector("[data-focus]");
  target?.removeAttribute("data-focus");
  target?.focus();
});
