// One video element: it loads a segment of a film, and brings a moment of it to its screen.

export class Projector {
  segment = null;
  // Where the picture stood still that came last.
  cued = 0;
  #wanted = null;
  #arrived = [];

  constructor(video, measured, failed) {
    this.video = video;
    video.addEventListener("loadedmetadata", () => {
      if (!this.segment.to) {
        this.segment.to = video.duration;
        measured();
      }
      this.#go();
    });
    video.addEventListener("seeked", () => this.#go());
    video.addEventListener("error", () => this.segment && failed(this.segment));
  }

  // Where its segment ends, in seconds into the file.
  get end() {
    return Math.min(this.segment.to || Infinity, this.video.duration || Infinity);
  }

  // Shows the moment `at`, in seconds into the segment's file; resolves once the picture that was asked for last is there.
  show(segment, at) {
    const { video } = this;
    if (this.segment !== segment) {
      this.segment = segment;
      video.src = segment.src;
    }
    const isThere = this.#wanted === null && !video.seeking && Math.abs(video.currentTime - at) < 0.001;
    this.#wanted = isThere ? null : at;
    return new Promise((resolve) => {
      this.#arrived.push(resolve);
      this.#go();
    });
  }

  // One jump at a time: a browser that is asked for the next before it has shown the last shows none of them.
  #go() {
    const { video } = this;
    if (!video.readyState || video.seeking) return;
    if (this.#wanted !== null) {
      video.currentTime = this.cued = Math.min(this.#wanted, this.end);
      this.#wanted = null;
    } else {
      for (const resolve of this.#arrived.splice(0)) resolve();
    }
  }
}
