// The mouse: joints are dragged or put, the right button moves the picture, the wheel zooms.
import { put, refresh, remember } from "./joints.js";
import { copy, isReady, page, say } from "./page.js";
import { at, moveTo, offset, stage, zoomAt } from "./stage.js";

stage.addEventListener("pointerdown", (event) => {
  if (!isReady()) return;
  stage.focus();
  if (event.button !== 0) {
    const [left, top] = offset();
    page.drag = { x: event.clientX - left, y: event.clientY - top };
  } else {
    const joint = event.target.dataset ? event.target.dataset.joint : undefined;
    const [x, y] = at(event);
    remember();
    if (joint === undefined) put(page.chosen, x, y);
    else page.chosen = Number(joint);
    const [px, py] = page.label.points[page.chosen];
    page.drag = { joint: page.chosen, dx: px - x, dy: py - y };
    say("");
    refresh();
  }
  stage.setPointerCapture(event.pointerId);
  event.preventDefault();
});
stage.addEventListener("pointermove", (event) => {
  const { drag } = page;
  if (!drag) return;
  if (drag.joint === undefined) {
    moveTo(event.clientX - drag.x, event.clientY - drag.y);
    return;
  }
  const [x, y] = at(event);
  put(drag.joint, x + drag.dx, y + drag.dy);
  refresh();
});
const dropped = () => {
  const { drag, history } = page;
  page.drag = null;
  if (!drag) return;
  if (drag.joint !== undefined && JSON.stringify(history.at(-1)) === JSON.stringify(copy())) history.pop();
  refresh();
};
stage.addEventListener("pointerup", dropped);
stage.addEventListener("pointercancel", dropped);
stage.addEventListener("contextmenu", (event) => event.preventDefault());
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (isReady()) zoomAt(event.deltaY < 0 ? 1.25 : 0.8, event.clientX, event.clientY);
}, { passive: false });
