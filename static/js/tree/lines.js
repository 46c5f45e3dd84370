// The lines of a tree: each from the very clip that is continued, through the gaps between the clips, to what continues it.

const LANE = 5; // those of different clips go down beside each other
const HALF = 2; // of a gap

// `place` says where an element is on the plane.
export function draw(plane, place) {
  const [lines, dots] = [new Set(), new Set()];
  for (const edge of plane.querySelectorAll(".extensions > ul > .node > .edge")) {
    const number = Number(edge.dataset.clip);
    const group = edge.closest("ul");
    const plate = group.parentElement.previousElementSibling;
    const frames = [...plate.querySelectorAll(".frame")];
    const { x, y, width, height } = place(frames[number - 1] ?? plate);
    const start = `M${x + width} ${y + height / 2}`;
    // The left ones leave between the rows.
    const on = number % 2 && frames.length > 1 ? `h${HALF}V${number > 2 ? y - HALF : y + height + HALF}` : "";
    const left = place(group).x;
    const to = place(edge.nextElementSibling);
    const end = group.matches(".rows") ? place(edge).x : left + 16;
    lines.add(`${start}${on}H${left - 24 + LANE * number}V${to.y + to.height / 2}H${end}`);
    dots.add(`${start}h.01`);
  }
  plane.querySelector(".ways").setAttribute("d", [...lines].join(""));
  plane.querySelector(".dots").setAttribute("d", [...dots].join(""));
}
