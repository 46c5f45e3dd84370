// All that buttons and keys may command a wall: [data-do] names an entry of the table, [data-to] says with what.

import { along, choose, write } from "./composer.js";

const COMMANDS = {
  play: ({ transport }) => transport.play(),
  step: ({ transport }, by) => transport.step(Number(by)),
  second: ({ transport }, by) => transport.scrub(transport.head.time + Number(by)),
  start: ({ transport }) => transport.scrub(0),
  end: ({ transport }) => transport.scrub(transport.head.length),
  loop: ({ transport }) => transport.head.toggleLoop(),
  speed: ({ transport }, by) => transport.speed(Number(by)),
  view: ({ views }, name) => views.show(name),
  solo: ({ views }, number) => views.solo(number),
  number: (wall, number) => wall ? wall.number(number) : choose(number),
  back: ({ views }) => views.see("all"),
  slider: ({ pair }) => pair.slide(),
  touch: (wall, number) => wall.touch(number),
  pick: (wall) => wall.press("[data-pick]"),
  download: (wall) => wall.press("[data-download]"),
  save: (wall) => wall.press("[data-save]"),
  begin: (wall) => wall.press("[data-start]"),
  write,
  along: (_, by) => along(Number(by)),
  keys: () => document.getElementById("keys").togglePopover(),
};
// Before the clips are here, too.
const EARLY = ["number", "write", "along", "keys"];

// Does nothing where the table has no such entry.
export function command(wall, name, to) {
  if ((wall || EARLY.includes(name)) && Object.hasOwn(COMMANDS, name)) COMMANDS[name](wall, to);
}
