// One playhead for several videos: they play, stop, seek and loop as one, and stay within a picture of each other.
//
// A track is { video, at, from, to, pictures }: its footage from..to (s) belongs under the head from `at` on. The head's
// clock leads the videos by small changes of speed; what falls too far behind, or stalls, stops all of them until they stand
// together again.

import { clamp } from "../shared/numbers.js";
import { bless, isStream, seek, setTime, start } from "../shared/video.js";

const FAR = 0.25; // s: what is further behind is sought
const NEAR = 0.004; // s: what is nearer is right
const HURRY = 4; // how much of the distance is made up for in a second
const END = 0.002; // s: nearer to it is at the end
const PATIENCE_MS = 800;
const MOST = 0.2; // by how much a speed may change

export class Playhead {
  playing = false;
  loop = true;
  waits = false; // for a video, long enough to be said
  refused = false; // the browser lets nothing play before a tap
  rate = 1;
  time = 0;
  #tracks = [];
  #turn = 0; // the last one to begin a settling is the one that ends it
  #last = 0; // when the clock was looked at
  #holds = false; // the clock, for a video
  #asleep = false;
  #isWanted = false;
  #patience = 0;
  #frame = 0;
  #changed;

  // `changed` is called whenever the head has moved or has changed its state.
  constructor(changed) {
    this.#changed = changed;
  }

  // Puts these tracks under the head instead of those it had.
  show(tracks, time = this.time) {
    const stay = new Set(tracks.map(({ video }) => video));
    for (const { video } of this.#tracks) if (!stay.has(video)) video.pause();
    this.#tracks = tracks;
    return this.#settle(time);
  }

  get length() {
    return Math.max(0, ...this.#tracks.map((track) => track.at + this.#duration(track)));
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  play() {
    this.playing = true;
    this.refused = false;
    for (const { video } of this.#tracks) bless(video);
    return this.#settle(this.time >= this.length - 0.02 ? 0 : this.time);
  }

  pause() {
    this.playing = false;
    return this.#settle(this.time);
  }

  seek(time) {
    return this.#settle(clamp(time, 0, this.length));
  }

  // To where each video that is seen shows another picture, `by` pictures on.
  step(by) {
    this.playing = false;
    // At the very end it is the last picture that is seen.
    const time = Math.min(this.time, this.length - END);
    const moments = this.#tracks
      .filter((track) =>
        this.#isActive(track, time) && !track.video.error && track.video.checkVisibility({ visibilityProperty: true })
      )
      .map((track) => track.at - track.from + track.pictures.after(this.#moment(track, time), by));
    if (!moments.length) return this.pause();
    return this.seek(by > 0 ? Math.max(...moments) : Math.min(...moments));
  }

  toggleLoop() {
    this.loop = !this.loop;
    this.#changed(this);
  }

  go(rate) {
    this.rate = rate;
    return this.playing ? this.#settle(this.time) : this.#changed(this);
  }

  // Out of sight nothing plays: browsers stop and slow down what nobody sees, each video as they like.
  sleep(asleep) {
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    if (this.playing) this.#settle(this.time);
  }

  // Lets go of its videos: they may leave the page.
  end() {
    this.playing = false;
    this.#turn += 1;
    this.#arrive();
    cancelAnimationFrame(this.#frame);
    for (const { video } of this.#tracks) video.pause();
  }

  #refuse = () => {
    if (!this.playing) return;
    this.refused = true;
    this.pause();
  };

  #duration({ video, from, to }) {
    return (to ?? (Number.isFinite(video.duration) ? video.duration : 0)) - from;
  }

  #moment(track, time) {
    return track.from + clamp(time - track.at, 0, this.#duration(track));
  }

  #isActive(track, time) {
    return time >= track.at && time < track.at + this.#duration(track);
  }

  // Stops every video, brings each to its place, and goes on when all of them stand there.
  async #settle(time) {
    const turn = ++this.#turn;
    cancelAnimationFrame(this.#frame);
    this.time = time;
    for (const { video } of this.#tracks) video.pause();
    this.#changed(this);
    // Nothing is loaded before somebody wants to see it move.
    this.#isWanted ||= this.playing || time > 0;
    this.#patience ||= setTimeout(() => {
      this.waits = true;
      this.#changed(this);
    }, PATIENCE_MS);
    const isCurrent = () => turn === this.#turn;
    if (this.#isWanted) {
      await Promise.all(
        this.#tracks.map((track) => seek(track.video, () => this.#moment(track, time), isCurrent)),
      );
    }
    if (!isCurrent()) return;
    if (this.playing && !this.#asleep) {
      for (const track of this.#tracks) {
        track.stood = track.video.currentTime;
        track.video.playbackRate = this.rate;
        if (this.#isActive(track, time)) start(track.video, this.#refuse);
      }
      this.#last = performance.now();
      this.#frame = requestAnimationFrame(this.#tick);
    } else this.#arrive();
    this.#changed(this);
  }

  // It waits until it has moved, however often it is settled before that.
  #arrive() {
    clearTimeout(this.#patience);
    this.#patience = 0;
    this.waits = false;
  }

  #tick = (now) => {
    this.#frame = requestAnimationFrame(this.#tick);
    // A slow machine takes long from play() to the first movement: a clock that ran on would send each back, and again.
    this.#holds = this.#tracks.some((track) => this.#stands(track, this.time));
    const passed = this.#holds ? 0 : Math.max(0, now - this.#last);
    this.#last = now;
    const time = this.time + (passed / 1000) * this.rate;
    if (!this.length) this.pause();
    else if (time >= this.length) {
      if (!this.loop) this.playing = false;
      this.#settle(this.loop ? 0 : this.length);
    } else if (this.#tracks.every((track) => this.#lead(track, time))) {
      this.time = time;
      if (!this.#holds) this.#arrive();
      this.#changed(this);
    } else {
      // From where it stood, not from where the clock would have it: what was not seen comes now.
      this.#settle(this.time);
    }
  };

  // It was started and has not moved since.
  #stands(track, time) {
    const { video, stood } = track;
    return this.#isActive(track, time) && !video.error && !video.ended && video.currentTime === stood;
  }

  // Keeps one video with the head; false where it has stalled or is too far off for that.
  #lead(track, time) {
    const { video } = track;
    if (video.error) return true;
    const moment = this.#moment(track, time);
    if (!this.#isActive(track, time)) {
      video.pause();
      setTime(video, moment, 0.1);
      track.stood = video.currentTime;
      return true;
    }
    if (video.ended) return true;
    if (video.paused) start(video, this.#refuse);
    if (this.#stands(track, time)) return true;
    track.stood = null;
    const off = video.currentTime - moment;
    if (video.readyState < 3 || video.seeking) return false;
    if (isStream(video) && Math.abs(off) > FAR) return true;
    if (off < -FAR) return false;
    track.hurry = Math.abs(off) > (track.hurry ? NEAR : 2 * NEAR) ? clamp(off * HURRY, -MOST, MOST) : 0;
    // What is early stands until the others move: started anew it would be as early again.
    video.playbackRate = this.#holds && off > 0 ? 0 : this.rate * (1 - track.hurry);
    return true;
  }
}
