// One video element: it loads a segment of a film, and brings a moment of it to the screen.

import { seek } from "../shared/video.js";

export class SegmentVideo {
  segment = null;
  // Where the picture stood still that came last.
  cued = 0;
  #turn = 0; // the last one to ask for a moment is the one that gets it

  constructor(video, measured, failed) {
    this.video = video;
    video.addEventListener("loadedmetadata", () => {
      if (this.segment.to) return;
      this.segment.to = video.duration;
      measured();
    });
    video.addEventListener("error", () => this.segment && failed(this.segment));
  }

  // Where its segment ends, in seconds into the file.
  get end() {
    return Math.min(this.segment.to || Infinity, this.video.duration || Infinity);
  }

  // Shows the moment `at`, in seconds into the segment's file. Resolves with true when its picture is there; with false
  // when it cannot be loaded, or another moment is wanted by then.
  show(segment, at) {
    const turn = ++this.#turn;
    if (this.segment !== segment) {
      this.segment = segment;
      this.video.src = segment.src;
    }
    return seek(this.video, () => (this.cued = Math.min(at, this.end)), () => turn === this.#turn);
  }
}
