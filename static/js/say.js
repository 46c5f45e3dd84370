// Says something that nothing else on the page shows: for ears at once, for eyes a few seconds long.

let timer;

export function say(words, isSeen = true) {
  const place = document.getElementById("announce");
  place.textContent = words;
  place.classList.toggle("toast", isSeen);
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("toast"), 4000);
}
