// Goes over from APIFRAME's file to our copy as soon as that is there, without a reload and without a jump.

import { once } from "../shared/video.js";
import { theWall } from "./wall.js";

// What stands in the frame while the other file opens.
function cover(frame, video) {
  const canvas = document.createElement("canvas");
  canvas.className = "cover";
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  frame.append(canvas);
  once(video, "seeked", "playing", "error").then(() => canvas.remove());
}

function goOver(line) {
  const frame = document.getElementById(line.id.replace("copy", "frame"));
  const video = frame?.querySelector("video");
  const { film, poster, storyboard } = line.dataset;
  if (!video || video.getAttribute("src") === film) return;
  if (video.currentTime) cover(frame, video);
  else video.preload = "none";
  frame.dataset.storyboard = storyboard;
  video.poster = poster;
  video.src = film;
}

// Once for each poll, when all that it has brought is in its place.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "copies") return;
  document.querySelectorAll(".copy[data-film]").forEach(goOver);
  theWall()?.renew();
});
