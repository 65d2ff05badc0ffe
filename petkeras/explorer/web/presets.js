/** Kernels to begin with: the article's, and empty ones. */
import { button, canvas, make } from "./dom.js";
import { drawKernel } from "./drawing.js";
import { say } from "./words.js";

const PRESET_SIDES = [3, 5, 7]; // of empty kernels

/** Make a button for each kernel; `use(values (side * side), side)` is called with the chosen. */
export function createPresets(kernels, use) {
  const article = Object.entries(kernels).map(([name, rows]) => presetButton(name, rows, use));
  const empty = PRESET_SIDES.map((side) => {
    const label = say("{side} × {side}", { side });
    return button(label, () => use(new Float32Array(side * side), side));
  });
  const elements = [
    make("h3", { class: "px-subtitle", text: say("The article's kernels") }),
    make("div", { class: "px-presets" }, ...article),
    make("h3", { class: "px-subtitle", text: say("An empty kernel to paint") }),
    make("div", { class: "px-buttons" }, ...empty),
  ];

  function enable(on) {
    for (const each of [...article, ...empty]) each.disabled = !on;
  }

  return { elements, enable };
}

/** Make the button of one of the article's kernels, given as its rows. */
function presetButton(name, rows, use) {
  const values = Float32Array.from(rows.flat());
  const side = rows.length;
  const picture = canvas(side, side);
  drawKernel(picture, values, side, side, Math.max(...values.map(Math.abs)));
  const made = button("", () => use(values, side), { class: "px-preset" });
  made.append(picture, make("span", { text: name }));
  return made;
}
