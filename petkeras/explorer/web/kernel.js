/** The kernel of the chosen filter, to be changed: cell by cell, painted, or the article's. */
import { cellText, createCells } from "./cells.js";
import { colorOf, drawKernel, drawMap, rangeOf } from "./drawing.js";
import { button, canvas, make, number, slider, toggle } from "./dom.js";
import { createTrained } from "./trained.js";
import { say } from "./words.js";

const KERNEL_CHANNEL_NAMES = ["red", "green", "blue"];
const KERNEL_MEAN = -1; // the choice of the mean of all inputs in place of one

/** Return one channel of a kernel (kh, kw, cin) as (kh, kw); KERNEL_MEAN gives their sum. */
export function kernelChannel({ kernel, size: [height, width] }, channel) {
  const channels = kernel.length / (height * width);
  const values = new Float32Array(height * width);
  for (let cell = 0; cell < values.length; cell++) {
    const first = cell * channels;
    if (channel >= 0) values[cell] = kernel[first + channel];
    else for (let c = 0; c < channels; c++) values[cell] += kernel[first + c];
  }
  return values;
}

/** Put `value` into one cell of one channel, or in equal shares into all channels. */
function kernelPut(kernel, channels, cell, channel, value) {
  if (channel >= 0) kernel[cell * channels + channel] = value;
  else kernel.fill(value / channels, cell * channels, (cell + 1) * channels);
}

/** Return `values` (kh, kw) as a kernel (kh, kw, cin): on one input, or on the mean of all. */
function kernelFrom(values, channels, channel) {
  const kernel = new Float32Array(values.length * channels);
  values.forEach((value, cell) => kernelPut(kernel, channels, cell, channel, value));
  return kernel;
}

/** Return a step of 1, 2 or 5 times a power of ten, about a tenth of the largest value. */
function kernelStep(values) {
  const tenth = Math.max(...Array.from(values, Math.abs), 1e-6) / 10 || 0.1;
  const power = 10 ** Math.floor(Math.log10(tenth));
  const digit = [5, 2, 1].find((each) => each * power <= tenth * 1.0001) ?? 1;
  return Number((digit * power).toPrecision(1));
}

/** Return the number of input maps of a convolution. */
export function kernelInputs(network, layer) {
  const { kernel, size } = network.filterOf(layer, 0);
  return kernel.length / (size[0] * size[1]);
}

/** Return the name of an input map: a color for a photograph, else a number. */
export function kernelInputName(network, layer, channel) {
  const colors = layer === 0 && network.manifest.input_shape[2] === 3;
  if (!colors) return say("input {channel}", { channel });
  return say(KERNEL_CHANNEL_NAMES[channel]);
}

/**
 * Make the editor of the chosen filter's kernel; `edited()` is called after a change.
 * Beside its `element` it has `result`, which shows the filter's map.
 */
export function createKernelEditor(app, edited) {
  const { network } = app;
  let channel = 0;
  let at = 0; // the chosen cell
  let brushValue = 1;
  let painting = false;
  let shown = ""; // which filter and size the cells were made for
  let cells = null;
  const trainedOutput = createTrained(app);

  const inputs = make("select", { class: "px-select", onchange: () => chooseInput(inputs.value) });
  const place = make("div", { class: "px-kernel-cells" });
  const chosen = make("p", { class: "px-readout" });
  const hint = make("p", { class: "px-hint" });
  const brush = make("input", {
    type: "number",
    class: "px-number",
    step: "any",
    value: brushValue,
    "aria-label": say("Value to paint with"),
    oninput: () => (brushValue = Number(brush.value) || 0),
  });
  const paint = toggle(say("Paint with the value"), false, (on) => (painting = on));
  const bias = slider(
    say("Bias"),
    { min: -1, max: 1, step: "any", value: 0, format: (value) => number(value, 4) },
    (value) => change({ bias: value }),
  );
  const article = make("div", { class: "px-presets" });
  const blank = make("div", { class: "px-buttons" });
  const reset = button(say("Reset this kernel"), resetKernel);
  const wasMap = canvas(1, 1, say("The map before the change"));
  const nowMap = canvas(1, 1, say("The map now"));
  const was = make(
    "figure",
    { class: "px-figure" },
    wasMap,
    make("figcaption", { text: say("As it was trained") }),
  );
  const nowCaption = make("figcaption");
  const now = make("figure", { class: "px-figure" }, nowMap, nowCaption);
  const title = make("h2", { class: "px-title" });
  const resultTitle = make("h2", { class: "px-title" });
  const element = make(
    "section",
    { class: "px-tool px-kernel" },
    title,
    make("label", { class: "px-row" }, make("span", { text: say("Kernel on") }), inputs),
    place,
    chosen,
    hint,
    make("div", { class: "px-row" }, paint, brush),
    make("h3", { class: "px-subtitle", text: say("The article's kernels") }),
    article,
    make("h3", { class: "px-subtitle", text: say("An empty kernel to paint") }),
    blank,
    bias,
    reset,
  );
  const result = make(
    "section",
    { class: "px-tool" },
    resultTitle,
    make("div", { class: "px-figures" }, now, was),
  );
  for (const [name, rows] of Object.entries(network.manifest.kernels ?? {})) {
    article.append(articleButton(name, rows));
  }
  for (const side of [3, 5, 7]) {
    const label = say("{side} × {side}", { side });
    blank.append(button(label, () => useKernel(new Float32Array(side * side), side)));
  }

  function articleButton(name, rows) {
    const values = Float32Array.from(rows.flat());
    const picture = canvas(7, 7);
    drawKernel(picture, values, 7, 7, Math.max(...values.map(Math.abs)));
    const made = button("", () => useKernel(values, 7), { class: "px-preset" });
    made.append(picture, make("span", { text: say(name) }));
    return made;
  }

  const present = () => network.filterOf(app.selection.layer, app.selection.filter);

  function change(part) {
    const { layer, filter } = app.selection;
    const { kernel, size, bias: offset } = present();
    network.editFilter(layer, filter, { kernel, size, bias: offset, ...part });
    edited();
  }

  /** Take a square kernel for the chosen input, or the mean of all; the bias becomes 0. */
  function useKernel(values, side) {
    const channels = kernelInputs(network, app.selection.layer);
    const empty = values.every((value) => value === 0);
    if (empty) brush.value = brushValue = brushValue || 1;
    if (empty) paint.input.checked = painting = true;
    change({ kernel: kernelFrom(values, channels, channel), size: [side, side], bias: 0 });
    app.announce(say("The kernel now has {side} × {side} cells; its bias is 0.", { side }));
  }

  function changeCell(cell, value) {
    const { kernel, size } = present();
    const copy = Float32Array.from(kernel);
    kernelPut(copy, copy.length / (size[0] * size[1]), cell, channel, value);
    change({ kernel: copy });
  }

  function resetKernel() {
    network.editFilter(app.selection.layer, app.selection.filter, null);
    edited();
    app.announce(say("This filter is as it was trained."));
  }

  function chooseInput(value) {
    channel = Number(value);
    shown = "";
    update();
  }

  /** Offer the inputs of a newly chosen layer; begin with the one that counts most. */
  function offerInputs(layer, filter) {
    const channels = kernelInputs(network, layer);
    const names = [[KERNEL_MEAN, say("the mean of all {channels} inputs", { channels })]];
    for (let c = 0; c < channels; c++) names.push([c, kernelInputName(network, layer, c)]);
    inputs.replaceChildren(
      ...names.map(([value, text]) => make("option", { value, text })),
    );
    const first = network.outputError(layer) ? null : network.contributions(layer, filter)[0];
    channel = first?.channel ?? 0;
    inputs.value = channel;
  }

  /** Make new cells where the filter or the size of its kernel is another. */
  function makeCells([height, width]) {
    const input = inputs.selectedOptions[0]?.textContent ?? "";
    const key = `${app.selection.layer} ${app.selection.filter} ${height} ${width} ${channel}`;
    if (key === shown) return;
    const filter = shown.split(" ").slice(0, 2).join(" ");
    if (!key.startsWith(`${filter} `)) at = 0;
    shown = key;
    at = Math.min(at, height * width - 1);
    cells = createCells(say("Kernel on {input}", { input }), height, width, {
      drag: true,
      step: () => kernelStep(kernelChannel(present(), channel)),
      brush: () => (painting ? brushValue : null),
      onEdit: changeCell,
      onChoose: (index) => {
        at = index;
        describeCell();
      },
    });
    place.replaceChildren(cells.element);
  }

  function describeCell() {
    const filter = present();
    const [row, column] = [Math.floor(at / filter.size[1]), at % filter.size[1]];
    const value = cellText(kernelChannel(filter, channel)[at], 5);
    chosen.textContent = say("Row {row}, column {column}: {value}", { row, column, value });
  }

  function drawMaps() {
    const { layer, filter } = app.selection;
    const problem = network.outputError(layer);
    now.hidden = Boolean(problem);
    was.hidden = Boolean(problem) || !present().edited;
    if (problem) return;
    const maps = network.output(layer);
    drawMap(nowMap, maps, filter, {});
    const { low, high } = rangeOf(maps, filter);
    const range = { low: number(low, 3), high: number(high, 3) };
    nowCaption.textContent = say("Now: {low} to {high}", range);
    if (!was.hidden) drawMap(wasMap, trainedOutput(layer), filter, {});
  }

  function update() {
    const { layer, filter } = app.selection;
    const { name } = network.layers[layer];
    const present_ = present();
    resultTitle.textContent = say("What filter {filter} gives", { filter });
    title.textContent = say("Kernel of filter {filter} of {name}", { filter, name });
    if (!shown.startsWith(`${layer} ${filter} `) && shown !== "") offerInputs(layer, filter);
    if (inputs.options.length === 0) offerInputs(layer, filter);
    makeCells(present_.size);
    const values = kernelChannel(present_, channel);
    const largest = Math.max(...values.map(Math.abs)) || 1;
    const colors = Array.from(values, (value) => colorOf("diverging", 0.5 + value / largest / 2));
    cells.show(values, { colors, decimals: present_.size[0] > 3 ? 2 : 3 });
    describeCell();
    hint.textContent =
      channel === KERNEL_MEAN
        ? say("Shown is the sum over all inputs; a change gives each input an equal share.")
        : say("Drag a cell up or down, press + or −, or type a number. One step is {step}.", {
            step: cellText(kernelStep(values), 6),
          });
    showBias(present_.bias);
    const same = network.geometryOf(layer).padding === "same";
    for (const each of [...article.children, ...blank.children]) each.disabled = !same;
    reset.disabled = !present_.edited;
    drawMaps();
  }

  function showBias(value) {
    const range = Math.max(1, Math.ceil(2 * Math.abs(value)));
    bias.input.max = Math.max(range, bias.input.max);
    bias.input.min = -bias.input.max;
    bias.show(value);
  }

  return { element, result, update };
}
