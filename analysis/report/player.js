"use strict";
// Plays the skeleton of a report. All it needs lies in the page; it asks nothing of any network.
for (const box of document.querySelectorAll(".player")) {
  const given = box.dataset, count = Number(given.count), hz = Number(given.hz), MISSING = -32768;
  const [first, last, left, right] = JSON.parse(given.axis);
  const raw = Uint8Array.from(atob(given.frames), (c) => c.charCodeAt(0));
  const view = new DataView(raw.buffer);
  const at = (frame, joint, axis) => view.getInt16(2 * ((frame * 12 + joint) * 3 + axis), true);
  const bones = given.bones.split(",").map((line) => {
    const [a, b, colour, dashed] = line.split(" ");
    return [Number(a), Number(b), colour, dashed === "1"];
  });
  const flat = given.unit === "px";
  const canvas = box.querySelector("canvas"), button = box.querySelector("button");
  const slider = box.querySelector("input"), speed = box.querySelector("select"), clock = box.querySelector("output");
  const strips = [...box.closest("section").querySelectorAll(".timed")];
  const cursors = strips.map((strip) => {
    const line = document.createElement("div");
    line.className = "cursor";
    strip.append(line);
    return line;
  });

  // one scale for the whole recording: the middle 99 % of all joints fit
  const reach = [0, 1, 2].map((axis) => {
    const seen = [];
    for (let f = 0; f < count; f += 5) for (let j = 0; j < 12; j++) if (at(f, j, 0) !== MISSING) seen.push(at(f, j, axis));
    seen.sort((a, b) => a - b);
    return [seen[Math.floor(0.005 * seen.length)] ?? 0, seen[Math.ceil(0.995 * seen.length) - 1] ?? 0];
  });
  const size = { width: 640, height: 400 }, ratio = Math.max(1, Math.min(3, window.devicePixelRatio || 1));
  canvas.width = size.width * ratio;
  canvas.height = size.height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const span = (axis) => Math.max(100, reach[axis][1] - reach[axis][0]);
  const widths = flat ? [span(0)] : [span(0), span(2)];
  const scale = Math.min((size.height - 70) / span(1), (size.width - 70 * widths.length) / widths.reduce((a, b) => a + b));
  const middle = (axis) => (reach[axis][0] + reach[axis][1]) / 2;

  let frame = 0, playing = false, since = 0, from = 0;

  function pose(centre, across, title) {
    pen.fillStyle = "#55616d";
    pen.font = "13px sans-serif";
    pen.textAlign = "center";
    pen.fillText(title, centre, 18);
    const place = (j) => [
      centre + scale * (at(frame, j, across) - middle(across)),
      size.height / 2 + 4 + scale * (at(frame, j, 1) - middle(1)),
    ];
    const seen = (j) => at(frame, j, 0) !== MISSING;
    pen.lineCap = "round";
    for (const [a, b, colour, dashed] of bones) {
      if (!seen(a) || !seen(b)) continue;
      pen.strokeStyle = colour;
      pen.lineWidth = 4;
      pen.setLineDash(dashed ? [7, 6] : []);
      pen.beginPath();
      pen.moveTo(...place(a));
      pen.lineTo(...place(b));
      pen.stroke();
    }
    pen.setLineDash([]);
    for (let j = 0; j < 12; j++) {
      if (!seen(j)) continue;
      pen.beginPath();
      pen.arc(...place(j), 4, 0, 7);
      pen.fillStyle = "#fff";
      pen.fill();
      pen.strokeStyle = "#1c2733";
      pen.lineWidth = 1.5;
      pen.stroke();
    }
  }

  function draw() {
    pen.clearRect(0, 0, size.width, size.height);
    if (flat) pose(size.width / 2, 0, "seen from the front");
    else {
      const free = (size.width - scale * (widths[0] + widths[1])) / 3;
      pose(free + scale * widths[0] / 2, 0, "seen from the front");
      pose(size.width - free - scale * widths[1] / 2, 2, "from the side");
    }
    pen.strokeStyle = "#1c2733";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(16, size.height - 12);
    pen.lineTo(16 + 50 * scale, size.height - 12);
    pen.stroke();
    pen.fillStyle = "#1c2733";
    pen.textAlign = "left";
    pen.fillText(`50 ${given.unit}`, 16, size.height - 20);
    const time = frame / hz;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `${time.toFixed(1)} seconds`);
    clock.textContent = `${time.toFixed(1)} s`;
    for (const line of cursors) line.style.left = `${100 * (left + (right - left) * time / (last - first))}%`;
  }

  function show(wanted) {
    frame = Math.max(0, Math.min(count - 1, Math.round(wanted)));
    from = frame;
    since = performance.now();
    draw();
  }

  function step(now) {
    if (!playing) return;
    const wanted = Math.floor(from + (now - since) / 1000 * hz * Number(speed.value));
    if (wanted >= count - 1) {
      show(count - 1);
      return play(false);
    }
    if (wanted !== frame) {
      frame = Math.max(from, wanted);
      draw();
    }
    requestAnimationFrame(step);
  }

  function play(on) {
    if (on && frame >= count - 1) show(0);
    playing = on;
    button.textContent = on ? "Pause" : "Play";
    from = frame;
    since = performance.now();
    if (on) requestAnimationFrame(step);
  }

  button.addEventListener("click", () => play(!playing));
  speed.addEventListener("change", () => show(frame));
  slider.addEventListener("input", () => show(Number(slider.value)));
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: frame - 1, ArrowRight: frame + 1, PageDown: frame - 10 * hz, PageUp: frame + 10 * hz, Home: 0, End: count - 1 };
    if (event.key === " ") play(!playing);
    else if (event.key in moves) show(moves[event.key]);
    else return;
    event.preventDefault();
  });
  for (const strip of strips) {
    strip.addEventListener("click", (event) => {
      const area = strip.getBoundingClientRect();
      const share = ((event.clientX - area.left) / area.width - left) / (right - left);
      show(share * (last - first) * hz);
    });
  }
  slider.max = count - 1;
  box.hidden = false;
  draw();
}
