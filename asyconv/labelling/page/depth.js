// The depth picture of a frame, and those before and after it, in grey between two depths.
import { ask, byId, frame, page, say } from "./page.js";

const canvas = byId("depth");
const buttons = document.querySelectorAll("[data-around]");
let around = 0;            // -1 before, 0 this, 1 after
let range = null;          // near and far that the rater set; null = by the picture
let pictures = new Map();

const picture = async (which) => {
  if (!pictures.has(which)) {
    const bytes = await (await ask(`picture/${frame().id}/${which}`)).arrayBuffer();
    pictures.set(which, new Uint16Array(bytes));
  }
  return pictures.get(which);
};
const rangeOf = (depth) => {
  const known = depth.filter((mm) => mm > 0).sort();
  return known.length ? [known[Math.floor(known.length * 0.01)], known[Math.floor(known.length * 0.99)]] : [400, 900];
};
const draw = async () => {
  const of = page.place;
  const depth = await picture(around);
  const [near, far] = range || rangeOf(await picture(0));
  if (of !== page.place) return;
  const { width, height } = Object.assign(canvas, { width: frame().width, height: frame().height });
  const image = new ImageData(width, height);
  const scale = 235 / Math.max(far - near, 1);
  for (let i = 0; i < depth.length; i += 1) {
    const grey = depth[i] ? 20 + Math.min(Math.max((far - depth[i]) * scale, 0), 235) : 0;
    image.data[4 * i] = image.data[4 * i + 1] = image.data[4 * i + 2] = grey;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  for (const [id, mm] of [["near", near], ["far", far]]) {
    byId(id).value = mm;
    byId(`${id}-mm`).textContent = `${mm} mm`;
  }
  for (const button of buttons) {
    const which = Number(button.dataset.around);
    button.setAttribute("aria-pressed", String(which === around));
    button.disabled = !frame().around.includes(which);
  }
};

// The open frame's picture in the place of the one before, which is gone even where this one cannot be had.
export const show = async (sameInfant) => {
  pictures = new Map();
  around = 0;
  if (!sameInfant) range = null;
  try {
    await draw();
  } catch (error) {
    canvas.width = 0;
    throw error;
  }
};
export const setRange = (nearFar) => {
  range = nearFar;
  draw().catch((error) => say(error.message));
};
export const look = (step) => {
  const which = Math.min(Math.max(around + step, -1), 1);
  if (frame().around.includes(which)) around = which;
  draw().catch((error) => say(error.message));
};
for (const button of buttons) {
  button.addEventListener("click", () => look(Number(button.dataset.around) - around));
}
