// Keys that work wherever the focus is on a page, save where what has it needs them for itself. A page's list of keys is
// where they are bound: [data-key] names them, [data-do] and [data-to] the command that they give.

const NEEDS = [
  ["textarea, select, input:not([type=range], [type=radio], [type=checkbox])", /./],
  [".split", /^(Arrow.*|Home|End|Page.*)$/],
  ["[type=radio]", /^(Shift\+)?Arrow/],
  ["[type=radio]:not(:checked)", /^Space$/],
  ["button, a, summary, [type=checkbox]", /^(Space|Enter)$/],
];

const single = document.querySelector("[data-single]");
single?.addEventListener("change", () => {
  document.cookie = `single_keys=${single.checked ? "on" : "off"};path=/;max-age=31536000;samesite=lax`;
});

// What is chosen by a pointer gives the focus back, so that the keys go on leading what plays.
let isPointed = false;
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => {
    isPointed = kind === "pointerdown";
  }, true);
}
for (const [kind, chosen] of [["change", "select"], ["click", "[type=radio], [data-cinema] button, [data-end]"]]) {
  document.addEventListener(kind, ({ target }) => {
    if (isPointed) target.closest(chosen)?.blur();
  });
}

// The name of a pressed key as lists have it: "k", "Space", "ArrowLeft", "Shift+ArrowLeft"; none beside Ctrl, Alt or Meta.
function nameOf({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return "";
  if (key === " ") return "Space";
  return key.length === 1 ? key.toLowerCase() : (shiftKey ? "Shift+" : "") + key;
}

// The commands that the keys listed in `root` give: a function from a press to [command, to], or to nothing.
export function bindings(root) {
  const bound = new Map();
  for (const { dataset } of root.querySelectorAll("[data-key]")) {
    for (const name of dataset.key.split(" ")) bound.set(name, [dataset.do, dataset.to]);
  }
  return (event) => bound.get(nameOf(event));
}

// `command(name, to)` is called for each press of a key that the page lists.
export function onKeys(command) {
  const commandOf = bindings(document);
  document.addEventListener("keydown", (event) => {
    const given = commandOf(event);
    if (!given || isNeeded(nameOf(event), event)) return;
    event.preventDefault();
    command(...given);
  });
}

function isNeeded(name, { target, repeat }) {
  return NEEDS.some(([selector, keys]) => target.matches?.(selector) && keys.test(name)) ||
    (name !== "?" && document.querySelector(":popover-open")) ||
    (single?.checked === false && name.length === 1) ||
    // Held down, only what steps goes on.
    (repeat && !name.includes("Arrow"));
}
