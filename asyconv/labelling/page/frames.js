// From frame to frame: each is opened, saved whole, and left only when the program has it.
import { show } from "./depth.js";
import { choose, refresh } from "./joints.js";
import { ask, byId, changed, copy, frame, isReady, name, page, say } from "./page.js";
import { stage, whole } from "./stage.js";

const options = () => {
  const { frames, rater } = page.project;
  byId("frame").replaceChildren(...frames.map((one, index) => {
    const text = `${index + 1}. ${one.infant}, ${one.time_s.toFixed(2)} s${one.labelled ? ", labelled" : ""}`;
    return new Option(text, index, false, index === page.place);
  }));
  const done = frames.filter((one) => one.labelled).length;
  byId("where").textContent = `Rater ${rater}: ${done} of ${frames.length} frames labelled.`;
  byId("why").textContent = `Frame ${frame().place + 1} of 3 of a clip, chosen: ${frame().why}.${frame().simulated ? " Simulated." : ""}`;
};

// A frame without labels begins with what the model said, else with what the frame before says.
const begun = ({ before }) => {
  const points = page.predicted.map((at, joint) => at || (before ? before.points[joint] : null));
  const states = page.predicted.map((at, joint) => {
    if (before && before.states[joint] !== "visible") return before.states[joint];
    return points[joint] ? "visible" : null;
  });
  return { points, states, revision: 0 };
};
const open = async (index) => {
  const answer = await (await ask(`label/${page.project.frames[index].id}`)).json();
  const infant = page.label && frame().infant;
  Object.assign(page, { place: index, history: [], drag: null, predicted: answer.predicted || [] });
  page.label = answer.states ? answer : begun(answer);
  page.stored = answer.states ? JSON.stringify(copy()) : "";
  const first = page.label.states.indexOf(null);
  page.chosen = first < 0 ? page.project.joints.indexOf("right_shoulder") : first;
  say("");
  options();
  const sameInfant = infant === frame().infant;
  if (!sameInfant) whole();
  refresh();
  await show(sameInfant);
};

// Gives what the rater should know of a frame that is saved; null where a joint is open, so that nothing is saved.
const save = async () => {
  const { label } = page;
  const open_ = label.states.indexOf(null);
  if (open_ >= 0) {
    choose(open_);
    say(`Is the ${name(open_)} visible, hidden or outside the picture?`);
    return null;
  }
  const body = JSON.stringify({ ...copy(), revision: label.revision });
  const saved = await (await ask(`label/${frame().id}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body })).json();
  label.revision = saved.revision;
  page.stored = JSON.stringify(copy());
  frame().labelled = true;
  options();
  return saved.warning || "";
};

const once = async (work) => {
  const wait = (is) => {
    page.busy = is;
    byId("main").setAttribute("aria-busy", String(is));
  };
  wait(true);
  try { await work(); } catch (error) { options(); say(error.message); } finally { wait(false); }
};
const leave = async (index) => {
  if (!changed()) { await open(index); return; }
  const warning = await save();
  if (warning === null) { options(); return; }
  await open(index);
  say(warning);
};
export const goTo = (index) => {
  if (!isReady()) return;
  if (index < 0) { say("There is no frame before this one."); return; }
  once(() => leave(index));
};
export const next = () => {
  if (!isReady()) return;
  once(async () => {
    const warning = await save();
    if (warning === null) return;
    const { frames } = page.project;
    const after = frames.findIndex((one, index) => index > page.place && !one.labelled);
    const any = frames.findIndex((one) => !one.labelled);
    if (any < 0) { say(warning || "All frames are labelled and saved. You can close this page."); return; }
    await open(after < 0 ? any : after);
    say(warning);
    stage.focus();
  });
};
export const begin = () => {
  const first = page.project.frames.findIndex((one) => !one.labelled);
  return once(async () => {
    await open(Math.max(first, 0));
    if (first < 0) say("All frames are labelled.");
    stage.focus();
  });
};
