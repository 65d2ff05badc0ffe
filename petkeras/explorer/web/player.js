/**
 * Buttons, a slider and a speed for anything that goes step by step. It starts only when asked; and
 * where no motion is wanted, it goes one step whenever it is asked.
 */
import { button, make, setText, slider } from "./dom.js";
import { say } from "./words.js";

/**
 * Make a player. `label` names its steps ("Window"); `show(step, spoken)` shows a step, spoken when
 * it was chosen by a key or a button. `speeds` are steps a second; `row()` is the number of steps
 * that the arrow keys up and down skip; `format(step)` names a step. The player has `element`,
 * `step`, `go(step)`, `at(step)`, which moves there without showing, `setLength(steps)`, `stop()`.
 */
export function createPlayer(label, options) {
  const { show, speeds = [0.5, 1, 2, 4, 8], speed = 1, row = () => 1 } = options;
  const { format = (value) => `${value + 1} / ${length}` } = options;
  let length = 1;
  let step = 0;
  let timer = 0;
  let rate = speed;
  let due = 0; // when the next step is due, in milliseconds
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const first = playerButton("|◀", say("First"), () => choose(0));
  const back = playerButton("◀", say("Back"), () => choose(step - 1));
  const sign = make("span", { "aria-hidden": "true" });
  const word = make("span");
  const play = button(sign, () => (timer ? stop() : start()), { class: "px-play" });
  play.append(word);
  const next = playerButton("▶", say("Forward"), () => choose(step + 1));
  const along = slider(
    label,
    { min: 0, max: 0, step: 1, value: 0, format },
    (value) => choose(value, false),
  );
  along.classList.add("px-along");
  const fast = make("select", {
    class: "px-select",
    onchange: () => {
      rate = Number(fast.value);
      due = 0;
    },
  });
  for (const value of speeds) {
    const text = say("{value} a second", { value });
    fast.append(make("option", { value, text }));
  }
  fast.value = speed;
  const speedRow = make("label", { class: "px-row px-speed" });
  speedRow.append(make("span", { text: say("Speed") }), fast);
  const element = make(
    "div",
    { class: "px-player", role: "group", "aria-label": say("Steps") },
    make("div", { class: "px-player-buttons" }, first, back, play, next),
    along,
    speedRow,
  );
  along.input.addEventListener("keydown", (event) => {
    const rows = { ArrowUp: -row(), ArrowDown: row() }[event.key];
    if (!rows) return;
    event.preventDefault();
    choose(Math.min(length - 1, Math.max(0, step + rows)));
  });

  /** A step that was chosen by hand: playing ends. */
  function choose(to, spoken = true) {
    stop();
    if (to >= 0 && to < length) go(to, spoken);
  }

  function go(to, spoken = false) {
    at(to);
    show(step, spoken);
  }

  function showStep() {
    along.show(step);
    first.disabled = back.disabled = step === 0;
    next.disabled = step === length - 1;
  }

  function start() {
    if (calm.matches) return choose((step + 1) % length);
    if (step === length - 1) go(0);
    due = performance.now() + 1000 / rate;
    timer = requestAnimationFrame(tick);
    return namePlay();
  }

  function stop() {
    cancelAnimationFrame(timer);
    timer = 0;
    namePlay();
  }

  /** Go on as many steps as are due; stop at the end, and where nobody can see it. */
  function tick(now) {
    if (element.offsetParent === null || step >= length - 1) return stop();
    if (due === 0) due = now + 1000 / rate;
    const steps = now < due ? 0 : 1 + Math.floor(((now - due) * rate) / 1000);
    if (steps > 0) {
      due += (steps * 1000) / rate;
      go(step + steps);
    }
    timer = requestAnimationFrame(tick);
  }

  function namePlay() {
    const rests = calm.matches ? say("Play one step") : say("Play");
    setText(sign, timer ? "❚❚" : "▶");
    setText(word, timer ? say("Pause") : rests);
    speedRow.hidden = calm.matches;
  }

  function setLength(steps) {
    length = Math.max(1, steps);
    along.input.max = length - 1;
    play.disabled = length < 2;
    at(step);
  }

  function at(to) {
    namePlay(); // whether motion is wanted may have changed
    step = Math.min(length - 1, Math.max(0, to));
    showStep();
  }

  namePlay();
  return {
    element,
    get step() {
      return step;
    },
    get playing() {
      return timer !== 0;
    },
    go,
    at,
    stop,
    setLength,
  };
}

/** Make a button with a sign, and a name for screen readers. */
function playerButton(sign, name, onClick) {
  return button(sign, onClick, { "aria-label": name, title: name });
}
