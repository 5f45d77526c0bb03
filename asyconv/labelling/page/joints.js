// The joints of the open frame: their list, and what keys, buttons and the mouse change of them.
import { byId, copy, frame, name, page, say } from "./page.js";
import { lay } from "./stage.js";

const list = () => {
  const { label, chosen } = page;
  for (const item of document.querySelectorAll("#joints [role=radio]")) {
    const joint = Number(item.dataset.joint);
    const state = label.states[joint];
    item.setAttribute("aria-checked", String(joint === chosen));
    item.tabIndex = joint === chosen ? 0 : -1;
    item.classList.toggle("open", !state);
    item.querySelector("small").textContent = state || "open";
  }
  for (const button of document.querySelectorAll("[data-state]")) {
    button.setAttribute("aria-pressed", String(label.states[chosen] === button.dataset.state));
  }
  byId("undo").disabled = !page.history.length;
  byId("rest").disabled = label.states.every(Boolean);
};
export const refresh = () => { lay(); list(); };

export const remember = () => { page.history.push(copy()); };
export const undo = () => {
  if (!page.history.length) { say("There is nothing to undo."); return; }
  Object.assign(page.label, page.history.pop());
  say("");
  refresh();
};
export const put = (joint, x, y) => {
  const { width, height } = frame();
  const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
  page.label.points[joint] = [inside(x, width - 1), inside(y, height - 1)];
  if (page.label.states[joint] !== "hidden") page.label.states[joint] = "visible";
};
export const choose = (joint) => {
  const count = page.project.joints.length;
  page.chosen = (joint + count) % count;
  say("");
  refresh();
};
export const setState = (state) => {
  if (state === "visible" && !page.label.points[page.chosen]) {
    say(`Click where the ${name(page.chosen)} is, or press an arrow key.`);
    return;
  }
  remember();
  page.label.states[page.chosen] = state;
  say("");
  refresh();
};
export const move = (dx, dy) => {
  remember();
  const at = page.label.points[page.chosen] || [frame().width / 2, frame().height / 2];
  put(page.chosen, at[0] + dx, at[1] + dy);
  refresh();
};
export const restHidden = () => {
  remember();
  page.label.states = page.label.states.map((state) => state || "hidden");
  refresh();
};
