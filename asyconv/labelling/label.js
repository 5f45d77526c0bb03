"use strict";
// The label page: one frame at a time; joints are placed on its depth picture and saved whole, frame by frame.
// Pixel centres lie at whole numbers, as in all files; the picture's left edge is at -0.5.
(async () => {
  const byId = (id) => document.getElementById(id);
  const [stage, view, canvas, marks] = ["stage", "view", "depth", "marks"].map(byId);
  const SIDES = ["shoulder", "elbow", "wrist", "hip", "knee", "ankle"];
  let project = null;      // what the server says of all frames
  let place = 0;           // of the frame among them
  let label = null;        // points and states of this frame, as they are now
  let stored = "";         // the same as the server has it
  let predicted = [];
  let history = [];
  let chosen = 0;          // joint
  let around = 0;          // -1 before, 0 this, 1 after
  let pictures = new Map();
  let range = null;        // near and far that the rater set; null = by the picture
  let zoom = 1, left = 0, top = 0;
  let busy = true;         // keys and the mouse wait for the next frame

  const say = (text) => { byId("message").textContent = text; };
  const frame = () => project.frames[place];
  const name = (joint) => project.joints[joint].replace("_", " ");
  const isLeft = (joint) => project.joints[joint].startsWith("left");
  const copy = () => JSON.parse(JSON.stringify({ points: label.points, states: label.states }));
  const changed = () => label !== null && JSON.stringify(copy()) !== stored;

  const ask = async (path, options) => {
    let answer;
    try {
      answer = await fetch(path, options);
    } catch {
      throw new Error("The program does not answer. Start `asyconv label` again; what was saved is there.");
    }
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw new Error(said.error || `The program answered ${answer.status}.`);
    }
    return answer;
  };

  // ---- picture
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
    const of = place;
    const depth = await picture(around);
    const [near, far] = range || rangeOf(await picture(0));
    if (of !== place) return;
    const { width, height } = frame();
    canvas.width = width;
    canvas.height = height;
    const image = new ImageData(width, height);
    const scale = 235 / Math.max(far - near, 1);
    for (let i = 0; i < depth.length; i += 1) {
      const grey = depth[i] ? 20 + Math.min(Math.max((far - depth[i]) * scale, 0), 235) : 0;
      image.data[4 * i] = image.data[4 * i + 1] = image.data[4 * i + 2] = grey;
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    byId("near").value = near;
    byId("far").value = far;
    byId("near-mm").textContent = `${near} mm`;
    byId("far-mm").textContent = `${far} mm`;
    for (const button of document.querySelectorAll("[data-around]")) {
      const which = Number(button.dataset.around);
      button.setAttribute("aria-pressed", String(which === around));
      button.disabled = !frame().around.includes(which);
    }
    lay();
  };

  // ---- marks
  const element = (kind, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    marks.append(made);
    return made;
  };
  const scale = () => (stage.clientWidth / frame().width) * zoom;
  const lay = () => {
    const { width, height } = frame();
    document.documentElement.style.setProperty("--aspect", width / height);
    stage.style.height = `${(stage.clientWidth * height) / width}px`;
    const widest = stage.clientWidth * (1 - zoom), highest = stage.clientHeight * (1 - zoom);
    left = Math.min(0, Math.max(widest, left));
    top = Math.min(0, Math.max(highest, top));
    view.style.transform = `translate(${left}px, ${top}px) scale(${scale()})`;
    marks.setAttribute("width", width);
    marks.setAttribute("height", height);
    marks.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
    marks.replaceChildren();
    const px = 1 / scale();
    const drawn = (joint) => label.points[joint] && (label.states[joint] === "visible" || label.states[joint] === "hidden");
    predicted.forEach((at) => {
      if (!at) return;
      for (const [dx, dy] of [[1, 1], [1, -1]]) {
        element("line", { class: "said", x1: at[0] - 4 * dx * px, y1: at[1] - 4 * dy * px, x2: at[0] + 4 * dx * px, y2: at[1] + 4 * dy * px, "stroke-width": 1.2 * px });
      }
    });
    for (const joints of Object.values(project.bones)) {
      for (let i = 0; i + 1 < joints.length; i += 1) {
        if (!drawn(joints[i]) || !drawn(joints[i + 1])) continue;
        const [a, b] = [label.points[joints[i]], label.points[joints[i + 1]]];
        element("line", { class: "bone", x1: a[0], y1: a[1], x2: b[0], y2: b[1], "stroke-width": 1.5 * px });
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
  const list = () => {
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
    byId("undo").disabled = !history.length;
    byId("rest").disabled = label.states.every(Boolean);
  };
  const refresh = () => { lay(); list(); };

  // ---- changes
  const remember = () => { history.push(copy()); };
  const undo = () => {
    if (!history.length) { say("There is nothing to undo."); return; }
    Object.assign(label, history.pop());
    say("");
    refresh();
  };
  const put = (joint, x, y) => {
    const { width, height } = frame();
    const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
    label.points[joint] = [inside(x, width - 1), inside(y, height - 1)];
    if (label.states[joint] !== "hidden") label.states[joint] = "visible";
  };
  const setState = (state) => {
    if (state === "visible" && !label.points[chosen]) {
      say(`Click where the ${name(chosen)} is, or press an arrow key.`);
      return;
    }
    remember();
    label.states[chosen] = state;
    say("");
    refresh();
  };
  const choose = (joint) => { chosen = (joint + project.joints.length) % project.joints.length; say(""); refresh(); };
  const move = (dx, dy) => {
    remember();
    const at = label.points[chosen] || [frame().width / 2, frame().height / 2];
    put(chosen, at[0] + dx, at[1] + dy);
    refresh();
  };
  const restHidden = () => {
    remember();
    label.states = label.states.map((state) => state || "hidden");
    refresh();
  };

  // ---- frames
  const options = () => {
    const select = byId("frame");
    select.replaceChildren(...project.frames.map((one, index) => {
      const text = `${index + 1}. ${one.infant}, ${one.time_s.toFixed(2)} s${one.labelled ? ", labelled" : ""}`;
      return new Option(text, index, false, index === place);
    }));
    const done = project.frames.filter((one) => one.labelled).length;
    byId("where").textContent = `Rater ${project.rater}: ${done} of ${project.frames.length} frames labelled.`;
    byId("why").textContent = `Frame ${frame().place + 1} of 3 of a clip, chosen: ${frame().why}.${frame().simulated ? " Simulated." : ""}`;
  };
  const open = async (index) => {
    const answer = await (await ask(`label/${project.frames[index].id}`)).json();
    const infant = label && frame().infant;
    place = index;
    pictures = new Map();
    history = [];
    around = 0;
    if (infant !== frame().infant) { zoom = 1; range = null; }
    predicted = answer.predicted || [];
    label = answer.states ? answer : begun(answer);
    stored = answer.states ? JSON.stringify(copy()) : "";
    const first = label.states.indexOf(null);
    chosen = first < 0 ? project.joints.indexOf("right_shoulder") : first;
    say("");
    options();
    refresh();
    await draw();
  };
  // A frame without labels begins with what the model said, else with what the frame before says.
  const begun = (answer) => {
    const before = answer.before;
    const points = predicted.map((at, joint) => at || (before ? before.points[joint] : null));
    const states = predicted.map((at, joint) => {
      if (before && before.states[joint] !== "visible") return before.states[joint];
      return points[joint] ? "visible" : null;
    });
    return { points, states, revision: 0 };
  };
  const save = async () => {
    const open_ = label.states.indexOf(null);
    if (open_ >= 0) {
      choose(open_);
      say(`Is the ${name(open_)} visible, hidden or outside the picture?`);
      return false;
    }
    const body = JSON.stringify({ points: label.points, states: label.states, revision: label.revision });
    const saved = await (await ask(`label/${frame().id}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body })).json();
    label.revision = saved.revision;
    stored = JSON.stringify(copy());
    frame().labelled = true;
    options();
    if (saved.warning) say(saved.warning);
    return !saved.warning;
  };
  const wait = (is) => { busy = is; byId("main").setAttribute("aria-busy", String(is)); };
  const once = (work) => async () => {
    if (busy) return;
    wait(true);
    try { await work(); } catch (error) { say(error.message); } finally { wait(false); }
  };
  const next = once(async () => {
    if (!(await save())) return;
    const after = project.frames.findIndex((one, index) => index > place && !one.labelled);
    const any = project.frames.findIndex((one) => !one.labelled);
    if (after < 0 && any < 0) { say("All frames are labelled and saved. You can close this page."); return; }
    await open(after < 0 ? any : after);
    stage.focus();
  });
  const goTo = (index) => once(async () => {
    if (index < 0 || index >= project.frames.length) { say("There is no frame before this one."); return; }
    if (history.length && changed() && !(await save())) { options(); return; }
    await open(index);
  })();

  // ---- mouse
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [(event.clientX - box.left - left) / scale() - 0.5, (event.clientY - box.top - top) / scale() - 0.5];
  };
  const zoomAt = (factor, clientX, clientY) => {
    const box = stage.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const before = zoom;
    zoom = Math.min(Math.max(zoom * factor, 1), 12);
    left = x - ((x - left) * zoom) / before;
    top = y - ((y - top) * zoom) / before;
    lay();
  };
  const zoomMiddle = (factor) => {
    const box = stage.getBoundingClientRect();
    zoomAt(factor, box.left + box.width / 2, box.top + box.height / 2);
  };
  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    if (!label || busy) return;
    stage.focus();
    if (event.button !== 0) {
      drag = { x: event.clientX, y: event.clientY, left, top };
    } else {
      const joint = event.target.dataset ? event.target.dataset.joint : undefined;
      const [x, y] = at(event);
      remember();
      if (joint === undefined) put(chosen, x, y);
      else chosen = Number(joint);
      const [px, py] = label.points[chosen];
      drag = { joint: chosen, dx: px - x, dy: py - y };
      say("");
      refresh();
    }
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (drag.joint === undefined) {
      left = drag.left + event.clientX - drag.x;
      top = drag.top + event.clientY - drag.y;
      lay();
      return;
    }
    const [x, y] = at(event);
    put(drag.joint, x + drag.dx, y + drag.dy);
    refresh();
  });
  const dropped = () => {
    if (drag && drag.joint !== undefined && JSON.stringify(history.at(-1)) === JSON.stringify(copy())) history.pop();
    drag = null;
    list();
  };
  stage.addEventListener("pointerup", dropped);
  stage.addEventListener("pointercancel", dropped);
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(event.deltaY < 0 ? 1.25 : 0.8, event.clientX, event.clientY);
  }, { passive: false });

  // ---- keys
  const look = (step) => {
    const which = Math.min(Math.max(around + step, -1), 1);
    if (frame().around.includes(which)) around = which;
    draw().catch((error) => say(error.message));
  };
  const whole = () => { zoom = 1; lay(); };
  const keys = {
    KeyN: () => choose(chosen + 1), KeyP: () => choose(chosen - 1),
    KeyV: () => setState("visible"), KeyH: () => setState("hidden"), KeyO: () => setState("outside"),
    KeyU: undo, KeyX: restHidden, KeyB: () => goTo(place - 1), Enter: next, Comma: () => look(-1), Period: () => look(1),
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.addEventListener("keydown", (event) => {
    if (!label || busy) return;
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
    else if (digit) choose(project.joints.indexOf(`${event.shiftKey ? "left" : "right"}_${SIDES[digit[1] - 1]}`));
    else if (arrows[event.key]) {
      const step = event.altKey ? 0.2 : event.shiftKey ? 5 : 1;
      move(...arrows[event.key].map((part) => part * step));
    } else if (keys[event.code]) keys[event.code]();
    else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (history.length && changed()) event.preventDefault(); });
  window.addEventListener("resize", () => { if (label) whole(); });

  // ---- begin
  const click = (id, work) => byId(id).addEventListener("click", work);
  click("closer", () => zoomMiddle(1.25));
  click("away", () => zoomMiddle(0.8));
  click("whole", whole);
  click("undo", undo);
  click("rest", restHidden);
  click("back", () => goTo(place - 1));
  click("next", next);
  click("auto", () => { range = null; draw(); });
  for (const id of ["near", "far"]) {
    byId(id).addEventListener("input", () => { range = [Number(byId("near").value), Number(byId("far").value)]; draw(); });
  }
  byId("frame").addEventListener("change", (event) => goTo(Number(event.target.value)));
  for (const button of document.querySelectorAll("[data-around]")) {
    button.addEventListener("click", () => look(Number(button.dataset.around) - around));
  }
  for (const button of document.querySelectorAll("[data-state]")) {
    button.addEventListener("click", () => setState(button.dataset.state));
  }
  try {
    project = await (await ask("state")).json();
    const order = ["right", "left"].flatMap((side) => SIDES.map((part) => project.joints.indexOf(`${side}_${part}`)));
    byId("joints").append(...order.map((joint, index) => {
      const item = document.createElement("div");
      item.setAttribute("role", "radio");
      item.dataset.joint = joint;
      const [key, text] = [document.createElement("kbd"), document.createElement("span")];
      key.textContent = `${index < 6 ? "" : "\u21e7"}${(index % 6) + 1}`;
      text.textContent = name(joint);
      item.append(key, text, document.createElement("small"));
      item.addEventListener("click", () => choose(joint));
      return item;
    }));
    byId("plain").hidden = true;
    byId("main").hidden = false;
    const first = project.frames.findIndex((one) => !one.labelled);
    await open(first < 0 ? 0 : first);
    if (first < 0) say("All frames are labelled.");
    wait(false);
    stage.focus();
  } catch (error) {
    byId("where").textContent = error.message;
  }
})();
