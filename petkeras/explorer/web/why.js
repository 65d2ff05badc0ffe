/** Which input maps and which kernels made a map of a convolution, and one number of it. */

import { button, canvas, make, number, setText, stage } from "./dom.js";
import { commonRange, drawGridNumbers, drawMap, sharpContext } from "./drawing.js";
import { kernelInputName } from "./kernel.js";
import { windowExtent } from "./windows.js";
import { say } from "./words.js";

export const WHY_ROWS = 8; // input maps that are shown at first
const WHY_GRID = 108; // CSS pixels across a grid of numbers
const WHY_SIGN = 16; // between two grids

/** Make the list of input maps, the largest contribution first: {element, update(explained)}. */
export function createWhy(app) {
  const title = make("h3", { class: "px-small-title" });
  const list = make("ol", { class: "px-why" });
  const rest = make("span", { class: "px-why-rest" });
  const more = button("", () => {
    expanded = !expanded;
    app.draw();
  });
  const foot = make("div", { class: "px-why-foot" }, more, rest);
  const legend = make("p", {
    class: "px-hint",
    text: say("Window × kernel = products. Cells with two strokes lie beyond the edge."),
  });
  const element = make("div", { class: "px-why-frame" }, title, legend, list, foot);
  let expanded = false;
  let shownFor = null;
  let rows = [];
  let order = []; // [{channel, share}]

  /** Show other input maps, in rows that stay, so that the focus stays where it is. */
  function show() {
    const { layer, filter } = app.selection;
    order = app.network.contributions(layer, filter);
    title.textContent = say("The input maps that made map {filter}, by what they gave", { filter });
    const amount = expanded ? order.length : Math.min(WHY_ROWS, order.length);
    while (rows.length < amount) rows.push(createWhyRow(app));
    rows.length = amount;
    rows.forEach((row, place) => row.show(order[place]));
    const elements = rows.map((row) => row.element);
    for (const element of [...list.children].slice(amount)) element.remove();
    list.append(...elements.slice(list.children.length));
    const hidden = order.length - WHY_ROWS;
    foot.hidden = hidden <= 0;
    more.textContent = expanded
      ? say("Show only the first {rows}", { rows: WHY_ROWS })
      : say("and {hidden} more", { hidden });
    more.setAttribute("aria-expanded", String(expanded));
  }

  function update(explained) {
    const { layer, filter } = app.selection;
    const key = `${app.version} ${layer} ${filter} ${expanded}`;
    if (shownFor !== key) show();
    shownFor = key;
    const scales = whyScales(app, explained);
    for (const row of rows) row.update(explained, scales);
    const others = order.slice(rows.length);
    const sum = others.reduce((total, { channel }) => total + explained.parts[channel].sum, 0);
    rest.textContent = others.length > 0 ? say("together {sum}", { sum: number(sum, 4) }) : "";
  }

  return { element, update };
}

/** Return the ranges of the colors of windows, kernels and products. */
function whyScales(app, { parts }) {
  const largest = (name) =>
    parts.reduce((most, part) => part[name].reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  const around = (value) => ({ low: -value, high: value });
  return {
    window: commonRange(app.network.output(app.selection.layer - 1)),
    kernel: around(largest("kernel")),
    products: around(largest("products")),
  };
}

/** Return the layer whose maps are this layer's input, past those that only pass values on. */
function whySource(app, layer) {
  let source = layer - 1;
  while (source >= 0 && app.manifest.layers[source].kind === "dropout") source -= 1;
  return source;
}

/** One input map: where the window lies in it, the three grids, and their sum. */
function createWhyRow(app) {
  const thumbnail = canvas(1, 1);
  const frame = stage(thumbnail);
  const name = make("span", { class: "px-why-name" });
  const share = make("span", { class: "px-why-share" });
  const go = () => app.select({ layer: whySource(app, app.selection.layer), filter: channel });
  const from = make(
    "button",
    { type: "button", class: "px-why-from", title: say("Go to this map"), onclick: go },
    frame,
    name,
    share,
  );
  const grids = canvas(1, 1);
  const sum = make("span", { class: "px-why-sum" });
  const element = make("li", { class: "px-why-row" }, from, grids, sum);
  let channel = 0;

  function show(entry) {
    channel = entry.channel;
    const { layer } = app.selection;
    const input = app.network.output(layer - 1);
    drawMap(thumbnail, input, channel, { scale: commonRange(input) });
    name.textContent = kernelInputName(app.network, layer, channel);
    const percent = number(100 * entry.share, entry.share < 0.0995 ? 1 : 0);
    share.textContent = say("gave {percent}%", { percent });
    from.disabled = whySource(app, layer) < 0;
  }

  function update({ window, parts, inside }, scales) {
    const input = app.network.output(app.selection.layer - 1);
    frame.mark(windowExtent(window), input.height, input.width);
    drawWhyGrids(grids, parts[channel], { window, inside, scales, ink: app.ink });
    setText(sum, number(parts[channel].sum, 4));
  }

  return { element, show, update };
}

/** Draw window × kernel = products on one canvas. */
function drawWhyGrids(picture, part, { window, inside, scales, ink }) {
  const { height, width } = window;
  const cell = whyCell(height, width);
  const across = cell[0] * width;
  const context = sharpContext(picture, 3 * across + 2 * WHY_SIGN, cell[1] * height);
  const grids = [
    [part.values, { cell, ...scales.window, colors: "viridis", inside }],
    [part.kernel, { cell, ...scales.kernel, colors: "diverging" }],
    [part.products, { cell, ...scales.products, colors: "diverging" }],
  ];
  grids.forEach(([values, options], place) => {
    const left = place * (across + WHY_SIGN);
    const digits = whyDigits(options);
    drawGridNumbers(context, values, height, width, { ...options, left, digits });
    if (place === 2) return;
    context.fillStyle = ink;
    context.font = "15px system-ui, sans-serif";
    context.fillText(place ? "=" : "×", left + across + WHY_SIGN / 2, (cell[1] * height) / 2);
  });
}

/** Return the size [width, height] of a cell, so that every grid is as wide. */
function whyCell(height, width) {
  if (height <= 3 && width <= 3) return [WHY_GRID / Math.max(2, width), height < 3 ? 36 : 26];
  const side = WHY_GRID / Math.max(height, width);
  return [side, side];
}

/** Return how many decimals numbers of this range need in a cell. */
function whyDigits({ low, high }) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (largest >= 100) return 0;
  if (largest >= 10) return 1;
  return largest >= 0.3 ? 2 : 3;
}
