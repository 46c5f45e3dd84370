// Scrubs through a clip's storyboard: under the pointer, under a finger, or with the keyboard. No video is loaded for it.

const COLUMNS = 6;
const TILES = 24;
const RUN_MS = 160;
const DRAG_PX = 8;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const sheets = new Map();
let drag = null;
let run = null;

function sheet(url) {
  if (!sheets.has(url)) {
    const image = new Image();
    image.src = url;
    sheets.set(url, image.decode().then(() => image));
  }
  return sheets.get(url);
}

const isPlaying = (frame) => frame.querySelector("video")?.paused === false;

async function show(frame, tile) {
  frame.dataset.tile = tile;
  const image = await sheet(frame.dataset.storyboard).catch(() => null);
  // The pointer may be elsewhere by the time the sheet is here.
  if (!image || frame.dataset.tile !== String(tile) || isPlaying(frame)) return;
  let canvas = frame.querySelector(".sheet");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.className = "sheet";
    canvas.width = image.naturalWidth / COLUMNS;
    canvas.height = image.naturalHeight / (TILES / COLUMNS);
    frame.append(canvas);
  }
  const { width, height } = canvas;
  const place = [(tile % COLUMNS) * width, Math.floor(tile / COLUMNS) * height];
  canvas.getContext("2d").drawImage(image, ...place, width, height, 0, 0, width, height);
}

function leave(frame) {
  delete frame.dataset.tile;
  frame.querySelector(".sheet")?.remove();
}

function under(frame, x) {
  const box = frame.getBoundingClientRect();
  const share = Math.min(0.9999, Math.max(0, (x - box.left) / box.width));
  return Math.floor(share * TILES);
}

const frameOf = (event) => event.target.closest?.("[data-storyboard]");
// What has the focus is a frame's own button, or the link around a card's four frames.
const framesOf = (target) => {
  const own = target.closest?.("[data-storyboard]");
  return own ? [own] : [...(target.matches?.("a") ? target.querySelectorAll("[data-storyboard]") : [])];
};

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
  if (drag && Math.abs(event.clientX - drag.x) > DRAG_PX) drag.moved = true;
  if (frame && !isPlaying(frame)) show(frame, under(frame, event.clientX));
});
document.addEventListener("pointerout", (event) => {
  const frame = frameOf(event);
  if (frame && !frame.contains(event.relatedTarget)) leave(frame);
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
  if (!frames.length || still.matches || !target.matches(":focus-visible")) return;
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
  if (!frames.length || event.target.matches("input")) return;
  event.preventDefault();
  clearInterval(run);
  step(frames, by);
});
