// The label page: one frame at a time; joints are placed on its depth picture and saved whole, frame by frame.
import { setRange } from "./depth.js";
import { begin, goTo, next } from "./frames.js";
import { choose, restHidden, setState, undo } from "./joints.js";
import "./keys.js";
import { SIDES, ask, byId, changed, isReady, name, page } from "./page.js";
import "./pointer.js";
import { whole, zoomMiddle } from "./stage.js";

const clicks = {
  closer: () => zoomMiddle(1.25), away: () => zoomMiddle(0.8), whole, auto: () => setRange(null),
  undo, rest: restHidden, back: () => goTo(page.place - 1), next,
};
const onClick = (element, work) => element.addEventListener("click", () => { if (isReady()) work(); });
for (const [id, work] of Object.entries(clicks)) onClick(byId(id), work);
for (const id of ["near", "far"]) {
  byId(id).addEventListener("input", () => setRange([Number(byId("near").value), Number(byId("far").value)]));
}
byId("frame").addEventListener("change", (event) => goTo(Number(event.target.value)));
for (const button of document.querySelectorAll("[data-state]")) {
  onClick(button, () => setState(button.dataset.state));
}
window.addEventListener("beforeunload", (event) => { if (changed()) event.preventDefault(); });
window.addEventListener("resize", () => { if (page.label) whole(); });

const joints = () => {
  const order = ["right", "left"].flatMap((side) => SIDES.map((part) => page.project.joints.indexOf(`${side}_${part}`)));
  return order.map((joint, index) => {
    const item = document.createElement("div");
    item.setAttribute("role", "radio");
    item.dataset.joint = joint;
    const [key, text] = [document.createElement("kbd"), document.createElement("span")];
    key.textContent = `${index < 6 ? "" : "\u21e7"}${(index % 6) + 1}`;
    text.textContent = name(joint);
    item.append(key, text, document.createElement("small"));
    onClick(item, () => choose(joint));
    return item;
  });
};
try {
  page.project = await (await ask("state")).json();
  byId("joints").append(...joints());
  byId("plain").hidden = true;
  byId("main").hidden = false;
  await begin();
} catch (error) {
  byId("where").textContent = error.message;
}
