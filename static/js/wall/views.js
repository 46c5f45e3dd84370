// The views of a wall: all, solo, cut, side, slider; and which of its clips are in them.

import { lessMotion, narrow } from "../shared/media.js";
import { say } from "../shared/say.js";
import { canLead, lead, order } from "./cut.js";

const NO_LEAD = "The clip that these extend is not here.";

export class Views {
  #wall;

  constructor(wall) {
    this.#wall = wall;
  }

  see(view, ...roles) {
    const { element, frames, transport, pager } = this.#wall;
    const wasCut = this.#wall.view === "cut";
    element.dataset.view = view;
    for (const frame of frames) frame.dataset.role = ["a", "b"][roles.indexOf(frame)] ?? "";
    if (view === "cut") this.#playCut();
    else if (wasCut || !transport.head.length) transport.head.show(this.#tracks(), 0);
    order(this.#wall);
    // A browser would keep the same clip in sight, wherever that stands now.
    if (view === "cut") element.scrollLeft = 0;
    pager.draw();
    transport.draw();
    this.#draw();
  }

  // What a button or a key asks for.
  show(name) {
    // Guests are not offered all of them.
    if (!this.#button(name)) return;
    if (name === "cut" && !canLead(this.#wall)) say(NO_LEAD);
    else if (name !== "compare") this.see(name);
    else if (this.#wall.frames.length > 1) this.#wall.pair.open();
  }

  solo(number) {
    const { places, pager, view } = this.#wall;
    const frame = this.#wall.frame(number);
    if (narrow.matches) pager.bring(number);
    else if (!frame || places.length === 1) return;
    else if (view === "solo" && frame.dataset.role === "a") this.see("all");
    else this.see("solo", frame);
  }

  // Other files are there, or more is known of them.
  renew() {
    if (this.#wall.view === "cut") this.#lead();
    else this.#wall.transport.head.show(this.#tracks());
    order(this.#wall);
    this.offer();
  }

  // Copies bring what a cut needs.
  offer() {
    const button = this.#button("cut");
    if (!button) return;
    button.disabled = !canLead(this.#wall);
    button.title = button.disabled ? NO_LEAD : "";
  }

  #draw() {
    const { screen, pair, view } = this.#wall;
    const alone = view === "solo" && this.#wall.withRole("a").dataset.clip;
    const press = (buttons, to) => {
      for (const button of screen.querySelectorAll(buttons)) {
        button.setAttribute("aria-pressed", button.dataset.to === to);
      }
    };
    press("[data-do=view]", pair.isOn ? "compare" : view);
    press(".wall [data-do=solo]", alone);
  }

  #button(name) {
    return this.#wall.screen.querySelector(`[data-do=view][data-to=${name}]`);
  }

  #tracks() {
    return this.#wall.frames.map((frame) => {
      const { pictures, ends } = this.#wall.facts(frame);
      return { video: this.#wall.video(frame), at: 0, from: pictures.starts, to: ends || undefined, pictures };
    });
  }

  // Begins with the cut, which is there to be seen over and over.
  #playCut() {
    const { transport } = this.#wall;
    transport.start();
    transport.head.playing ||= !lessMotion.matches;
    this.#lead(0);
  }

  async #lead(time) {
    const tracks = await lead(this.#wall);
    if (this.#wall.view === "cut") await this.#wall.transport.head.show(tracks, time);
  }
}
