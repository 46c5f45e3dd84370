// The keyboard of the wall. No key sends anything that is paid for.

import { onKeys } from "../shared/keys.js";
import { command } from "./commands.js";
import { theWall } from "./wall.js";

const BINDINGS = {
  " ": ["play"],
  k: ["play"],
  ArrowLeft: ["step", -1],
  ArrowRight: ["step", 1],
  "Shift+ArrowLeft": ["second", -1],
  "Shift+ArrowRight": ["second", 1],
  Home: ["start"],
  End: ["end"],
  1: ["number", 1],
  2: ["number", 2],
  3: ["number", 3],
  4: ["number", 4],
  Escape: ["back"],
  l: ["loop"],
  ",": ["speed", -1],
  ".": ["speed", 1],
  j: ["look", "seam"],
  c: ["look", "compare"],
  s: ["keep"],
  e: ["edit"],
  d: ["download"],
  "?": ["keys"],
};

onKeys(Object.fromEntries(Object.entries(BINDINGS).map(([key, named]) => [key, () => command(theWall(), ...named)])));
