// Pictures of clips that are not copied yet: a video's own picture, loaded when it comes near the screen.

import { onArrival } from "./arrivals.js";

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      target.preload = "metadata";
      near.unobserve(target);
    }
  },
  { rootMargin: "400px" },
);

function find(root) {
  for (const video of root.querySelectorAll("video[data-frame]:not([data-wired])")) {
    video.dataset.wired = "yes";
    // Where the clip leads: the beginnings of four continuations are one and the same picture.
    video.addEventListener("loadedmetadata", () => {
      video.currentTime = video.duration * 0.85;
    }, { once: true });
    near.observe(video);
  }
}

onArrival(find);
