// What htmx makes of text: a document of its own, in which nothing runs, and where it puts what is to stay.
const PANTRY = "<div id='--htmx-preserve-pantry--'></div>";

globalThis.trustedTypes?.createPolicy("default", {
  createHTML: (text, _, sink) => / parse/.test(sink) || text === PANTRY ? text : null,
});
