// Pictures of clips that are not copied yet: a video's own picture, loaded when it comes near the screen.

import { onArrival } from "./arrivals.js";

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) load(target);
  },
  { rootMargin: "400px" },
);

function load(video) {
  near.unobserve(video);
  // Where the clip leads: the beginnings of four continuations are one and the same picture.
  video.addEventListener("loadedmetadata", () => {
    video.currentTime = video.duration * 0.85;
  }, { once: true });
  video.preload = "metadata";
}

onArrival((root) => {
  for (const video of root.querySelectorAll("video[data-frame][preload=none]")) near.observe(video);
});
