// Two of the clips: side by side, or under a slider.

import { narrow } from "../shared/media.js";

export class Pair {
  constructor(wall) {
    this.wall = wall;
    this.bar = wall.screen.querySelector("[data-pair]");
    this.split = wall.screen.querySelector(".split");
    this.style = narrow.matches ? "slider" : "side";
    this.bar?.addEventListener("change", ({ target }) => this.#changed(target));
    this.split?.addEventListener("input", () => wall.element.style.setProperty("--split", this.split.value / 100));
  }

  get isOn() {
    return ["side", "slider"].includes(this.wall.view);
  }

  open() {
    if (this.isOn) return;
    if (!this.#chosen("a") || !this.#chosen("b")) this.#rank();
    this.#see();
  }

  // The picked ones first, then those with the smoothest cuts.
  #rank() {
    const { wall } = this;
    const isPicked = (frame) => document.querySelector(`#frame-${frame.dataset.clip} [data-pick][aria-pressed=true]`);
    const rank = (frame) => (isPicked(frame) ? -1 : wall.facts(frame).cutDelta);
    const liked = wall.frames.toSorted((one, other) => rank(one) - rank(other));
    this.#check("a", liked[0]);
    this.#check("b", liked[1]);
  }

  // A number key: the clip comes in place of the one that was chosen first.
  choose(frame) {
    if (!frame || this.#chosen("a") === frame || this.#chosen("b") === frame) return;
    this.#check("a", this.#chosen("b"));
    this.#check("b", frame);
    this.#see();
  }

  slide() {
    this.style = this.style === "side" ? "slider" : "side";
    this.#see();
  }

  // Who chooses for one side what the other has gets them the other way round.
  #changed({ name, value }) {
    const other = name === "pair-a" ? "b" : "a";
    const before = this.wall.withRole(name.at(-1));
    if (this.#chosen(other)?.dataset.clip === value && before) this.#check(other, before);
    this.#see();
  }

  #chosen(side) {
    return this.wall.frame(this.bar.querySelector(`[name=pair-${side}]:checked`)?.value);
  }

  #check(side, frame) {
    this.bar.querySelector(`[name=pair-${side}][value="${frame.dataset.clip}"]`).checked = true;
  }

  #see() {
    this.bar.querySelector("[data-do=slider]").setAttribute("aria-pressed", this.style === "slider");
    this.wall.views.see(this.style, this.#chosen("a"), this.#chosen("b"));
  }
}
