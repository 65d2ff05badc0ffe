/** The row of layers, from the photograph to the probabilities. */

import { breakable, canvas, count, make, markChosen, number, roving } from "./dom.js";
import { setText, size, whenInView } from "./dom.js";
import { aroundZero, colorOf, commonRange, drawMap, drawPixels } from "./drawing.js";
import { rangeOf, sharpContext } from "./drawing.js";
import { say } from "./words.js";

const ROW_PICTURE = 88; // CSS pixels of a card's picture, as in the style sheet
const ROW_GAP = 4; // between its maps
const ROW_BARS = 12; // at most so many numbers are drawn as bars
const ROW_LONG = 9; // letters without a break that fit a card; longer names are written smaller

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
  if (!app.manifest.stops_at && !app.endsInMaps()) ends.push(createRowProbabilities(app));
  const row = make("div", { class: "px-layers" }, ends[0].element, group, ends[1]?.element);
  const arrows = [rowArrow(row, -1), rowArrow(row, 1)];
  const element = make("div", { class: "px-layers-frame" }, row, ...arrows);
  rowFollowScheme(app);
  roving(group, () => items, () => 0, (layer) => app.select({ layer }));
  let shown = null;

  function update() {
    const { layer } = app.selection;
    markChosen(items, layer);
    for (const part of [...ends, ...cards]) part.update();
    if (shown !== layer) rowReveal(row, items[layer]);
    shown = layer;
  }

  return { element, update };
}

/** Draw everything again when the screen turns dark or light, for as long as the explorer lives. */
function rowFollowScheme(app) {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const held = new WeakRef(app);
  const redraw = () => {
    const there = held.deref();
    if (!there) return scheme.removeEventListener("change", redraw);
    there.version += 1;
    return there.draw();
  };
  scheme.addEventListener("change", redraw);
}

/** Make an arrow that scrolls the row, there while more layers lie on its side; keys need none. */
function rowArrow(row, side) {
  const arrow = make("button", {
    type: "button",
    class: side < 0 ? "px-layers-more px-layers-back" : "px-layers-more",
    tabindex: -1,
    "aria-hidden": "true",
    text: side < 0 ? "‹" : "›",
    onclick: () => (row.scrollLeft += 0.7 * side * row.clientWidth),
  });
  const show = () => {
    const rest = row.scrollWidth - row.clientWidth - row.scrollLeft;
    arrow.hidden = (side < 0 ? row.scrollLeft : rest) < 8;
  };
  row.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(row);
  return arrow;
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
    rowName(layer.name),
    make("span", { class: "px-card-line", text: describeLayer(app, index) }),
    shape,
    make("span", { class: "px-card-size", text: weights }),
  );
  let drawn = null;
  let filters = null; // which maps are shown; they stay when the network is changed

  function update() {
    const key = `${app.version} ${app.ink} ${app.answer.fromOracle}`;
    if (drawn === key || !element.inView) return;
    const { error: problem, misfit } = app.network.cell(index);
    if (problem && !misfit && app.answer.pending) return; // Python is asked, too
    drawn = key;
    const maps = app.network.output(index) ?? app.outputOfPython(index);
    setText(shape, misfit ? say("no output") : size(rowShape(app, index)));
    element.classList.toggle("px-broken", Boolean(misfit));
    element.classList.toggle("px-absent", !maps && !misfit);
    const hint = maps ? "" : problem;
    if (element.title !== hint) element.title = hint;
    const context = sharpContext(picture, ROW_PICTURE, ROW_PICTURE);
    if (!maps) return;
    filters ??= rowFilters(maps);
    drawRowPicture(context, maps, filters, app.ink);
  }

  whenInView(element, update);
  return { element, update };
}

/** Make a layer's name, which is broken within a word only where nothing else helps. */
function rowName(name) {
  const text = breakable(name);
  const longest = Math.max(...text.split(/[\u200b\s]/).map((part) => part.length));
  const names = longest > ROW_LONG ? "px-card-name px-card-long" : "px-card-name";
  return make("span", { class: names, text });
}

/** The photograph at the start of the row. */
function createRowPhotograph(app) {
  const { input_shape: shape } = app.manifest;
  const picture = canvas(shape[1], shape[0]);
  const element = rowEnd(picture, say("picture"), say("What goes in"), size(shape));
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
  let ink = null;
  const update = () => {
    if (drawn === app.answer && ink === app.ink) return;
    drawn = app.answer;
    ink = app.ink;
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
    rowName(name),
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
function rowTiles({ height, channels }) {
  const most = height >= 24 ? 2 : height >= 12 ? 3 : 4;
  return Math.min(most, Math.ceil(Math.sqrt(channels)));
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
  const window = () => app.network.geometryOf(index).size.join("\u00a0×\u00a0");
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
