// Arithmetic that several modules need.

export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
