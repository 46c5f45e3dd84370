// The transport: one playhead under all clips of a wall, the timeline that leads it, and what they say of it.

import { shareAcross } from "../shared/numbers.js";
import { leave, show, TILES } from "../shared/storyboard.js";
import { Playhead } from "./playhead.js";

export class Transport {
  head = new Playhead(() => this.draw());
  #wall;
  #scrubs = 0; // the last one to begin is the one that ends the storyboards
  #isSeen = false;
  #drawn = "";

  constructor(wall) {
    this.#wall = wall;
    const moment = this.#one(".moment");
    moment.addEventListener("input", () => this.scrub((moment.value / moment.max) * this.head.length));
    moment.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || event.buttons || this.head.playing) return;
      this.#preview(shareAcross(moment, event.clientX) * this.head.length);
    });
    moment.addEventListener("pointerleave", () => wall.frames.forEach(leave));
    this.#one("[data-speed]").addEventListener("change", ({ target }) => this.head.go(Number(target.value)));
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isSeen = isIntersecting;
      this.sleep();
    }).observe(wall.element);
  }

  // From here on the videos are what one sees, and no storyboard lies over them.
  start() {
    this.#wall.element.dataset.started = "yes";
    this.#wall.frames.forEach(leave);
  }

  sleep() {
    this.head.sleep(document.hidden || !this.#isSeen);
  }

  play() {
    this.start();
    this.head.toggle();
  }

  step(pictures) {
    this.start();
    this.head.step(pictures);
  }

  async scrub(time) {
    this.start();
    const mine = ++this.#scrubs;
    this.#preview(time);
    await this.head.seek(time);
    if (mine === this.#scrubs) this.#wall.frames.forEach(leave);
  }

  speed(by) {
    const { options, selectedIndex } = this.#one("[data-speed]");
    const next = options[selectedIndex + by];
    if (next) this.head.go(Number(next.value));
  }

  draw() {
    const { time, length, playing, waits, refused } = this.head;
    const { screen, element, frames, view } = this.#wall;
    screen.toggleAttribute("data-playing", playing);
    screen.toggleAttribute("data-refused", refused);
    for (const frame of frames) {
      const { readyState, error } = this.#wall.video(frame);
      frame.toggleAttribute("data-waiting", waits && readyState < 3 && !error);
    }
    element.toggleAttribute("data-leading", view === "cut" && time < 1);
    this.#one(".moment").value = length ? Math.round((1000 * time) / length) : 0;
    this.#drawTime(time.toFixed(1), length ? length.toFixed(1) : "–");
    this.#drawState();
  }

  #drawTime(moment, all) {
    const [now, of] = [this.#one("[data-now]"), this.#one("[data-length]")];
    if (now.textContent === moment && of.textContent === all) return;
    now.textContent = moment;
    of.textContent = all;
    this.#one(".moment").setAttribute("aria-valuetext", `${moment} of ${all} seconds`);
  }

  #drawState() {
    const { playing, loop, rate } = this.head;
    const drawn = [playing, loop, rate].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#one("[data-do=play]").setAttribute("aria-label", playing ? "Pause" : "Play");
    this.#one("[data-do=loop]").setAttribute("aria-pressed", loop);
    this.#one("[data-speed]").value = rate;
  }

  #preview(time) {
    if (this.#wall.view === "cut") return;
    for (const frame of this.#wall.frames) {
      const share = time / (this.#wall.facts(frame).seconds ?? this.head.length);
      show(frame, Math.min(TILES - 1, Math.round(share * (TILES - 1))));
    }
  }

  #one(selector) {
    return this.#wall.screen.querySelector(`.transport ${selector}`);
  }
}
