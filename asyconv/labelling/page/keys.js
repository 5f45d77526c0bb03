// The keys, all over the page except where a control has its own.
import { look } from "./depth.js";
import { goTo, next } from "./frames.js";
import { choose, move, restHidden, setState, undo } from "./joints.js";
import { SIDES, isReady, page } from "./page.js";
import { whole, zoomMiddle } from "./stage.js";

const KEYS = {
  KeyN: () => choose(page.chosen + 1), KeyP: () => choose(page.chosen - 1),
  KeyV: () => setState("visible"), KeyH: () => setState("hidden"), KeyO: () => setState("outside"),
  KeyU: undo, KeyX: restHidden, KeyB: () => goTo(page.place - 1), Enter: next, Comma: () => look(-1), Period: () => look(1),
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (!isReady()) return;
  const there = event.target;
  if (["SELECT", "INPUT", "SUMMARY"].includes(there.tagName)) return;
  if (there.tagName === "BUTTON" && ["Enter", "Space"].includes(event.code)) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.code === "KeyZ") { undo(); event.preventDefault(); }
    return;
  }
  const digit = /^(?:Digit|Numpad)([0-6])$/.exec(event.code);
  if (event.key === "+" || event.key === "-") zoomMiddle(event.key === "+" ? 1.25 : 0.8);
  else if (digit && digit[1] === "0") whole();
  else if (digit) choose(page.project.joints.indexOf(`${event.shiftKey ? "left" : "right"}_${SIDES[digit[1] - 1]}`));
  else if (ARROWS[event.key]) {
    const step = event.altKey ? 0.2 : event.shiftKey ? 5 : 1;
    move(...ARROWS[event.key].map((part) => part * step));
  } else if (KEYS[event.code]) KEYS[event.code]();
  else return;
  event.preventDefault();
});
