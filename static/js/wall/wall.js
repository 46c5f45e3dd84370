// A task's wall: its clips on one playhead, the transport beneath, and the views of them.

import { command } from "./commands.js";
import { Pair } from "./compare.js";
import { Playhead } from "./playhead.js";
import { lessMotion, narrow } from "../shared/media.js";
import { shareAcross } from "../shared/numbers.js";
import { say } from "../shared/say.js";
import { canLead, lead, order } from "./seam.js";
import { leave, show, TILES } from "../shared/storyboard.js";
import { pictureAfter } from "../shared/video.js";

const FPS = 24;
const NO_LEAD = "What these clips continue is not here.";

class Wall {
  constructor(screen) {
    this.screen = screen;
    this.wall = screen.querySelector(".wall");
    this.places = [...this.wall.querySelectorAll(".frame")];
    // What is lost has a place, and nothing to play.
    this.frames = this.places.filter((frame) => frame.querySelector("video"));
    this.head = new Playhead(() => this.#draw());
    this.pair = new Pair(this);
    for (const frame of this.frames) {
      const video = this.video(frame);
      video.controls = video.loop = false;
      const judge = () => frame.toggleAttribute("data-broken", Boolean(video.error));
      for (const event of ["error", "emptied", "loadedmetadata"]) video.addEventListener(event, judge);
      judge();
      video.addEventListener("loadedmetadata", () => this.#draw());
      frame.querySelector(".toggle").hidden = false;
    }
    this.#wire();
    this.see("all");
    this.#offer();
    this.known = this.#knowledge();
  }

  video(frame) {
    return frame.querySelector("video:not(.lead)");
  }

  frame(number) {
    return this.frames.find((frame) => frame.dataset.clip === String(number));
  }

  // What is known of a clip stands on the line beneath it, which polls renew.
  facts(frame) {
    const { ms, fps, join, seam, smoothest } = document.getElementById(`copy-${frame.dataset.clip}`)?.dataset ?? {};
    return {
      seconds: ms && ms / 1000,
      fps: Number(fps) || FPS,
      join: join && join / 1000,
      seam: Number(seam ?? Infinity),
      smoothest,
    };
  }

  get view() {
    return this.wall.dataset.view;
  }

  // The clip that is meant by a key: the one in focus, the one alone, the one under the pointer.
  get current() {
    const focused = document.activeElement?.closest("[data-clip]");
    if (this.view === "solo" && !focused) return this.wall.querySelector("[data-role=a]");
    const meant = focused ?? this.pair.pointed ?? this.screen.querySelector("[data-clip]:hover");
    const isOne = narrow.matches || this.places.length === 1;
    return this.frame(meant?.dataset.clip ?? (isOne ? this.screen.dataset.current : ""));
  }

  // The views: all, solo, seam, side, slider.
  see(view, ...roles) {
    const wasSeam = this.view === "seam";
    this.wall.dataset.view = view;
    for (const frame of this.frames) frame.dataset.role = ["a", "b"][roles.indexOf(frame)] ?? "";
    if (view === "seam") this.#join();
    else if (wasSeam || !this.head.length) this.head.show(this.#tracks(), 0);
    order(this);
    // A browser would keep the same clip in sight, wherever that stands now.
    if (view === "seam") this.wall.scrollLeft = 0;
    this.#scrolled();
    this.#draw();
  }

  look(name) {
    // Guests are not offered all of them.
    if (!this.#view(name)) return;
    if (name === "seam" && !canLead(this)) say(NO_LEAD);
    else if (name !== "compare") this.see(name);
    else if (this.frames.length > 1) this.pair.open();
  }

  // After a poll. Most of them bring what is known already.
  renew() {
    const known = this.#knowledge();
    if (known === this.known) return;
    this.known = known;
    if (this.view === "seam") this.#lead();
    else this.head.show(this.#tracks());
    order(this);
    this.#offer();
  }

  // Copies bring what a seam needs.
  #offer() {
    const button = this.#view("seam");
    if (!button) return;
    button.disabled = !canLead(this);
    button.title = button.disabled ? NO_LEAD : "";
  }

  #view(name) {
    return this.screen.querySelector(`[data-do=look][data-to=${name}]`);
  }

  solo(number) {
    const frame = this.frame(number);
    if (narrow.matches) this.#bring(number);
    else if (!frame || this.places.length === 1) return;
    else if (this.view === "solo" && frame.dataset.role === "a") this.see("all");
    else this.see("solo", frame);
  }

  // A number key: while two are compared it chooses one of them.
  number(number) {
    const frame = this.frame(number);
    if (!this.pair.isOn) this.solo(number);
    else if (frame) this.pair.choose(frame);
  }

  // On a narrow screen one clip fills the wall anyway, and all of them lie side by side.
  #bring(number) {
    const isBeside = ["all", "seam"].includes(this.view);
    if (!isBeside) this.see("all");
    const place = this.places.find(({ dataset }) => dataset.clip === String(number));
    const behavior = isBeside && !lessMotion.matches ? "smooth" : "instant";
    place?.scrollIntoView({ behavior, block: "nearest", inline: "start" });
    this.#scrolled();
  }

  // The window has become narrow, or wide.
  turn() {
    if (narrow.matches && this.view === "solo") this.#bring(this.wall.querySelector("[data-role=a]").dataset.clip);
    else this.#scrolled();
  }

  step(pictures) {
    this.#start();
    const { fps } = this.facts(this.frames[0]);
    this.head.pause();
    // At the very end it is the last picture that is seen.
    const time = Math.min(this.head.time, this.head.length - 0.5 / fps);
    return this.head.seek(pictureAfter(time, fps, Number(pictures)));
  }

  async scrub(time) {
    this.#start();
    const mine = (this.scrubbing = (this.scrubbing ?? 0) + 1);
    this.preview(time);
    await this.head.seek(time);
    if (mine === this.scrubbing) this.frames.forEach(leave);
  }

  preview(time) {
    if (this.view === "seam") return;
    for (const frame of this.frames) {
      const share = time / (this.facts(frame).seconds ?? this.head.length);
      show(frame, Math.min(TILES - 1, Math.round(share * (TILES - 1))));
    }
  }

  speed(by) {
    const { options, selectedIndex } = this.screen.querySelector("[data-speed]");
    const next = options[selectedIndex + by];
    if (next) this.head.go(Number(next.value));
  }

  press(selector) {
    if (!this.screen.querySelector(selector)) return;
    const clip = this.current?.dataset.clip;
    const choose = this.pair.isOn ? "" : `, or choose one with 1 to ${this.places.length},`;
    if (!clip) return say(`Point at a clip${choose} first.`);
    document.querySelector(`#clip-${clip} ${selector}`)?.click();
  }

  #tracks() {
    return this.frames.map((frame) => ({
      video: this.video(frame),
      at: 0,
      from: 0,
      to: this.facts(frame).seconds || undefined,
    }));
  }

  #knowledge() {
    const files = this.frames.map((frame) => [this.video(frame).src, this.facts(frame)]);
    return JSON.stringify([document.getElementById("lead")?.dataset, files]);
  }

  // Begins with the seam, which is there to be seen over and over.
  #join() {
    this.#start();
    this.head.playing ||= !lessMotion.matches;
    this.#lead(0);
  }

  async #lead(time) {
    const tracks = await lead(this);
    if (this.view === "seam") await this.head.show(tracks, time);
  }

  // From here on the videos are what one sees, and no storyboard lies over them.
  #start() {
    this.wall.dataset.started = "yes";
    this.frames.forEach(leave);
  }

  #wire() {
    const moment = this.screen.querySelector(".moment");
    const at = () => (moment.value / moment.max) * this.head.length;
    moment.addEventListener("input", () => this.scrub(at()));
    moment.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || event.buttons || this.head.playing) return;
      this.preview(shareAcross(moment, event.clientX) * this.head.length);
    });
    moment.addEventListener("pointerleave", () => this.frames.forEach(leave));
    this.screen.querySelector("[data-speed]").addEventListener(
      "change",
      ({ target }) => this.head.go(Number(target.value)),
    );
    this.wall.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.isSeen = isIntersecting;
      this.sleep();
    }).observe(this.wall);
  }

  sleep() {
    this.head.sleep(document.hidden || !this.isSeen);
  }

  // Which clips one looks at: on a narrow screen the frames lie side by side, and only these have their panels.
  #scrolled() {
    const inOrder = this.places.toSorted((one, other) => one.dataset.place - other.dataset.place);
    const frame = inOrder[Math.round(this.wall.scrollLeft / this.wall.clientWidth)] ?? inOrder[0];
    const chosen = ["a", "b"].flatMap((role) => this.frames.filter(({ dataset }) => dataset.role === role));
    const clips = (chosen.length ? chosen : [frame]).map(({ dataset }) => dataset.clip);
    this.screen.dataset.current = clips.length === 1 ? clips[0] : "";
    for (const choice of this.screen.querySelectorAll(".choices > li")) {
      choice.toggleAttribute("data-aside", !clips.includes(choice.dataset.clip));
      choice.style.setProperty("--order", clips.indexOf(choice.dataset.clip));
    }
    for (const button of this.screen.querySelectorAll(".pager button")) {
      button.setAttribute("aria-current", button.dataset.to === this.screen.dataset.current);
      button.style.order = inOrder.findIndex(({ dataset }) => dataset.clip === button.dataset.to);
    }
  }

  play() {
    this.#start();
    this.head.toggle();
  }

  #draw() {
    const { time, length, playing, loop, rate, waits } = this.head;
    const one = (selector) => this.screen.querySelector(selector);
    const [moment, now, of] = [time.toFixed(1), one("[data-now]"), one("[data-length]")];
    const all = length ? length.toFixed(1) : "–";
    this.screen.toggleAttribute("data-playing", playing);
    for (const frame of this.frames) frame.toggleAttribute("data-waiting", waits && this.video(frame).readyState < 3);
    this.wall.toggleAttribute("data-leading", this.view === "seam" && time < 1);
    one(".moment").value = length ? Math.round((1000 * time) / length) : 0;
    if (now.textContent !== moment || of.textContent !== all) {
      now.textContent = moment;
      of.textContent = all;
      one(".moment").setAttribute("aria-valuetext", `${moment} of ${all} seconds`);
    }
    const alone = this.view === "solo" && this.wall.querySelector("[data-role=a]").dataset.clip;
    const drawn = [playing, loop, rate, this.view, alone].join();
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    one(".transport [data-do=play]").setAttribute("aria-label", playing ? "Pause" : "Play");
    one("[data-speed]").value = rate;
    const view = this.pair.isOn ? "compare" : this.view;
    const press = (buttons, isPressed) => {
      for (const button of this.screen.querySelectorAll(buttons)) {
        button.setAttribute("aria-pressed", isPressed(button.dataset.to));
      }
    };
    press("[data-do=loop]", () => loop);
    press("[data-do=look]", (to) => to === view);
    press(".wall [data-do=solo]", (to) => to === alone);
  }
}

let wall = null;
export const theWall = () => wall;

function find() {
  const screen = document.querySelector("[data-screen]");
  if (screen === (wall?.screen ?? null)) return;
  wall?.head.end();
  wall = screen?.querySelector("video") ? new Wall(screen) : null;
}

// Another view moves what lies beneath: the second click of two is not for what has come under the pointer since.
let pressed;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (event.detail > 1 && pressed?.isConnected && button !== pressed) event.preventDefault(), event.stopPropagation();
  pressed = button;
}, true);
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-screen] [data-do]");
  if (button) command(wall, button.dataset.do, button.dataset.to);
});
document.getElementById("keys")?.addEventListener("toggle", ({ newState, target }) => {
  if (newState === "open") target.querySelector("button").focus();
});
document.addEventListener("visibilitychange", () => wall?.sleep());
narrow.addEventListener("change", () => wall?.turn());
document.addEventListener("htmx:load", ({ target }) => {
  find();
  const button = target.matches(".keep") && target.querySelector("[data-keep]");
  if (button) {
    say(
      `Clip ${target.closest("[data-clip]").dataset.clip} ${
        button.ariaPressed === "true" ? "kept" : "not kept any more"
      }.`,
      false,
    );
  }
});
find();
