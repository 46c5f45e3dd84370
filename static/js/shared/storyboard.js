// Draws a moment of a clip over its frame, from the clip's storyboard: no video is loaded for it.

const COLUMNS = Number(document.body.dataset.columns);
export const TILES = Number(document.body.dataset.tiles);
const sheets = new Map();

function sheet(url) {
  if (!sheets.has(url)) {
    const image = new Image();
    image.src = url;
    const decoded = image.decode().then(() => image);
    // What could not be loaded now may be there when it is wanted next.
    decoded.catch(() => sheets.delete(url));
    sheets.set(url, decoded);
  }
  return sheets.get(url);
}

export async function show(frame, tile) {
  if (!frame.dataset.storyboard) return;
  frame.dataset.tile = tile;
  const image = await sheet(frame.dataset.storyboard).catch(() => null);
  // The pointer may be elsewhere by the time the sheet is here.
  if (!image || frame.dataset.tile !== String(tile)) return;
  let canvas = frame.querySelector(".sheet");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.className = "sheet";
    canvas.width = image.naturalWidth / COLUMNS;
    canvas.height = image.naturalHeight / (TILES / COLUMNS);
    frame.append(canvas);
  }
  const { width, height } = canvas;
  const place = [(tile % COLUMNS) * width, Math.floor(tile / COLUMNS) * height];
  canvas.getContext("2d").drawImage(image, ...place, width, height, 0, 0, width, height);
}

export function leave(frame) {
  delete frame.dataset.tile;
  frame.querySelector(".sheet")?.remove();
}
