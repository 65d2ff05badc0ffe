/** The row of layers, from the photograph to the probabilities. */

import { breakable, canvas, count, make, markChosen, number, roving } from "./dom.js";
import { setText, size, whenInView } from "./dom.js";
import { aroundZero, colorOf, commonRange, drawMap, drawPixels } from "./drawing.js";
import { rangeOf, sharpContext } from "./drawing.js";
import { say } from "./words.js";

const ROW_PICTURE = 104; // CSS pixels of a card's picture
const ROW_GAP = 4; // between its maps
const ROW_BARS = 12; // at most so many numbers are drawn as bars

/** Make the row: {element, update()}. */
export function createRow(app) {
  const { layers } = app.manifest;
  const cards = layers.map((_, index) => createRowCard(app, index));
  const items = cards.map((card) => card.element);
  const group = make(
    "div",
    { class: "px-layers-group", role: "radiogroup", "aria-label": say("Layers") },
    ...items,
  );
  const ends = [createRowPhotograph(app)];
  if (!app.manifest.stops_at) ends.push(createRowProbabilities(app));
  const row = make("div", { class: "px-layers" }, ends[0].element, group, ends[1]?.element);
  roving(group, () => items, () => 0, (layer) => app.select({ layer }));
  let shown = null;

  function update() {
    const { layer } = app.selection;
    markChosen(items, layer);
    for (const part of [...ends, ...cards]) part.update();
    if (shown !== layer) rowReveal(row, items[layer]);
    shown = layer;
  }

  return { element: row, update };
}

/** Scroll the row, and nothing else, so that a card is seen whole. */
function rowReveal(row, card) {
  const outer = row.getBoundingClientRect();
  const inner = card.getBoundingClientRect();
  const margin = Math.min(inner.width + 24, (outer.width - inner.width) / 2); // and a neighbor
  if (inner.left < outer.left + margin) row.scrollLeft -= outer.left + margin - inner.left;
  if (inner.right > outer.right - margin) row.scrollLeft += inner.right - outer.right + margin;
}

/** One layer: a card with its maps, or a thin line for a layer that only passes values on. */
function createRowCard(app, index) {
  const layer = app.manifest.layers[index];
  const choose = () => app.select({ layer: index });
  const attributes = { type: "button", role: "radio", onclick: choose };
  if (layer.kind === "flatten" || layer.kind === "dropout") {
    const label = say("{name}: {line}", { name: layer.name, line: describeLayer(app, index) });
    const thin = { ...attributes, class: "px-card px-thin", "aria-label": label, title: label };
    const element = make("button", thin, make("span", { class: "px-thin-name", text: layer.name }));
    return { element, update: () => {} };
  }
  const picture = canvas(ROW_PICTURE, ROW_PICTURE);
  const shape = make("span", { class: "px-card-size" });
  const weights = layer.weights
    ? say("{count} weights", { count: count(layer.weights) })
    : say("no weights");
  const element = make(
    "button",
    { ...attributes, class: "px-card" },
    picture,
    make("span", { class: "px-card-name", text: breakable(layer.name) }),
    make("span", { class: "px-card-line", text: describeLayer(app, index) }),
    shape,
    make("span", { class: "px-card-size", text: weights }),
  );
  let drawn = null;
  let filters = null; // which maps are shown; they stay when the network is changed

  function update() {
    if (drawn === app.version || !element.inView) return;
    drawn = app.version;
    const problem = app.network.outputError(index);
    setText(shape, problem ? say("no output") : size(rowShape(app, index)));
    element.classList.toggle("px-broken", problem !== null);
    if (element.title !== (problem ?? "")) element.title = problem ?? "";
    const context = sharpContext(picture, ROW_PICTURE, ROW_PICTURE);
    if (problem) return;
    const maps = app.network.output(index);
    filters ??= rowFilters(maps);
    drawRowPicture(context, maps, filters, app.ink);
  }

  whenInView(element, update);
  return { element, update };
}

/** The photograph at the start of the row. */
function createRowPhotograph(app) {
  const { input_shape: shape } = app.manifest;
  const picture = canvas(shape[1], shape[0]);
  const element = rowEnd(picture, say("photograph"), say("What goes in"), size(shape));
  let drawn = null;
  const update = () => {
    if (drawn === app.version) return;
    drawn = app.version;
    drawPixels(picture, app.network.pixels, ...shape);
  };
  return { element, update };
}

/** The probabilities at the end of the row. */
function createRowProbabilities(app) {
  const picture = canvas(ROW_PICTURE, ROW_PICTURE);
  const classes = app.classNames.length;
  const line = say("Scores as shares of 1");
  const element = rowEnd(picture, say("probabilities"), line, String(classes));
  let drawn = null;
  const update = () => {
    if (drawn === app.answer) return;
    drawn = app.answer;
    const context = sharpContext(picture, ROW_PICTURE, ROW_PICTURE);
    const { values } = app.answer;
    if (values) drawRowBars(context, values, { low: 0, high: 1 }, app.ink);
  };
  return { element, update };
}

/** Make a card that is not chosen: one of the two ends of the row. */
function rowEnd(picture, name, line, shape) {
  return make(
    "div",
    { class: "px-card px-end" },
    picture,
    make("span", { class: "px-card-name", text: name }),
    make("span", { class: "px-card-line", text: line }),
    make("span", { class: "px-card-size", text: shape }),
  );
}

/** Return the present shape of a layer's output: [h, w, c] or [n]. */
function rowShape(app, index) {
  const shape = app.presentShape(index);
  return app.manifest.layers[index].shape.length === 1 ? shape.slice(2) : shape;
}

/** Return how many maps are drawn side by side: fewer and larger ones where maps are large. */
function rowTiles({ height }) {
  return height >= 24 ? 2 : height >= 12 ? 3 : 4;
}

/** Return the maps that vary most, in their order, so that a card shows something. */
function rowFilters(maps) {
  const { data, height, width, channels } = maps;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let at = 0; at < data.length; at += 1) {
    sums[at % channels] += data[at];
    squares[at % channels] += data[at] * data[at];
  }
  const spread = squares.map((square, filter) => square - sums[filter] ** 2 / (height * width));
  const order = Array.from(spread.keys()).sort((a, b) => spread[b] - spread[a]);
  return order.slice(0, rowTiles(maps) ** 2).sort((a, b) => a - b);
}

/** Draw a few maps, or the units of a vector. */
function drawRowPicture(context, maps, filters, ink) {
  const { height, width, channels } = maps;
  if (height * width > 1) drawRowMaps(context, maps, filters);
  else if (channels > ROW_BARS) drawRowUnits(context, maps);
  else drawRowBars(context, maps.data, aroundZero(rangeOf(maps)), ink);
}

let rowCanvas = null; // one canvas that every map is drawn on before it becomes a tile

function rowScratch() {
  rowCanvas ??= canvas(1, 1);
  return rowCanvas;
}

/** Draw some maps of a layer as tiles. */
function drawRowMaps(context, maps, filters) {
  const sides = rowTiles(maps);
  const side = (ROW_PICTURE - ROW_GAP * (sides - 1)) / sides;
  const scale = commonRange(maps);
  const scratch = rowScratch();
  context.imageSmoothingEnabled = maps.width > side * 1.5;
  context.imageSmoothingQuality = "high";
  filters.forEach((filter, tile) => {
    drawMap(scratch, maps, filter, { scale });
    const left = (tile % sides) * (side + ROW_GAP);
    const top = Math.floor(tile / sides) * (side + ROW_GAP);
    context.drawImage(scratch, left, top, side, side);
  });
}

/** Draw many numbers as a grid of colored cells. */
function drawRowUnits(context, { data, channels }) {
  const columns = Math.ceil(Math.sqrt(channels));
  const cell = ROW_PICTURE / columns;
  const { low, high } = rangeOf({ data, channels: 1 });
  for (let unit = 0; unit < channels; unit += 1) {
    const color = colorOf("viridis", high > low ? (data[unit] - low) / (high - low) : 0);
    context.fillStyle = `rgb(${color.join(" ")})`;
    const left = (unit % columns) * cell;
    context.fillRect(left, Math.floor(unit / columns) * cell, cell + 0.5, cell + 0.5);
  }
}

/** Draw a few numbers as bars from zero, in the color of the text. */
function drawRowBars(context, values, { low, high }, ink) {
  const shown = Array.from(values).slice(0, ROW_BARS);
  const step = Math.min(28, ROW_PICTURE / shown.length);
  const place = (value) => (high > low ? ((value - low) / (high - low)) * ROW_PICTURE : 0);
  context.fillStyle = ink;
  shown.forEach((value, index) => {
    const top = (ROW_PICTURE - step * shown.length) / 2 + index * step;
    const [from, to] = [place(0), place(value)].sort((a, b) => a - b);
    context.fillRect(from, top + 2, Math.max(1, to - from), step - 4);
  });
  context.globalAlpha = 0.5;
  context.fillRect(place(0), 0, 1, ROW_PICTURE);
  context.globalAlpha = 1;
}

/** Return in a line what a layer does. */
export function describeLayer(app, index) {
  const layer = app.manifest.layers[index];
  const { shape, kind } = layer;
  const amount = shape[shape.length - 1];
  const isLast = index === app.manifest.layers.length - 1;
  const window = () => app.network.geometryOf(index).size.join(" × ");
  if (kind === "conv") {
    const values = { amount, window: window() };
    return layer.activation === "relu"
      ? say("{amount} filters of {window}, then ReLU", values)
      : say("{amount} filters of {window}", values);
  }
  if (kind === "max_pool") return say("Keeps the largest of {window}", { window: window() });
  if (kind === "average_pool") return say("Averages each {window}", { window: window() });
  if (kind === "global_average_pool") return say("Averages each map");
  if (kind === "relu") return say("Makes negative values 0");
  if (kind === "batch_norm") return say("Scales and shifts each map");
  if (kind === "flatten") return say("Reads all maps as one list");
  if (kind === "dropout") {
    return say("Drops {rate} of the values, only in training", { rate: number(layer.rate, 2) });
  }
  if (isLast && !app.manifest.stops_at) return say("A score for each class");
  return layer.activation === "relu"
    ? say("{amount} weighted sums, then ReLU", { amount })
    : say("{amount} weighted sums", { amount });
}
