// The stage: the picture under its zoom, and the marks of the joints on it.
import { byId, frame, isLeft, page } from "./page.js";

export const stage = byId("stage");
const [view, marks] = ["view", "marks"].map(byId);
let zoom = 1, left = 0, top = 0;

const scale = () => (stage.clientWidth / frame().width) * zoom;

export const lay = () => {
  const { width, height } = frame();
  document.documentElement.style.setProperty("--aspect", width / height);
  stage.style.height = `${(stage.clientWidth * height) / width}px`;
  left = Math.min(0, Math.max(stage.clientWidth * (1 - zoom), left));
  top = Math.min(0, Math.max(stage.clientHeight * (1 - zoom), top));
  view.style.transform = `translate(${left}px, ${top}px) scale(${scale()})`;
  marks.setAttribute("width", width);
  marks.setAttribute("height", height);
  marks.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
  marks.replaceChildren();
  mark();
};

// ---- marks
const element = (kind, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  marks.append(made);
};
const mark = () => {
  const { project, label, predicted, chosen } = page;
  const px = 1 / scale();
  const drawn = (joint) => label.points[joint] && (label.states[joint] === "visible" || label.states[joint] === "hidden");
  const line = (kind, [x1, y1], [x2, y2], width) => element("line", { class: kind, x1, y1, x2, y2, "stroke-width": width * px });
  for (const at of predicted) {
    if (!at) continue;
    const r = 4 * px;
    line("said", [at[0] - r, at[1] - r], [at[0] + r, at[1] + r], 1.2);
    line("said", [at[0] - r, at[1] + r], [at[0] + r, at[1] - r], 1.2);
  }
  for (const joints of Object.values(project.bones)) {
    for (let i = 0; i + 1 < joints.length; i += 1) {
      const [from, to] = [joints[i], joints[i + 1]];
      if (drawn(from) && drawn(to)) line("bone", label.points[from], label.points[to], 1.5);
    }
  }
  project.joints.forEach((_, joint) => {
    if (!drawn(joint)) return;
    const [x, y] = label.points[joint];
    const r = 6 * px;
    const shown = { class: `joint ${isLeft(joint) ? "left" : "right"} ${label.states[joint]}${joint === chosen ? " chosen" : ""}`, "stroke-width": 1.3 * px, "data-joint": joint };
    if (isLeft(joint)) element("rect", { ...shown, x: x - r, y: y - r, width: 2 * r, height: 2 * r });
    else element("circle", { ...shown, cx: x, cy: y, r });
    element("circle", { class: "centre", cx: x, cy: y, r: 1.2 * px });
    if (joint === chosen) element("circle", { class: "ring", cx: x, cy: y, r: 12 * px, "stroke-width": 2 * px });
  });
};

// ---- zoom
export const at = (event) => {
  const box = stage.getBoundingClientRect();
  return [(event.clientX - box.left - left) / scale() - 0.5, (event.clientY - box.top - top) / scale() - 0.5];
};
export const offset = () => [left, top];
export const moveTo = (x, y) => { [left, top] = [x, y]; lay(); };
export const zoomAt = (factor, clientX, clientY) => {
  const box = stage.getBoundingClientRect();
  const [x, y] = [clientX - box.left, clientY - box.top];
  const before = zoom;
  zoom = Math.min(Math.max(zoom * factor, 1), 12);
  moveTo(x - ((x - left) * zoom) / before, y - ((y - top) * zoom) / before);
};
export const zoomMiddle = (factor) => {
  const box = stage.getBoundingClientRect();
  zoomAt(factor, box.left + box.width / 2, box.top + box.height / 2);
};
export const whole = () => { zoom = 1; lay(); };
