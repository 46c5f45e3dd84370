// Keys that work wherever the focus is on a page, save where what has it needs them for itself.

const NEEDS = [
  ["textarea, select, input:not([type=range], [type=radio], [type=checkbox])", /./],
  [".cut", /^(Arrow.*|Home|End|Page.*)$/],
  ["[type=radio]", /^(Shift\+)?Arrow/],
  ["[type=radio]:not(:checked)", / /],
  ["button, a, summary, [type=checkbox]", /^( |Enter)$/],
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

// `actions` by the name of their key: "k", " ", "ArrowLeft", "Shift+ArrowLeft".
export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : (event.shiftKey ? "Shift+" : "") + event.key;
    const isNeeded = NEEDS.some(([selector, keys]) => event.target.matches?.(selector) && keys.test(name)) ||
      (name !== "?" && document.querySelector(":popover-open")) ||
      (single?.checked === false && /^\S$/.test(name)) ||
      // Held down, only what steps goes on.
      (event.repeat && !name.includes("Arrow"));
    if (!actions[name] || isNeeded) return;
    event.preventDefault();
    actions[name]();
  });
}
