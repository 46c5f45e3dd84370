// Time: running clocks go on between two polls, those that begin below zero down to it, and moments are shown in the reader's own time zone.

import { onArrival } from "./arrivals.js";

const started = new WeakMap();
const MINUTES = { hour: "numeric", minute: "2-digit" };
const MOMENT = { ...MINUTES, day: "numeric", month: "short" };
// A day is the same one everywhere.
const DATE = { day: "numeric", month: "long", timeZone: "UTC" };
const FORMS = {
  "": MOMENT,
  minutes: MINUTES,
  seconds: { ...MOMENT, second: "2-digit" },
  day: { ...DATE, weekday: "long" },
  date: { ...DATE, year: "numeric" },
};

function face(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// By the date: other clocks of a browser stand still while the machine sleeps.
function tick() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    if (!started.has(clock)) started.set(clock, Date.now() - Number(clock.dataset.clock) * 1000);
    const seconds = Math.floor((Date.now() - started.get(clock)) / 1000);
    const usual = document.querySelector("[data-patience]");
    if (seconds > usual?.dataset.patience) usual.dataset.late = "";
    clock.textContent = face(Math.max(0, clock.dataset.clock < 0 ? -seconds : seconds));
  }
}

function localise(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    time.textContent = moment.toLocaleString(undefined, FORMS[time.dataset.local]);
    if (time.dateTime[10]) time.title = moment.toLocaleString();
    time.removeAttribute("data-local");
  }
}

setInterval(tick, 1000);
tick();
onArrival(localise);
