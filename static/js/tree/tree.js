// The tree: panned and zoomed with a pointer, with fingers or with keys. Where things are in it is up to the style sheet.

import { bindings } from "../shared/keys.js";
import { clamp } from "../shared/numbers.js";
import { draw as drawLines } from "./lines.js";

const LEAST = 0.1;
const MOST = 2;
const STEP = 1.25;
const READABLE = 0.6; // from here down pictures take the words' place
const DRAG_PX = 6;
const STRIDE = 80;
const MARGIN = 16;
const BELOW = 76; // the buttons stand there
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const canvas = document.querySelector("[data-canvas]");
const plane = canvas.querySelector("[data-plane]");
const fingers = new Map();
let x = 0;
let y = 0;
let zoom = 1;
let isMoved = false;
let isDragged = false;
let anchor = null;
let unfolded = [];

const plates = () => [...plane.querySelectorAll(".plate, summary")].filter((stop) => stop.checkVisibility());
const here = () => plane.querySelector("[aria-current]");

function draw(glide = false) {
  // Something of the tree always stays in sight.
  x = clamp(x, STRIDE - plane.offsetWidth * zoom, canvas.clientWidth - STRIDE);
  y = clamp(y, STRIDE - plane.offsetHeight * zoom, canvas.clientHeight - STRIDE);
  plane.classList.toggle("glide", glide);
  plane.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
  // All widths of lines go by it, which takes longer than a frame: not at each notch, then.
  const coarse = STEP ** Math.round(Math.log(zoom) / Math.log(STEP));
  if (canvas.style.getPropertyValue("--zoom") !== `${coarse}`) canvas.style.setProperty("--zoom", coarse);
  const isFar = canvas.hasAttribute("data-far");
  canvas.toggleAttribute("data-far", zoom < READABLE);
  if (isFar !== zoom < READABLE) drawLines(plane, place);
}

// Where a plate is on the plane, whatever the plane is doing just now.
function place(plate) {
  const [inner, outer] = [plate.getBoundingClientRect(), plane.getBoundingClientRect()];
  const scale = outer.width / plane.offsetWidth;
  return {
    x: (inner.left - outer.left) / scale,
    y: (inner.top - outer.top) / scale,
    width: inner.width / scale,
    height: inner.height / scale,
  };
}

const whole = () =>
  Math.min(
    (canvas.clientWidth - 2 * MARGIN) / plane.offsetWidth,
    (canvas.clientHeight - 2 * MARGIN) / plane.offsetHeight,
    1,
  );

function zoomTo(wanted, atX = canvas.clientWidth / 2, atY = canvas.clientHeight / 2) {
  const next = clamp(wanted, Math.min(LEAST, whole()), MOST);
  x = atX - ((atX - x) * next) / zoom;
  y = atY - ((atY - y) * next) / zoom;
  zoom = next;
}

function fit() {
  zoom = whole();
  x = (canvas.clientWidth - plane.offsetWidth * zoom) / 2;
  y = (canvas.clientHeight - plane.offsetHeight * zoom) / 2;
}

function centre(plate, scale) {
  const at = place(plate);
  zoom = scale;
  x = canvas.clientWidth / 2 - (at.x + at.width / 2) * zoom;
  y = canvas.clientHeight / 2 - (at.y + at.height / 2) * zoom;
}

function reveal(plate) {
  const at = place(plate);
  const [left, top] = [x + at.x * zoom, y + at.y * zoom];
  x += clamp(left, MARGIN, canvas.clientWidth - MARGIN - at.width * zoom) - left;
  y += clamp(top, MARGIN * 2, canvas.clientHeight - BELOW - at.height * zoom) - top;
  draw(true);
}

function open() {
  fit();
  // Smaller than that nobody sees anything: it begins with where one is.
  const isWhole = zoom >= LEAST;
  if (!isWhole) centre(here(), LEAST);
  canvas.querySelector("[data-partly]").hidden = isWhole;
  draw();
}

const lenses = {
  in: () => zoomTo(zoom * STEP),
  out: () => zoomTo(zoom / STEP),
  fit,
  here: () => centre(here(), Math.max(zoom, 1)),
};

function look(lens) {
  move();
  lenses[lens]();
  draw(true);
}

function move() {
  isMoved = true;
  canvas.querySelector("[data-partly]").hidden = true;
}

function pan(right, down) {
  move();
  x -= STRIDE * right;
  y -= STRIDE * down;
  draw(true);
}

function depth(plate) {
  let count = plate.matches("summary") ? 1 : 0;
  for (let node = plate; node; node = node.parentElement.closest(".node")) count += 1;
  return count;
}

// The plate to which an arrow leads: by kinship, and as one sees it where leaves stand side by side.
function towards(plate, [right, down]) {
  const node = plate.parentElement;
  const from = plate.getBoundingClientRect();
  const below = (other) => other.getBoundingClientRect().top - from.top;
  const aside = (other) => Math.abs(other.getBoundingClientRect().left - from.left);
  if (down) {
    const level = depth(plate);
    return plates()
      .filter((other) => below(other) * down > 1 && depth(other) === level)
      .sort((one, other) => (below(one) - below(other)) * down || aside(one) - aside(other))[0];
  }
  if (right > 0) {
    const inner = plates().find((other) => other !== plate && node.contains(other));
    if (inner) return inner;
  }
  const next = (right > 0 ? node.nextElementSibling : node.previousElementSibling)?.querySelector(":scope > .plate");
  const neighbour = next && Math.abs(below(next)) < 1 ? next : null;
  if (right > 0) return neighbour;
  return neighbour ?? node.parentElement.closest(".node")?.querySelector(".plate");
}

const COMMANDS = {
  go: (arrow, plate) => towards(plate, ARROWS[arrow])?.focus(),
  root: () => plates()[0].focus(),
  pan: (arrow) => pan(...ARROWS[arrow]),
  zoom: look,
};
const commandOf = bindings(canvas);
canvas.addEventListener("keydown", (event) => {
  const plate = event.target.closest(".plate, summary");
  const [name, to] = commandOf(event) ?? [];
  // Without a plate there is nothing to go from, and arrows scroll the page.
  if (!name || (name === "go" && !plate)) return;
  COMMANDS[name](to, plate);
  event.preventDefault();
});
// What the pointer has focused is seen already; a swap brings the focus back without being asked.
canvas.addEventListener("focusin", ({ target }) => {
  if (anchor || !target.matches(":is(.plate, summary):focus-visible")) return;
  move();
  reveal(target);
});

// A point of the page as the plane's own origin counts: from inside the border.
function inside({ x: left, y: top }) {
  const box = canvas.getBoundingClientRect();
  return { x: left - box.left - canvas.clientLeft, y: top - box.top - canvas.clientTop };
}

// Where the fingers are in the middle, and how far apart.
function grip() {
  const [one, two = one] = fingers.values();
  return {
    ...inside({ x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 }),
    span: Math.hypot(one.x - two.x, one.y - two.y) || 1,
  };
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button || event.target.closest("[data-lenses]") || fingers.size > 1) return;
  if (!fingers.size) isDragged = false;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
});
canvas.addEventListener("pointermove", (event) => {
  const finger = fingers.get(event.pointerId);
  if (!finger) return;
  if (!isDragged && fingers.size < 2 && Math.hypot(event.clientX - finger.x, event.clientY - finger.y) < DRAG_PX) {
    return;
  }
  // Not before: what has captured the pointer gets the click.
  if (!isDragged) { for (const id of fingers.keys()) canvas.setPointerCapture(id); }
  isDragged = true;
  move();
  canvas.toggleAttribute("data-drag", true);
  const before = grip();
  Object.assign(finger, { x: event.clientX, y: event.clientY });
  const now = grip();
  x += now.x - before.x;
  y += now.y - before.y;
  zoomTo((zoom * now.span) / before.span, now.x, now.y);
  draw();
});
for (const end of ["pointerup", "pointercancel"]) {
  // On the whole page: a button that is let go outside before the threshold is let go as well.
  addEventListener(end, ({ pointerId }) => {
    fingers.delete(pointerId);
    if (fingers.size) return;
    canvas.removeAttribute("data-drag");
    // The click comes right after; one by the keyboard comes later, and is meant.
    setTimeout(() => {
      isDragged = false;
    });
  });
}
canvas.addEventListener("click", (event) => {
  if (isDragged) event.preventDefault(), event.stopPropagation();
  else if (event.target.dataset.lens) look(event.target.dataset.lens);
}, true);
canvas.addEventListener("dragstart", (event) => event.preventDefault());

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  move();
  const unit = event.deltaMode ? STEP * MARGIN : 1;
  if (event.ctrlKey || event.metaKey) {
    // A notch is a hundred, a pinch a few.
    const at = inside(event);
    zoomTo(zoom * Math.exp(-0.01 * clamp(event.deltaY * unit, -25, 25)), at.x, at.y);
  } else {
    x -= event.deltaX * unit;
    y -= event.deltaY * unit;
  }
  draw();
}, { passive: false });

// Whatever has come, the focused plate, or the one in the middle, stays where it is.
canvas.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.shouldSwap) return;
  unfolded = [...plane.querySelectorAll("details[open]")].map(({ id }) => id);
  const focused = document.activeElement.closest(".plate, summary");
  const all = (focused ? [focused] : plates()).map((plate) => ({ id: plate.id, ...place(plate) }));
  const [middleX, middleY] = [(canvas.clientWidth / 2 - x) / zoom, (canvas.clientHeight / 2 - y) / zoom];
  const away = (plate) => Math.hypot(plate.x + plate.width / 2 - middleX, plate.y + plate.height / 2 - middleY);
  anchor = all.reduce((nearest, plate) => (away(plate) < away(nearest) ? plate : nearest));
});
canvas.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) document.getElementById(id)?.toggleAttribute("open", true);
  drawLines(plane, place);
  const plate = anchor && document.getElementById(anchor.id);
  if (plate) {
    const now = place(plate);
    x += (anchor.x - now.x) * zoom;
    y += (anchor.y - now.y) * zoom;
    draw();
  }
  anchor = null;
});

plane.addEventListener("toggle", () => drawLines(plane, place), true);

canvas.dataset.live = "";
canvas.querySelector("[data-lenses]").hidden = false;
drawLines(plane, place);
// At first, and as long as nobody has moved it.
new ResizeObserver(() => (isMoved ? draw() : open())).observe(canvas);
