/** The numbers of a vector, as bars or as cells: click one, or use the arrow keys. */

import { arrowStep, canvas, make, number, pixelUnder, placeBubble, stage } from "./dom.js";
import { aroundZero, colorOf, rangeOf, sharpContext } from "./drawing.js";
import { say } from "./words.js";

const UNITS_SIDE = 336; // CSS pixels of the picture
const UNITS_BARS = 12; // at most so many numbers are drawn as bars with their names
const UNITS_BAR = 44; // CSS pixels from bar to bar
const UNITS_NAME = 0.36; // part of the picture for the names

/** Make the picture of the chosen layer's units: {element, update()}. */
export function createUnits(app) {
  const title = make("h3", { class: "px-small-title" });
  const picture = canvas(UNITS_SIDE, UNITS_SIDE, say("Units"));
  picture.setAttribute("role", "application");
  picture.setAttribute("aria-roledescription", say("list of units"));
  picture.tabIndex = 0;
  const bubble = make("div", { class: "px-bubble" });
  const frame = stage(picture, bubble);
  frame.classList.add("px-pointed", "px-units");
  const hint = make("p", { class: "px-hint", text: say("Click a unit, or press the arrow keys.") });
  const element = make("div", { class: "px-look-map px-look-units" }, title, frame, hint);
  let drawn = null;

  const choose = (unit, spoken) => {
    if (unit >= 0 && unit < unitsGrid(app).channels) app.select({ filter: unit }, spoken);
  };
  picture.addEventListener("click", (event) => {
    const { rows, columns } = unitsGrid(app);
    const { y, x } = pixelUnder(event, picture, rows, columns);
    choose(y * columns + x, false);
  });
  picture.addEventListener("keydown", (event) => {
    const step = arrowStep(event);
    if (!step) return;
    event.preventDefault();
    choose(app.selection.filter + step[0] * unitsGrid(app).columns + step[1], true);
  });

  function draw() {
    const { layer } = app.selection;
    const { data } = app.network.output(layer);
    const { channels, columns, rows } = unitsGrid(app);
    const nameOf = (unit) => unitName(app, layer, unit);
    if (columns === 1) drawUnitBars(picture, data, nameOf, app.ink);
    else drawUnitCells(picture, data, rows, columns);
    title.textContent = say("{channels} numbers: choose one", { channels });
    const { name } = app.manifest.layers[layer];
    const label = say("The {channels} numbers of {name}. Arrow keys move.", { channels, name });
    picture.setAttribute("aria-label", label);
  }

  function update() {
    const { layer, filter } = app.selection;
    const key = `${app.version} ${layer}`;
    if (drawn !== key) draw();
    drawn = key;
    const { columns, rows } = unitsGrid(app);
    const [y, x] = [Math.floor(filter / columns), filter % columns];
    frame.mark({ top: y, left: x, height: 1, width: 1 }, rows, columns);
    const value = number(app.network.output(layer).data[filter], 4);
    bubble.hidden = columns === 1;
    bubble.textContent = say("{name}: {value}", { name: unitName(app, layer, filter), value });
    placeBubble(bubble, (x + 0.5) / columns, (y + 0.5) / rows);
  }

  return { element, update };
}

/** Return {channels, columns, rows} of the picture: one column of bars, or a grid of cells. */
function unitsGrid(app) {
  const { channels } = app.network.output(app.selection.layer);
  const columns = channels <= UNITS_BARS ? 1 : Math.ceil(Math.sqrt(channels));
  return { channels, columns, rows: Math.ceil(channels / columns) };
}

/** Return the name of a unit: its class in the last layer, else its number. */
function unitName(app, layer, unit) {
  const isLast = layer === app.manifest.layers.length - 1 && !app.manifest.stops_at;
  return isLast ? app.classNames[unit] : say("unit {unit}", { unit });
}

/** Draw a few units as bars from zero, with their names and numbers. */
function drawUnitBars(picture, data, nameOf, ink) {
  const step = Math.min(UNITS_BAR, UNITS_SIDE / data.length);
  const context = sharpContext(picture, UNITS_SIDE, step * data.length);
  const { low, high } = aroundZero(rangeOf({ data, channels: 1 }));
  const left = UNITS_SIDE * UNITS_NAME;
  const room = UNITS_SIDE - left;
  const place = (value) => left + (high > low ? ((value - low) / (high - low)) * room : room / 2);
  context.fillStyle = ink;
  context.textBaseline = "middle";
  data.forEach((value, unit) => {
    const [top, middle] = [unit * step, (unit + 0.5) * step];
    context.font = "13px system-ui, sans-serif";
    context.fillText(nameOf(unit), 6, middle - 8, left - 12);
    context.fillText(number(value, 4), 6, middle + 8, left - 12);
    const [from, to] = [place(0), place(value)].sort((a, b) => a - b);
    context.fillRect(from, top + step * 0.25, Math.max(1, to - from), step * 0.5);
  });
  context.globalAlpha = 0.5;
  context.fillRect(place(0), 0, 1, step * data.length);
  context.globalAlpha = 1;
}

/** Draw many units as colored cells, row by row. */
function drawUnitCells(picture, data, rows, columns) {
  const context = sharpContext(picture, UNITS_SIDE, UNITS_SIDE);
  const { low, high } = rangeOf({ data, channels: 1 });
  const [across, down] = [UNITS_SIDE / columns, UNITS_SIDE / rows];
  const gap = across > 8 && down > 8 ? 1 : 0;
  data.forEach((value, unit) => {
    const color = colorOf("viridis", high > low ? (value - low) / (high - low) : 0);
    context.fillStyle = `rgb(${color.join(" ")})`;
    const [x, y] = [(unit % columns) * across, Math.floor(unit / columns) * down];
    context.fillRect(x, y, across - gap, down - gap);
  });
}
