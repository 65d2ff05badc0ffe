// The film of the filters: the slider moves each layer's tall picture behind its window.
const film = document.querySelector(".film");
if (film) {
  const steps = film.dataset.steps.split(",").map(Number);
  const last = steps.length - 1;
  const slider = film.querySelector("input[type=range]");
  const button = film.querySelector("button");
  const output = film.querySelector("output");
  let playing = 0;

  const show = (frame) => {
    const text = `step ${steps[frame].toLocaleString("en-US")}`;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", text);
    output.textContent = text;
    for (const svg of film.querySelectorAll("svg")) {
      svg.querySelector("image").setAttribute("y", -frame * svg.viewBox.baseVal.height);
    }
  };
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    button.textContent = "Play";
  };
  const advance = () => {
    if (Number(slider.value) === last) stop();
    else show(Number(slider.value) + 1);
  };

  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  button.addEventListener("click", () => {
    if (playing) return stop();
    if (Number(slider.value) === last) show(0);
    button.textContent = "Stop";
    playing = setInterval(advance, 200);  // milliseconds
  });
  film.querySelector(".controls").hidden = false;
  show(last);
}
