// Scrubs through storyboards: under the pointer, a finger, or by keys. A wall's frames go together, until it is played.

import { lessMotion } from "./media.js";
import { shareAcross } from "./numbers.js";
import { leave, show, TILES } from "./storyboard.js";

const RUN_MS = 160;
const DRAG_PX = 8;
let drag = null;
let run = null;

function groupOf(frame) {
  const wall = frame.closest(".wall");
  if (!wall) return [frame];
  return wall.dataset.started ? [] : [...wall.querySelectorAll("[data-storyboard]")];
}

const under = (frame, x) => Math.min(TILES - 1, Math.floor(shareAcross(frame, x) * TILES));

const frameOf = (event) => event.target.closest?.("[data-storyboard]");
const framesOf = (target) => (target.matches?.("a") ? [...target.querySelectorAll("[data-storyboard]")] : []);

function step(frames, by) {
  for (const frame of frames) {
    const at = Number(frame.dataset.tile ?? (by > 0 ? -1 : TILES));
    show(frame, (at + by + TILES) % TILES);
  }
}

document.addEventListener("pointerdown", (event) => {
  drag = frameOf(event) && { x: event.clientX, moved: false };
});
document.addEventListener("pointermove", (event) => {
  const frame = frameOf(event);
  if (!frame) return;
  const group = groupOf(frame);
  if (drag && group.length && Math.abs(event.clientX - drag.x) > DRAG_PX) drag.moved = true;
  // A finger on a wall goes from clip to clip.
  if (event.pointerType === "mouse" || group.length === 1) {
    for (const one of group) show(one, under(frame, event.clientX));
  }
});
document.addEventListener("pointerout", (event) => {
  const frame = frameOf(event);
  if (frame && !frame.contains(event.relatedTarget)) groupOf(frame).forEach(leave);
});
// Whoever has dragged across a frame did not mean to open it.
document.addEventListener("click", (event) => {
  if (drag?.moved && frameOf(event)) event.preventDefault(), event.stopPropagation();
  drag = null;
}, true);
document.addEventListener("dragstart", (event) => {
  if (frameOf(event)) event.preventDefault();
});

document.addEventListener("focusin", ({ target }) => {
  const frames = framesOf(target);
  if (!frames.length || lessMotion.matches || !target.matches(":focus-visible")) return;
  // Once through, so that the keyboard shows what the pointer shows.
  let left = TILES;
  run = setInterval(() => (left-- ? step(frames, 1) : clearInterval(run)), RUN_MS);
});
document.addEventListener("focusout", ({ target }) => {
  clearInterval(run);
  framesOf(target).forEach(leave);
});
document.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const frames = by ? framesOf(event.target) : [];
  if (!frames.length) return;
  event.preventDefault();
  clearInterval(run);
  step(frames, by);
});
