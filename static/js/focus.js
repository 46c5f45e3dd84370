// The keyboard goes on where new things have come: [data-focus] says which of them. (The attribute autofocus would be
// refused with a warning, since something else had the focus before.)

document.addEventListener("htmx:afterSettle", () => {
  const target = document.querySelector("[data-focus]");
  target?.removeAttribute("data-focus");
  target?.focus();
});
