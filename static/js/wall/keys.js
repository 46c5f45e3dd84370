// The keyboard of the wall. No key sends anything that is paid for.

import { onKeys } from "../shared/keys.js";
import { theWall } from "./wall.js";

const COMMANDS = {
  " ": ["play"],
  k: ["play"],
  ArrowLeft: ["step", -1],
  ArrowRight: ["step", 1],
  "Shift+ArrowLeft": ["second", -1],
  "Shift+ArrowRight": ["second", 1],
  Home: ["edge", 0],
  End: ["edge", 1],
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
  s: ["press", "[data-keep]"],
  e: ["press", "[data-edit]"],
  d: ["press", "[data-download]"],
  "?": ["keys"],
};

onKeys(Object.fromEntries(Object.entries(COMMANDS).map(([key, command]) => [key, () => theWall()?.do(...command)])));
