// The cut: the last second of the parent and the first of each continuation, over and over, the smoothest first.

import { picturesOf } from "../shared/pictures.js";

const SECOND = 1;
const WAIT_MS = 5000;

function leadOf(frame, film) {
  let video = frame.querySelector(".lead");
  if (!video) {
    const quiet = { className: "lead", muted: true, playsInline: true, tabIndex: -1, ariaHidden: "true" };
    video = Object.assign(document.createElement("video"), quiet);
    frame.querySelector("video").after(video);
  }
  if (video.getAttribute("src") !== film) video.src = film;
  return video;
}

// Until its length is known, or it is plain that it will not be soon.
function metadata(video) {
  video.preload = "auto";
  if (video.error) video.load();
  if (video.readyState) return null;
  return new Promise((resolve) => {
    for (const event of ["loadedmetadata", "error"]) video.addEventListener(event, resolve, { once: true });
    setTimeout(resolve, WAIT_MS);
  });
}

// Whether there is a cut to show: the parent's film, or results that begin with it.
export function canLead(wall) {
  return Boolean(document.getElementById("lead")?.dataset.film) ||
    wall.frames.some((frame) => wall.facts(frame).cut);
}

// The tracks of every frame: the same moment inside a result that begins with its parent's footage, else two films.
export async function lead(wall) {
  const { film, ms, ...timing } = document.getElementById("lead")?.dataset ?? {};
  const old = picturesOf(timing);
  const tracks = wall.frames.map(async (frame) => {
    const video = wall.video(frame);
    const { cut, pictures } = wall.facts(frame);
    const { starts } = pictures;
    if (cut) return [{ video, at: 0, from: Math.max(starts, cut - SECOND), to: cut + SECOND, pictures }];
    const after = { video, at: SECOND, from: starts, to: starts + SECOND, pictures };
    if (!film) return [after];
    const before = leadOf(frame, film);
    if (!ms) await metadata(before);
    const end = ms ? old.starts + ms / 1000 : before.duration || SECOND;
    return [{ video: before, at: 0, from: Math.max(old.starts, end - SECOND), to: end, pictures: old }, after];
  });
  return (await Promise.all(tracks)).flat();
}

// Places the frames: the smoothest cut first while cuts are looked at, else as they came.
export function order(wall) {
  const isCut = wall.view === "cut";
  const home = wall.places.toSorted((one, other) => homeOf(one) - homeOf(other));
  const placed = isCut ? home.toSorted((one, other) => wall.facts(one).cutDelta - wall.facts(other).cutDelta) : home;
  placed.forEach((frame, place) => {
    const { cutDelta, smoothest } = wall.facts(frame);
    frame.dataset.place = place + 1;
    const words = frame.querySelector(".cut");
    if (words) {
      words.textContent = cutDelta < Infinity
        ? `${smoothest ? "smoothest · " : ""}cut ${cutDelta.toFixed(1)}`
        : "cut not measured";
    }
  });
}

function homeOf(frame) {
  return Number(frame.dataset.home ??= frame.dataset.place);
}
