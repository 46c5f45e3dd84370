// What the page says to a screen reader, and shows for a few seconds where nothing else shows it.

let timer;

export function say(words, isSeen = true) {
  const place = document.getElementById("announce");
  place.textContent = words;
  place.classList.toggle("toast", isSeen);
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("toast"), 4000);
}

// A poll repeats its words, and they would be read out with each.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const { target, fragment } = detail;
  if (target.id === "announce" && target.textContent === fragment.textContent) detail.shouldSwap = false;
});
