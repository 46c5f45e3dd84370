// The lines of a tree: each from the very clip that is continued, through the gaps between the clips, to what continues it.

const LANE = 5; // the lines of different clips go down beside each other

// Where a line leaves clip `number` of a plate, and the way on to the plate's right edge.
function leave(plate, number, place) {
  const at = place(plate);
  const [right, middle] = [at.x + at.width, at.y + at.height / 2];
  const frames = [...plate.querySelectorAll(".frame")].map(place);
  const frame = frames[number - 1];
  if (!frame) return { dot: "", way: `M${right} ${middle}` };
  const [x, y] = [frame.x + frame.width, frame.y + frame.height / 2];
  const gap = frames.length > 1 ? frames[1].x - frames[0].x - frames[0].width : 0;
  const on = number % 2
    ? `h${gap / 2}V${number > 2 ? frame.y - gap / 2 : frame.y + frame.height + gap / 2}H${right}`
    : "";
  return { dot: `M${x} ${y}h.01`, way: `M${x} ${y}${on}` };
}

// `place` says where an element is on the plane.
export function draw(plane, place) {
  const [solid, dashed, dots] = [[], [], []];
  const head = parseFloat(getComputedStyle(plane.querySelector(".plate")).height) / 2;
  for (const group of plane.querySelectorAll(".extensions > ul")) {
    const plate = group.closest(".node").querySelector(".plate");
    const box = place(group);
    for (const edge of group.querySelectorAll(":scope > .node > .edge")) {
      const number = Number(edge.dataset.clip);
      const { dot, way } = leave(plate, number, place);
      const isRow = group.matches(".rows");
      const to = isRow ? place(edge) : { x: box.x + 16, y: box.y };
      const lines = edge.parentElement.matches(".new-shot") ? dashed : solid;
      lines.push(`${way}H${box.x - 24 + LANE * number}V${to.y + head}H${to.x}`);
      dots.push(dot);
    }
  }
  const paths = { solid, dashed, dots };
  for (const [name, found] of Object.entries(paths)) {
    plane.querySelector(`.${name}`).setAttribute("d", [...new Set(found)].join(""));
  }
}
