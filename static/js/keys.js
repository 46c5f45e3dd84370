// The keyboard of the wall. No key sends anything that is paid for.

import { theWall } from "./wall.js";

const KEYS = {
  " ": ["play"],
  k: ["play"],
  ArrowLeft: ["frame", -1],
  ArrowRight: ["frame", 1],
  "Shift+ArrowLeft": ["second", -1],
  "Shift+ArrowRight": ["second", 1],
  Home: ["edge", 0],
  End: ["edge", 1],
  1: ["solo", 1],
  2: ["solo", 2],
  3: ["solo", 3],
  4: ["solo", 4],
  Escape: ["back"],
  l: ["loop"],
  ",": ["speed", -1],
  ".": ["speed", 1],
  j: ["view", "seam"],
  c: ["view", "compare"],
  s: ["press", "[data-keep]"],
  e: ["press", "[data-edit]"],
  d: ["press", "[data-download]"],
  "?": ["keys"],
};
const TYPING = "input:not(.moment), textarea, select, [contenteditable]";
// What Space presses by itself.
const PRESSED = "button, a, summary";

document.addEventListener("keydown", (event) => {
  const { key, shiftKey, target } = event;
  const name = key.length === 1 ? key.toLowerCase() : `${shiftKey ? "Shift+" : ""}${key}`;
  const wall = theWall();
  if (!wall || !KEYS[name] || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // An open list of keys takes Escape for itself.
  if (key === "Escape" && document.querySelector(":popover-open")) return;
  if (target.matches(TYPING) || (key === " " && target.matches(PRESSED))) return;
  event.preventDefault();
  wall.do(...KEYS[name]);
});
