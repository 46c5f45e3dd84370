// The film of a branch: its controls, the ticks of its steps, and other takes in place of the chosen ones.

import { clamp } from "../shared/numbers.js";
import { onKeys } from "../shared/keys.js";
import { FilmPlayer } from "./player.js";
import { picturesOf } from "../shared/pictures.js";
import { say } from "../shared/say.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const screen = find("screen");
const track = find("track");
const speed = find("speed");
const play = find("play");
const ticks = find("ticks");

// A take is a segment of the film; its radio knows where it is.
function takeOf(radio) {
  const { src, from, to } = radio.dataset;
  return { radio, src, from: Number(from), to: Number(to), pictures: picturesOf(radio.dataset) };
}

const steps = [...document.querySelectorAll("[data-step]")].map((row) => {
  const radios = [...row.querySelectorAll("[type=radio]")];
  const takes = radios.filter((radio) => radio.dataset.src).map(takeOf);
  return {
    row,
    radios,
    takes,
    name: row.dataset.name,
    tick: row.dataset.tick,
    chosen: takes.find((take) => take.radio.defaultChecked),
  };
});
const stepOf = (take) => steps.find((step) => step.takes.includes(take));
const branch = () => steps.map((step) => step.chosen).filter((take) => take && !take.failed);

const player = new FilmPlayer(screen.querySelectorAll("video"), render, (take) => {
  take.failed = true;
  const name = `clip ${take.radio.value} of ${stepOf(take).name.toLowerCase()}`;
  const { codec } = take.radio.dataset;
  const why = codec ? `This browser cannot play ${name} (${codec})` : `C${name.slice(1)} cannot be loaded now`;
  const words = `${why}. The film skips it.`;
  find("trouble").textContent = words;
  say(words, false);
  const { position, segments } = player;
  const index = segments.indexOf(take);
  if (index < 0) return;
  // What lies behind it moves up by its length, and what lies in it to where it began.
  const at = Math.min(position, player.startOf(index)) + Math.max(0, position - player.startOf(index + 1));
  show(segments.filter((segment) => segment !== take), () => at);
});

// What is not measured yet says its length itself.
for (const take of branch().filter((take) => !take.to)) {
  const meter = document.createElement("video");
  meter.preload = "metadata";
  meter.addEventListener("loadedmetadata", () => {
    take.to ||= meter.duration;
    render();
  });
  meter.src = take.src;
}

let laid = 0;
function layTicks() {
  laid = player.length;
  ticks.replaceChildren(
    ...player.segments.map((take, index) => {
      const { name, tick: words } = stepOf(take);
      const tick = document.createElement("li");
      const button = document.createElement("button");
      tick.style.flexGrow = player.startOf(index + 1) - player.startOf(index);
      button.type = "button";
      button.textContent = words;
      button.setAttribute(
        "aria-label",
        `${name}, clip ${take.radio.value}, at ${player.startOf(index).toFixed(1)} seconds`,
      );
      button.addEventListener("click", () => player.seek(player.startOf(index)));
      tick.append(button);
      return tick;
    }),
  );
}

function render() {
  const { position, length, index, segments } = player;
  if (length !== laid) layTicks();
  const [now, all] = [position.toFixed(1), length.toFixed(1)];
  track.max = length;
  track.value = position;
  if (segments.length) {
    track.setAttribute("aria-valuetext", `${now} of ${all} seconds, ${stepOf(segments[index]).name.toLowerCase()}`);
  }
  find("time").textContent = now;
  find("length").textContent = all;
  play.toggleAttribute("data-paused", !player.playing);
  screen.toggleAttribute("data-refused", player.refused);
  play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  [...ticks.children].forEach((tick, number) => {
    tick.firstChild.setAttribute("aria-current", number === index && "step");
  });
}

function show(segments, positionOf) {
  player.segments = segments;
  layTicks();
  player.seek(positionOf());
}

// What the strip tells of a step: where its take ends, and how far that has drifted.
function describe({ row, chosen }, take) {
  const { value, dataset } = take.radio;
  const still = row.querySelector(".end .frame > :last-child");
  if (still) {
    for (const own of still.parentElement.children) own.hidden = own === still ? !dataset.poster : take !== chosen;
    if (dataset.poster) still.src = dataset.poster;
  }
  row.querySelector("[data-clip]").textContent = `clip ${value}`;
  row.querySelector("[data-drift]")?.replaceChildren(
    ...dataset.drift.split(" · ").map((words) =>
      Object.assign(document.createElement("span"), { textContent: words })
    ),
  );
}

// The two lines of the drift, up to step `at`, which ends with `take`. The server says where each point is.
const graph = document.querySelector(".growth");
function draw(at, take) {
  const rows = steps.map(({ row }) => row);
  const ends = take === steps[at].chosen ? rows : [...rows.slice(0, at), take.radio];
  for (const name of graph ? ["colour", "softness"] : []) {
    const points = ends.map(({ dataset }) => dataset[name]).filter(Boolean);
    graph.querySelector(`.${name}`).setAttribute("points", points.join(" "));
  }
}

// The film with `take` at its step, which is then its end; the chosen take brings the branch back.
function tryTake(take) {
  const step = stepOf(take);
  const isChosen = take === step.chosen;
  const at = steps.indexOf(step);
  steps.forEach((other, number) => {
    const isLater = !isChosen && number > at;
    other.row.toggleAttribute("data-later", isLater);
    const words = other.row.querySelector("[data-aside]");
    if (words) words.hidden = !isLater;
    if (other === step) return describe(other, take);
    for (const radio of other.radios) radio.checked = radio.defaultChecked;
    if (other.chosen) describe(other, other.chosen);
  });
  draw(at, take);
  const name = `clip ${take.radio.value} of ${step.name.toLowerCase()}`;
  find("branch").inert = !isChosen;
  find("tried").inert = isChosen;
  find("tried-name").textContent = name;
  find("tried-film").href = take.radio.dataset.film;
  find("tried-extend").href = take.radio.dataset.extend;
  say(isChosen ? "Back to the whole branch." : `Trying ${name}; the film ends with it.`, false);
  const before = branch().filter((other) => steps.indexOf(stepOf(other)) < at);
  const segments = isChosen ? branch() : [...before, take];
  show(segments, () => player.startOf(segments.indexOf(take)));
  player.play();
}

const toggle = () => (player.playing ? player.pause() : player.play());
const toStep = (by) => player.seek(player.startOf(player.index + by));
function setLoop() {
  player.loop = !player.loop;
  find("loop").setAttribute("aria-pressed", player.loop);
  player.prepare();
}
function setSpeed(index) {
  speed.selectedIndex = clamp(index, 0, speed.length - 1);
  player.rate = Number(speed.value);
}
function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else find("cinema").requestFullscreen();
}
function showKeys() {
  const list = document.querySelector(".keys");
  list.open = !list.open;
  if (list.open) list.scrollIntoView();
}

for (const step of steps) {
  for (const take of step.takes) take.radio.addEventListener("change", () => tryTake(take));
  step.row.querySelector("[data-end]")?.addEventListener("click", () => {
    player.pause();
    const index = player.segments.findIndex((take) => step.takes.includes(take));
    if (index >= 0) player.seek(player.startOf(index + 1) - player.segments[index].pictures.least / 2);
  });
}
find("tried-back").addEventListener("click", () => {
  const tried = steps.find(({ row }) => row.querySelector(":checked:not([checked])"));
  // Where the clip of that step is lost, any other one brings the branch back.
  const { chosen = branch()[0] } = tried;
  if (!chosen) return location.reload();
  chosen.radio.checked = true;
  tryTake(chosen);
});
// A form about the frame that is seen.
document.addEventListener("submit", ({ target }) => {
  const at = target.querySelector("[name=at]");
  const take = player.segments[player.index];
  if (!at || !take) return;
  // At the very end it is the last picture that is seen.
  const seen = Math.min(player.position, player.startOf(player.index + 1) - take.pictures.least / 2);
  target.action = take.radio.dataset.frame;
  at.value = (1000 * (seen - player.startOf(player.index) + take.from - take.pictures.starts)).toFixed(1);
});
screen.addEventListener("click", toggle);
play.addEventListener("click", toggle);
track.addEventListener("input", () => player.seek(track.valueAsNumber));
speed.addEventListener("change", () => setSpeed(speed.selectedIndex));
find("loop").addEventListener("click", setLoop);
find("full").addEventListener("click", fullScreen);
find("full").hidden = !document.fullscreenEnabled;

const COMMANDS = {
  play: toggle,
  step: (by) => player.step(by),
  second: (by) => player.seek(player.position + by),
  // Within the first half second of a step "the step before" means the one before it.
  previous: () => toStep(player.position - player.startOf(player.index) < 0.5 ? -1 : 0),
  next: () => toStep(1),
  start: () => player.seek(0),
  end: () => player.seek(player.length),
  speed: (by) => setSpeed(speed.selectedIndex + by),
  loop: setLoop,
  full: fullScreen,
  save: () => find("save").click(),
  begin: () => find("start").click(),
  keys: showKeys,
};
onKeys((name, to) => COMMANDS[name](Number(to)));

player.segments = branch();
render();
