// What the reader's screen and settings are like; the same widths stand in the styles.

export const narrow = matchMedia("(max-width: 600px)");
export const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
