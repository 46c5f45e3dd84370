// The keyboard goes on where new things have come: [data-focus] says where. (Browsers refuse autofocus after the first.)

document.addEventListener("htmx:afterSettle", () => {
  const target = document.querySelector("[data-focus]");
  target?.removeAttribute("data-focus");
  target?.focus();
});

// What has been opened would lie over where the keyboard has gone on to.
document.addEventListener("focusin", ({ target }) => {
  const open = document.querySelector(":popover-open");
  if (open && !open.contains(target) && target.popoverTargetElement !== open) open.hidePopover();
});
