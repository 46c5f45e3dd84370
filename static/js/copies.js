// Goes over from APIFRAME's file to our copy as soon as that is there, without a reload and without a jump.

function cover(frame, video) {
  const canvas = document.createElement("canvas");
  canvas.className = "sheet";
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  frame.append(canvas);
  return canvas;
}

function goOver(line) {
  const frame = line.closest(".clip")?.querySelector(".frame");
  const video = frame?.querySelector("video");
  const film = line.dataset.film;
  if (!video || !film || video.getAttribute("src") === film) return;
  frame.dataset.storyboard = line.dataset.storyboard;
  video.poster = line.dataset.poster;
  const { currentTime, paused } = video;
  if (paused && currentTime === 0) {
    video.preload = "none";
    video.src = film;
    return;
  }
  // The picture stands still while the other file opens, and goes on where it was.
  const picture = cover(frame, video);
  video.addEventListener("loadedmetadata", () => { video.currentTime = currentTime; }, { once: true });
  video.addEventListener("seeked", () => picture.remove(), { once: true });
  video.src = film;
  if (!paused) video.play().catch(() => {});
}

document.addEventListener("htmx:oobAfterSwap", () => {
  for (const line of document.querySelectorAll(".copy[data-film]")) goOver(line);
});
