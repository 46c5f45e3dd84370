// Which clips one looks at: on a narrow screen the frames lie side by side, and only these have their panels.

import { lessMotion, narrow } from "../shared/media.js";
import { choose, chosen } from "./composer.js";

export class Pager {
  #wall;

  constructor(wall) {
    this.#wall = wall;
    wall.element.addEventListener("scroll", () => this.draw(), { passive: true });
  }

  // On a narrow screen it begins with the clip that is meant.
  begin() {
    const { places, element } = this.#wall;
    const place = narrow.matches && places.find(({ dataset }) => dataset.clip === chosen());
    if (place) element.scrollLeft = (place.dataset.place - 1) * element.clientWidth;
  }

  // Brings a clip into view: on a narrow screen one fills the wall anyway.
  bring(number) {
    const isBeside = ["all", "cut"].includes(this.#wall.view);
    if (!isBeside) this.#wall.views.see("all");
    const place = this.#wall.places.find(({ dataset }) => dataset.clip === String(number));
    const behavior = isBeside && !lessMotion.matches ? "smooth" : "instant";
    place?.scrollIntoView({ behavior, block: "nearest", inline: "start" });
    this.draw();
  }

  // The window has become narrow, or wide.
  turn() {
    if (narrow.matches && this.#wall.view === "solo") this.bring(this.#wall.withRole("a").dataset.clip);
    else this.draw();
  }

  draw() {
    const { screen, places, element } = this.#wall;
    const inOrder = places.toSorted((one, other) => one.dataset.place - other.dataset.place);
    const inView = inOrder[Math.round(element.scrollLeft / element.clientWidth)] ?? inOrder[0];
    const shown = ["a", "b"].map((role) => this.#wall.withRole(role)).filter(Boolean);
    const clips = (shown.length ? shown : [inView]).map(({ dataset }) => dataset.clip);
    screen.dataset.current = clips.length === 1 ? clips[0] : "";
    // On a narrow screen the one in view is the one that is meant.
    if (narrow.matches && clips.length === 1) choose(clips[0]);
    for (const choice of screen.querySelectorAll(".choices > li")) {
      choice.toggleAttribute("data-aside", !clips.includes(choice.dataset.clip));
      choice.style.setProperty("--order", clips.indexOf(choice.dataset.clip));
    }
    for (const button of screen.querySelectorAll(".pager button")) {
      button.setAttribute("aria-current", button.dataset.to === screen.dataset.current);
      button.style.order = inOrder.findIndex(({ dataset }) => dataset.clip === button.dataset.to);
    }
  }
}
