/** The tab "Look": a layer's maps, one of them large, and how each number came about. */

import { arrowStep, canvas, make, markChosen, number, pixelUnder, roving } from "./dom.js";
import { placeBubble, setText, size, stage, toggle, whenInView } from "./dom.js";
import { commonRange, drawMap, drawPixels, rangeOf } from "./drawing.js";
import { createExplain } from "./explain.js";
import { describeLayer } from "./row.js";
import { createUnits } from "./units.js";
import { say } from "./words.js";

/** Make the tab. */
export function createLook(app) {
  const view = { sameScale: true };
  const heading = make("h2", { class: "px-look-title" });
  const line = make("p", { class: "px-look-line" });
  const problem = make("p", { class: "px-failure", hidden: true });
  const maps = createLookMaps(app, view);
  const units = createUnits(app);
  const chosen = createLookMap(app, view);
  const field = createLookField(app);
  const explain = createExplain(app);
  const top = make(
    "div",
    { class: "px-look-top" },
    maps.element,
    units.element,
    chosen.element,
    field.element,
  );
  const body = make("div", { class: "px-look-body" }, top, explain.element);
  const element = make("div", { class: "px-look" }, heading, line, problem, body);

  function update() {
    const { layer } = app.selection;
    const error = app.network.outputError(layer);
    setText(heading, app.manifest.layers[layer].name);
    setText(line, describeLayer(app, layer));
    problem.hidden = error === null;
    problem.textContent = error ?? "";
    body.hidden = error !== null;
    if (error) return;
    const { height, width } = app.network.output(layer);
    const isVector = height * width === 1;
    units.element.hidden = !isVector;
    maps.element.hidden = chosen.element.hidden = isVector;
    for (const part of isVector ? [units] : [maps, chosen]) part.update();
    field.update();
    explain.update();
  }

  return { name: "look", label: say("Look"), element, update, sentence: explain.spoken };
}

/** Return the range of the colors of one map: the layer's, or the map's own. */
function lookScale(app, view, filter) {
  const maps = app.network.output(app.selection.layer);
  return view.sameScale ? commonRange(maps) : rangeOf(maps, filter);
}

/** All maps of the layer, a radio group. */
function createLookMaps(app, view) {
  const title = make("h3", { class: "px-small-title" });
  const legend = createLookLegend();
  const ownScale = toggle(say("Each map on its own scale"), false, (on) => {
    view.sameScale = !on;
    app.draw();
  });
  const group = make("div", { class: "px-maps", role: "radiogroup" });
  const element = make(
    "div",
    { class: "px-look-maps" },
    title,
    group,
    make("div", { class: "px-maps-foot" }, legend.element, ownScale),
  );
  let tiles = [];
  let madeFor = null;
  roving(group, () => tiles, () => lookColumns(group), (filter) => app.select({ filter }));

  function build(layer, channels) {
    const { name } = app.manifest.layers[layer];
    title.textContent = say("{channels} maps: choose one", { channels });
    group.setAttribute("aria-label", say("Maps of {name}", { name }));
    group.classList.toggle("px-maps-many", channels > 36);
    tiles = Array.from({ length: channels }, (_, filter) => createLookTile(app, view, filter));
    group.replaceChildren(...tiles);
    group.scrollTop = 0;
  }

  function update() {
    const { layer, filter } = app.selection;
    const { channels } = app.network.output(layer);
    if (madeFor !== `${layer} ${channels}`) build(layer, channels);
    madeFor = `${layer} ${channels}`;
    markChosen(tiles, filter);
    for (const tile of tiles) tile.update();
    legend.update(view.sameScale ? lookScale(app, view, filter) : null);
  }

  return { element, update };
}

/** Return how many columns a grid has now. */
function lookColumns(grid) {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

/** One map to choose; it is drawn only while it is in view. */
function createLookTile(app, view, filter) {
  const picture = canvas(1, 1);
  const state = make("span", { class: "px-tile-state" });
  const tile = make(
    "button",
    {
      type: "button",
      role: "radio",
      class: "px-tile",
      onclick: () => app.select({ filter }),
    },
    picture,
    make("span", { class: "px-tile-name" }, String(filter), state),
  );
  const { layer } = app.selection;
  let drawn = null;

  tile.update = () => {
    if (!tile.inView || layer !== app.selection.layer) return;
    const maps = app.network.output(layer);
    if (!maps) return;
    const key = `${app.version} ${view.sameScale}`;
    if (drawn === key) return;
    drawn = key;
    drawMap(picture, maps, filter, { scale: lookScale(app, view, filter) });
    const word = lookState(app, layer, filter);
    state.textContent = word;
    const name = say("Map {filter}", { filter });
    tile.setAttribute("aria-label", word ? say("{name} {word}", { name, word }) : name);
  };
  whenInView(tile, tile.update);
  return tile;
}

/** Return what was done to a map, as a word. */
function lookState(app, layer, filter) {
  if (app.network.isOff(layer, filter)) return say("off");
  const { kind } = app.manifest.layers[layer];
  const edited = kind === "conv" && app.network.filterOf(layer, filter).edited;
  return edited ? say("edited") : "";
}

/** The colors' range as a bar with its two ends. */
function createLookLegend() {
  const bar = canvas(64, 1);
  const values = Float32Array.from({ length: 64 }, (_, at) => at);
  drawMap(bar, { data: values, height: 1, width: 64, channels: 1 }, 0);
  const low = make("span");
  const high = make("span");
  const element = make("div", { class: "px-legend" }, low, bar, high);
  const update = (scale) => {
    low.textContent = scale ? number(scale.low, 2) : say("least");
    high.textContent = scale ? lookHigh(scale) : say("most");
  };
  return { element, update };
}

/** Return the upper end of a range, and whether there are values beyond it. */
function lookHigh({ high, clipped }) {
  const text = number(high, 2);
  return clipped ? say("{high} and more", { high: text }) : text;
}

/** The chosen map, large: point at a pixel, drag, or use the arrow keys. */
function createLookMap(app, view) {
  const title = make("h3", { class: "px-small-title" });
  const picture = canvas(1, 1, say("Map"));
  picture.setAttribute("role", "application");
  picture.setAttribute("aria-roledescription", say("map of pixels"));
  picture.tabIndex = 0;
  const bubble = make("div", { class: "px-bubble" });
  const frame = stage(picture, bubble);
  frame.classList.add("px-pointed");
  const hint = make("p", {
    class: "px-hint",
    text: say("Point at a pixel, drag, or press the arrow keys."),
  });
  const element = make("div", { class: "px-look-map" }, title, frame, hint);
  let drawn = null;
  lookPointing(app, picture);

  function update() {
    const { layer, filter, y, x } = app.selection;
    const maps = app.network.output(layer);
    const { height, width } = maps;
    const key = `${app.version} ${layer} ${filter} ${view.sameScale}`;
    if (drawn !== key) {
      drawn = key;
      drawMap(picture, maps, filter, { scale: lookScale(app, view, filter) });
      const { name } = app.manifest.layers[layer];
      const values = { filter, name, size: size([height, width]) };
      title.textContent = say("Map {filter}", values);
      const label = say("Map {filter} of {name}, {size}. Arrow keys move the pixel.", values);
      picture.setAttribute("aria-label", label);
      frame.style.setProperty("--px-ratio", String(width / Math.max(height, width)));
    }
    frame.mark({ top: y, left: x, height: 1, width: 1 }, height, width);
    const value = number(maps.data[(y * width + x) * maps.channels + filter], 4);
    setText(bubble, value);
    placeBubble(bubble, (x + 0.5) / width, (y + 0.5) / height);
  }

  return { element, update };
}

/** Choose the pixel under the mouse or the finger, and move it by the arrow keys. */
function lookPointing(app, picture) {
  const shape = () => app.presentShape(app.selection.layer);
  const point = (event) => app.select(pixelUnder(event, picture, ...shape()));
  picture.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") picture.setPointerCapture(event.pointerId);
    point(event);
  });
  picture.addEventListener("pointermove", point);
  picture.addEventListener("keydown", (event) => {
    const { y, x } = app.selection;
    const [height, width] = shape();
    const ends = { Home: { x: 0 }, End: { x: width - 1 } };
    ends.PageUp = { y: 0 };
    ends.PageDown = { y: height - 1 };
    const step = arrowStep(event);
    const next = step ? { y: y + step[0], x: x + step[1] } : ends[event.key];
    if (!next) return;
    event.preventDefault();
    app.select(next, true);
  });
}

/** The photograph with the part of it that the chosen pixel depends on. */
function createLookField(app) {
  const { network, manifest } = app;
  const [height, width, channels] = manifest.input_shape;
  const picture = canvas(width, height, say("The picture"));
  const frame = stage(picture);
  frame.classList.add("px-dimmed");
  frame.style.setProperty("--px-ratio", String(width / Math.max(height, width)));
  const caption = make("p", { class: "px-hint" });
  const title = make("h3", { class: "px-small-title", text: say("Its receptive field") });
  const element = make("div", { class: "px-look-field" }, title, frame, caption);
  let drawn = null;

  function update() {
    if (drawn !== app.version) drawPixels(picture, network.pixels, height, width, channels);
    drawn = app.version;
    const { layer, y, x } = app.selection;
    const window = network.receptiveField(layer, y, x);
    frame.mark(window, height, width);
    caption.textContent = window ? lookFieldLine(window, height, width) : "";
  }

  return { element, update };
}

/** Return how much of the photograph a pixel depends on. */
function lookFieldLine(window, height, width) {
  if (window.height === height && window.width === width) {
    return say("This number depends on the whole picture.");
  }
  const seen = size([window.height, window.width]);
  return say("This number depends on {seen} pixels of the picture.", { seen });
}
