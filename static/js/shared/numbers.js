// Arithmetic that several modules need.

export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

// How far across an element a pointer at `clientX` is, from 0 at its left edge to 1 at its right.
export function shareAcross(element, clientX) {
  const { left, width } = element.getBoundingClientRect();
  return clamp((clientX - left) / width, 0, 1);
}
