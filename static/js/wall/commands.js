// All that buttons and keys may command a wall: [data-do] names an entry of the table, [data-to] says with what.

const COMMANDS = {
  play: (wall) => wall.play(),
  step: (wall, by) => wall.step(by),
  second: (wall, by) => wall.scrub(wall.head.time + Number(by)),
  start: (wall) => wall.scrub(0),
  end: (wall) => wall.scrub(wall.head.length),
  loop: (wall) => wall.head.toggleLoop(),
  speed: (wall, by) => wall.speed(Number(by)),
  look: (wall, name) => wall.look(name),
  solo: (wall, number) => wall.solo(number),
  number: (wall, number) => wall.number(number),
  back: (wall) => wall.see("all"),
  slider: ({ pair }) => pair.slide(),
  keep: (wall) => wall.press("[data-keep]"),
  edit: (wall) => wall.press("[data-edit]"),
  download: (wall) => wall.press("[data-download]"),
  keys: () => document.getElementById("keys").togglePopover(),
};

// Does nothing where the table has no such entry.
export function command(wall, name, to) {
  if (wall && Object.hasOwn(COMMANDS, name)) COMMANDS[name](wall, to);
}
