// When the pictures of a file come: evenly from its first on, or each at a moment of its own.

const FPS = 24; // where nobody has measured it
const ROUNDED = 0.0005; // s: by this much moments are off

// From what the server has measured, as attributes.
export const picturesOf = ({ fps, startsMs = 0, moments }) =>
  new Pictures(
    Number(fps) || FPS,
    startsMs / 1000,
    moments && moments.split(" ").map((moment) => moment / 1000),
  );

class Pictures {
  #moments;

  constructor(rate, starts, moments) {
    this.rate = rate;
    this.starts = starts;
    this.#moments = moments;
    // s, of the shortest of them
    this.least = moments ? Math.min(...moments.slice(1).map((moment, number) => moment - moments[number])) : 1 / rate;
  }

  // The moment `by` pictures after the picture at `time`: its middle, for at its edge a browser may show the one before.
  after(time, by) {
    const number = this.#at(time) + by;
    return (this.#begins(number) + this.#begins(number + 1)) / 2;
  }

  #at(time) {
    if (!this.#moments) return Math.floor((time - this.starts) * this.rate + 0.01);
    const next = this.#moments.findIndex((moment) => moment > time + ROUNDED);
    return (next < 0 ? this.#moments.length : next) - 1;
  }

  // Before the first and after the last they would come evenly.
  #begins(number) {
    if (!this.#moments) return this.starts + number / this.rate;
    const last = this.#moments.length - 1;
    const known = Math.min(Math.max(number, 0), last);
    return this.#moments[known] + (number - known) / this.rate;
  }
}
