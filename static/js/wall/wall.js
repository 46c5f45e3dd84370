// A task's wall: its clips, and what is known of them. What plays, shows and pages them has modules of its own.

import { onKeys } from "../shared/keys.js";
import { narrow } from "../shared/media.js";
import { picturesOf } from "../shared/pictures.js";
import { say } from "../shared/say.js";
import { command } from "./commands.js";
import { choose, chosen } from "./composer.js";
import { Pair } from "./compare.js";
import { Pager } from "./pager.js";
import { Transport } from "./transport.js";
import { Views } from "./views.js";

class Wall {
  #known;

  constructor(screen) {
    this.screen = screen;
    this.element = screen.querySelector(".wall");
    this.places = [...this.element.querySelectorAll(".frame")];
    // What is lost has a place, and nothing to play.
    this.frames = this.places.filter((frame) => frame.querySelector("video"));
    this.transport = new Transport(this);
    this.pair = new Pair(this);
    this.pager = new Pager(this);
    this.views = new Views(this);
    this.frames.forEach((frame) => this.#take(frame));
    this.pager.begin();
    this.views.see("all");
    this.views.offer();
    this.#known = this.#knowledge();
  }

  get view() {
    return this.element.dataset.view;
  }

  video(frame) {
    return frame.querySelector("video:not(.lead)");
  }

  frame(number) {
    return this.frames.find((frame) => frame.dataset.clip === String(number));
  }

  // The clip alone, or the left one of two ("a"); the right one ("b").
  withRole(role) {
    return this.frames.find((frame) => frame.dataset.role === role);
  }

  // What is known of a clip stands on the line beneath it, which polls renew.
  facts(frame) {
    const copy = document.getElementById(`copy-${frame.dataset.clip}`);
    const { ms, cutMs, cutDelta, smoothest, codec, ...timing } = copy?.dataset ?? {};
    const pictures = picturesOf(timing);
    return {
      seconds: ms && ms / 1000,
      pictures,
      ends: ms && pictures.starts + ms / 1000,
      cut: cutMs && pictures.starts + cutMs / 1000,
      cutDelta: Number(cutDelta ?? Infinity),
      smoothest,
      codec,
    };
  }

  // The moment of a clip that is seen, in ms from its first picture. Before it has played it is its poster, which stands
  // for where it leads: no moment, and so its last picture.
  momentOf(number) {
    const frame = this.frame(number);
    if (!this.element.dataset.started) return "";
    return (1000 * (this.video(frame).currentTime - this.facts(frame).pictures.starts)).toFixed(1);
  }

  // Presses a button of the clip that the composer means.
  press(selector) {
    this.screen.querySelector(`#frame-${chosen()} ${selector}`)?.click();
  }

  // A click on a picture chooses it, and plays or pauses all; but while they play, another one is chosen alone.
  touch(number) {
    const isOther = chosen() && chosen() !== number;
    choose(number);
    if (!isOther || !this.transport.head.playing) this.transport.play();
  }

  // A number key: the clip is chosen first, and once it is, it stands alone. Of two that are compared it replaces one.
  number(number) {
    if (this.pair.isOn) {
      this.pair.choose(this.frame(number));
      choose(number);
    } else if (!chosen() || chosen() === number) this.views.solo(number);
    else choose(number);
  }

  // Another clip has been chosen.
  turn() {
    const number = chosen();
    if (narrow.matches && this.screen.dataset.current !== number) this.pager.bring(number);
    else if (this.view === "solo") this.views.see("solo", this.frame(number));
  }

  // After a poll. Most of them bring what is known already.
  renew() {
    const known = this.#knowledge();
    if (known === this.#known) return;
    this.#known = known;
    this.views.renew();
  }

  // From the video's own controls, which are for pages without a script, to the wall's.
  #take(frame) {
    const video = this.video(frame);
    video.controls = video.loop = false;
    const judge = () => {
      const { codec } = this.facts(frame);
      frame.toggleAttribute("data-broken", Boolean(video.error));
      if (codec) frame.dataset.codec = codec;
    };
    for (const event of ["error", "emptied", "loadedmetadata"]) video.addEventListener(event, judge);
    judge();
    video.addEventListener("loadedmetadata", () => this.transport.draw());
    frame.querySelector(".toggle").hidden = false;
  }

  #knowledge() {
    const files = this.frames.map((frame) => [this.video(frame).src, this.facts(frame)]);
    return JSON.stringify([document.getElementById("lead")?.dataset, files]);
  }
}

let wall = null;
export const theWall = () => wall;

function find() {
  const screen = document.querySelector("[data-screen]");
  if (screen === (wall?.screen ?? null)) return;
  wall?.transport.head.end();
  wall = screen?.querySelector(".wall video") ? new Wall(screen) : null;
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
document.addEventListener("submit", ({ target }) => {
  const at = target.querySelector("[name=at]");
  if (at) at.value = wall.momentOf(target.closest("[data-clip]").dataset.clip);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("#composer-clips input")) wall?.turn();
});
// No key here sends anything that is paid for.
onKeys((name, to) => command(wall, name, to));
document.getElementById("keys")?.addEventListener("toggle", ({ newState, target }) => {
  if (newState === "open") target.querySelector("button").focus();
});
document.addEventListener("visibilitychange", () => wall?.transport.sleep());
narrow.addEventListener("change", () => wall?.pager.turn());
document.addEventListener("htmx:load", ({ target }) => {
  find();
  const button = target.matches(".pick") && target.querySelector("[data-pick]");
  if (button) {
    say(
      `Clip ${target.closest("[data-clip]").dataset.clip} ${
        button.ariaPressed === "true" ? "picked" : "not picked any more"
      }.`,
      false,
    );
  }
});
find();
