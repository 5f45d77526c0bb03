// What the page knows, what it says, and how it asks the program.
// Pixel centres lie at whole numbers, as in all files; the picture's left edge is at -0.5.
export const SIDES = ["shoulder", "elbow", "wrist", "hip", "knee", "ankle"];
export const page = {
  project: null,           // what the program says of all frames
  place: 0,                // of the frame among them
  label: null,             // points and states of this frame, as they are now
  stored: "",              // the same as the program has it
  predicted: [],
  history: [],
  chosen: 0,               // joint
  drag: null,              // what the mouse drags
  busy: true,              // keys and the mouse wait for the next frame
};

export const byId = (id) => document.getElementById(id);
export const say = (text) => { byId("message").textContent = text; };
export const isReady = () => page.label !== null && !page.busy;
export const frame = () => page.project.frames[page.place];
export const name = (joint) => page.project.joints[joint].replace("_", " ");
export const isLeft = (joint) => page.project.joints[joint].startsWith("left");
export const copy = () => JSON.parse(JSON.stringify({ points: page.label.points, states: page.label.states }));
export const changed = () => page.history.length > 0 && JSON.stringify(copy()) !== page.stored;

export const ask = async (path, options) => {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The program does not answer. Start `asyconv label` again and open the address that it prints; what was saved is there.");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error || `The program answered ${answer.status}.`);
  }
  return answer;
};
