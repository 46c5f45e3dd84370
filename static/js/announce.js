// Says each thing once: a poll repeats the words for screen readers, and they would read them out with each.

document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (detail.target.id === "announce" && detail.target.textContent === detail.fragment.textContent) detail.shouldSwap = false;
});
