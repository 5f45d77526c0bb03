"use strict";
// The slider of each stretch: one of its frames is shown at a time, and played six a second.
for (const stretch of document.querySelectorAll(".stretch")) {
  const frames = [...stretch.querySelectorAll("figure")];
  const slider = stretch.querySelector("input");
  const button = stretch.querySelector("button");
  let timer = 0;

  const show = () => {
    frames.forEach((frame, place) => { frame.hidden = place !== Number(slider.value); });
    slider.setAttribute("aria-valuetext", frames[Number(slider.value)].querySelector("figcaption").textContent);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const step = () => {
    if (Number(slider.value) === frames.length - 1) { stop(); return; }
    slider.value = Number(slider.value) + 1;
    show();
  };
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (Number(slider.value) === frames.length - 1) slider.value = 0;
    show();
    timer = setInterval(step, 1000 / 6);
    button.textContent = "Pause";
  });
  slider.addEventListener("input", show);
  stretch.querySelector(".plain").hidden = true;
  slider.hidden = button.hidden = false;
  show();
}
