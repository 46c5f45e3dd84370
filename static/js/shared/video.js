// One video element: waiting for it, bringing a moment of it to the screen, and starting it.

const SAME = 0.001; // s: nearer is the same moment

// Resolves with the first of these events.
export function once(video, ...events) {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) video.removeEventListener(event, done);
      resolve();
    };
    for (const event of events) video.addEventListener(event, done);
  });
}

// A server that sends no parts sends a stream: it is seen from where it stands, until a copy takes its place.
export const isStream = ({ seekable }) => !seekable.length || !seekable.end(0);

// Sets the video's time to `moment` where it can: one at a time, for a browser that is asked for the next before it has
// shown the last may show neither. Tells whether it was set.
export function setTime(video, moment, tolerance = SAME) {
  if (video.seeking || isStream(video) || Math.abs(video.currentTime - moment) <= tolerance) return false;
  video.currentTime = moment;
  return true;
}

// Brings the moment that `momentOf()` names, once the video's length is known, to the screen. Resolves with true when its
// picture is there; with false when the video cannot be played, or `isWanted()` has ended.
export async function seek(video, momentOf, isWanted) {
  video.preload = "auto";
  while (!video.error && (!video.readyState || video.seeking)) {
    await once(video, "loadedmetadata", "seeked", "emptied", "error");
  }
  if (video.error || !isWanted()) return false;
  if (setTime(video, momentOf())) await once(video, "seeked", "error", "emptied");
  while (video.readyState < 2 && !video.error) await once(video, "loadeddata", "canplay", "error");
  return !video.error && isWanted();
}

// Some phones, when they save power, let only that video play on which a tap has called play() by itself, and then for good.
export function bless(video) {
  // One that has ended would leap to its beginning.
  if (video.ended) return;
  video.play().catch(() => {});
  video.pause();
}

// Plays, or calls `refused` where the browser waits for a tap. A play() that a pause() overtakes rejects too; that is no fault.
export const start = (video, refused) => video.play().catch(({ name }) => name === "NotAllowedError" && refused());
