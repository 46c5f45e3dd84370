// Calls `arrange` with the document, and then with the surroundings of whatever htmx brings.

export function onArrival(arrange) {
  arrange(document);
  document.addEventListener("htmx:load", ({ target }) => arrange(target.parentElement ?? document));
}
