/** The window of a pool in its map, with the pixel that won. */

import { canvas, make, stage } from "./dom.js";
import { commonRange, drawGridNumbers, drawMap, sharpContext } from "./drawing.js";
import { windowExtent } from "./windows.js";
import { say } from "./words.js";

const POOLED_LARGE = [72, 48]; // CSS pixels of a cell with a number
const POOLED_SMALL = [36, 30]; // of a cell in a large window

/** Make the picture of a pool's window: {element, update(explained)}. */
export function createPooled(app) {
  const thumbnail = canvas(1, 1);
  const frame = stage(thumbnail);
  const grid = canvas(1, 1);
  const line = make("p", { class: "px-hint" });
  const element = make(
    "div",
    { class: "px-pool" },
    make("div", { class: "px-pool-map" }, frame),
    make("div", { class: "px-pool-window" }, grid, line),
  );

  function update({ values, inside, window, winner }) {
    const { layer, filter } = app.selection;
    const input = app.network.output(layer - 1);
    const scale = commonRange(input);
    const { height, width } = window;
    drawMap(thumbnail, input, filter, { scale });
    frame.mark(windowExtent(window), input.height, input.width);
    const cell = width <= 4 ? POOLED_LARGE : POOLED_SMALL;
    const context = sharpContext(grid, cell[0] * width, cell[1] * height);
    const digits = width <= 4 ? 3 : 2;
    const { low, high } = scale;
    drawGridNumbers(context, values, height, width, { low, high, cell, inside, digits });
    if (winner !== null) drawPooledWinner(context, winner, width, cell);
    line.textContent = winner === null ? "" : sayWinner(winner, window);
  }

  return { element, update };
}

/** Draw a double frame, dark and light, around the cell that won. */
function drawPooledWinner(context, winner, columns, [across, down]) {
  const [x, y] = [(winner % columns) * across, Math.floor(winner / columns) * down];
  for (const [inset, color] of [[2, "#000"], [4, "#fff"]]) {
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.strokeRect(x + inset, y + inset, across - 2 * inset, down - 2 * inset);
  }
}

/** Return which pixel of the window won. */
export function sayWinner(winner, { width }) {
  const [row, column] = [Math.floor(winner / width), winner % width];
  return say("The framed pixel won: row {row}, column {column} of the window.", { row, column });
}
