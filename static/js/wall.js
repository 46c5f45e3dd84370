// Videos. Still frames of clips that are not copied yet load when they come near the screen; what plays on the wall
// pauses while it cannot be seen.

const frames = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      target.preload = "metadata";
      frames.unobserve(target);
    }
  },
  { rootMargin: "400px" },
);

const screens = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && !target.dataset.held) play(target);
    else if (!isIntersecting) target.pause();
  }
});

// A still shows where its clip leads: the beginnings of four continuations are one and the same picture.
function rest(video) {
  video.currentTime = video.duration * 0.85;
}

function play(video) {
  // A play() that a pause() overtakes rejects; that is no fault.
  video.play().catch(() => {});
}

function hold(video, held) {
  if (held) {
    video.dataset.held = "yes";
    video.pause();
  } else {
    delete video.dataset.held;
    play(video);
  }
}

function wire(video) {
  const toggle = video.parentElement.querySelector(".toggle");
  const name = video.getAttribute("aria-label").toLowerCase();
  const show = () => {
    toggle.toggleAttribute("data-paused", video.paused);
    toggle.setAttribute("aria-label", `${video.paused ? "Play" : "Pause"} ${name}`);
    label(video.closest(".wall-room"));
  };
  video.controls = false;
  toggle.hidden = false;
  toggle.addEventListener("click", () => hold(video, !video.paused));
  video.addEventListener("play", show);
  video.addEventListener("pause", show);
  // Nothing is loaded, and nothing moves, before somebody wants to see it.
  video.dataset.held = "yes";
  show();
  screens.observe(video);
}

function label(room) {
  const button = room?.querySelector("[data-play-all]");
  if (!button) return;
  const playing = [...room.querySelectorAll("[data-wall] video")].some((video) => !video.dataset.held);
  button.hidden = false;
  button.textContent = playing ? "Pause all" : "Play all";
  button.onclick = () => {
    for (const video of room.querySelectorAll("[data-wall] video")) hold(video, playing);
    label(room);
  };
}

function find(root) {
  for (const video of root.querySelectorAll("video[data-frame]:not([data-wired])")) {
    video.dataset.wired = "yes";
    video.addEventListener("loadedmetadata", () => rest(video), { once: true });
    frames.observe(video);
  }
  for (const video of root.querySelectorAll("[data-wall] video:not([data-wired])")) {
    video.dataset.wired = "yes";
    wire(video);
  }
}

find(document);
document.addEventListener("htmx:load", (event) => find(event.target.parentElement ?? document));
