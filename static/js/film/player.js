// A film of several files, without a gap between them: two videos take turns, and the one that is not seen stands at
// the first picture of what follows.

import { SegmentVideo } from "./segment_video.js";
import { clamp } from "../shared/numbers.js";
import { bless, start } from "../shared/video.js";

const EDGE = 0.001; // seconds: as near to a cut as a moment needs to be
const GUESS = 4; // seconds, until a segment is measured
const LEAD = 0.02; // seconds on the wall: about what a browser takes from play() to the first movement
const lengthOf = ({ from, to }) => (to ? to - from : GUESS);

export class FilmPlayer {
  loop = false;
  playing = false;
  refused = false; // the browser lets nothing play before a tap
  segments = [];
  #index = 0;
  #rate = 1;
  #wanted = 0; // the moment of the film that was asked for, until its picture is seen
  #tickets = 0;
  #changed;

  // `changed` is called whenever the film looks different, `failed` with a segment that cannot be loaded.
  constructor(videos, changed, failed) {
    this.#changed = changed;
    [this.seen, this.next] = [...videos].map((video) => new SegmentVideo(video, changed, failed));
    for (const video of videos) {
      for (const name of ["timeupdate", "ended", "playing"]) video.addEventListener(name, () => this.#look());
    }
  }

  get length() {
    return this.startOf(this.segments.length);
  }

  get position() {
    if (this.#wanted !== null) return this.#wanted;
    const at = this.seen.video.currentTime - this.seen.segment.from;
    return this.startOf(this.#index) + clamp(at, 0, lengthOf(this.seen.segment));
  }

  // The number of the segment in which the film stands.
  get index() {
    return this.#find(this.position);
  }

  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    this.#rate = rate;
    for (const { video } of [this.seen, this.next]) video.playbackRate = video.defaultPlaybackRate = rate;
  }

  startOf(index) {
    return this.segments.slice(0, index).reduce((sum, segment) => sum + lengthOf(segment), 0);
  }

  async seek(position) {
    if (!this.segments.length) return;
    const ticket = ++this.#tickets;
    this.#wanted = clamp(position, 0, this.length);
    const index = this.#find(this.#wanted);
    const segment = this.segments[index];
    const picture = segment.pictures.least;
    const at = segment.from + clamp(this.#wanted - this.startOf(index), picture / 4, lengthOf(segment) - picture / 2);
    const here = this.seen.segment === segment;
    this.next.video.pause();
    if (!here) this.seen.video.pause();
    this.#changed();
    const isThere = await (here ? this.seen : this.next).show(segment, at);
    if (!isThere || ticket !== this.#tickets) return;
    this.#index = index;
    if (!here) this.#swap();
    this.#wanted = null;
    this.prepare();
    this.#run();
    this.#changed();
  }

  step(by) {
    if (!this.segments.length) return;
    const { from, pictures } = this.segments[this.index];
    const [start, end] = [this.startOf(this.index), this.startOf(this.index + 1)];
    const at = start - from + pictures.after(from + this.position - start, by);
    this.pause();
    // Across a cut to the very next picture, whatever it lasts.
    return this.seek(at < start ? start - EDGE : Math.min(at, end));
  }

  play() {
    if (!this.segments.length) return;
    this.playing = true;
    this.refused = false;
    for (const { video } of [this.seen, this.next]) bless(video);
    const over = this.position > this.length - 0.05;
    if (over || !this.seen.segment) return this.seek(over ? 0 : this.position);
    this.#run();
  }

  pause() {
    this.playing = false;
    this.seen.video.pause();
    this.next.video.pause();
    this.#changed();
  }

  #refuse = () => {
    if (!this.playing) return;
    this.refused = true;
    this.pause();
  };

  #find(position) {
    let index = 0;
    while (index < this.segments.length - 1 && position >= this.startOf(index + 1)) index += 1;
    return index;
  }

  #run() {
    if (this.playing && this.#wanted === null) start(this.seen.video, this.#refuse);
    this.#watch();
  }

  #watch = () => {
    if (!this.playing) return;
    this.#look();
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(this.#watch);
  };

  #look() {
    if (this.playing && this.#wanted === null) this.#turn();
    this.#changed();
  }

  get #following() {
    return this.#index + 1 < this.segments.length ? this.#index + 1 : this.loop ? 0 : null;
  }

  // Cues what follows, which may have become something else.
  prepare() {
    const following = this.segments[this.#following];
    // While a moment is sought, either video may be the one that brings it; what follows is cued after that.
    if (following && this.#wanted === null) this.next.show(following, following.from + following.pictures.least / 4);
  }

  // What follows starts while the last picture still stands, and is seen as soon as its clock runs.
  #turn() {
    const { video, end } = this.seen;
    if (!video.ended && end - video.currentTime > LEAD * this.#rate) return;
    const following = this.#following;
    if (following === null) {
      return video.ended && this.pause();
    }
    const next = this.next;
    if (next.segment !== this.segments[following]) return this.prepare();
    if (next.video.paused) start(next.video, this.#refuse);
    if (next.video.currentTime <= next.cued) return;
    this.#index = following;
    this.#swap();
    this.next.video.pause();
    this.prepare();
  }

  #swap() {
    [this.seen, this.next] = [this.next, this.seen];
    this.seen.video.toggleAttribute("data-seen", true);
    this.next.video.removeAttribute("data-seen");
  }
}
