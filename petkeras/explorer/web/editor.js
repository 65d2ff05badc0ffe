/** The kernel of the chosen filter, to be changed: cell by cell, painted, or the article's. */
import { cellText, createCells } from "./cells.js";
import { colorOf } from "./drawing.js";
import { button, choice, make, number, slider, toggle } from "./dom.js";
import { kernelChannel, kernelFrom, kernelInputName, kernelInputs } from "./kernel.js";
import { KERNEL_MEAN, kernelPut, kernelStep } from "./kernel.js";
import { createPresets } from "./presets.js";
import { say } from "./words.js";

/** Make the editor of the chosen filter's kernel; `edited()` is called after a change. */
export function createKernelEditor(app, edited) {
  const { network } = app;
  const chosen = editorFilter(app, edited);
  const inputs = createInputChoice(app, () => update());
  const brush = createBrush();
  const cells = createKernelCells(app, chosen, inputs, brush);
  const presets = createPresets(network.manifest.kernels ?? {}, useKernel);
  const bias = createBias((value) => chosen.change({ bias: value }));
  const reset = button(say("Reset this kernel"), chosen.reset);
  const title = make("h2", { class: "px-title" });
  const element = make(
    "section",
    { class: "px-tool px-kernel" },
    title,
    inputs.element,
    ...cells.elements,
    brush.element,
    ...presets.elements,
    bias.element,
    reset,
  );

  /** Take a square kernel for the chosen input, or the mean of all; the bias becomes 0. */
  function useKernel(values, side) {
    if (values.every((value) => value === 0)) brush.begin();
    const channels = kernelInputs(network, app.selection.layer);
    const kernel = kernelFrom(values, channels, inputs.channel());
    chosen.change({ kernel, size: [side, side], bias: 0 });
    app.announce(say("The kernel now has {side} × {side} cells; its bias is 0.", { side }));
  }

  function update() {
    const { layer, filter } = app.selection;
    const { name } = network.layers[layer];
    const present = chosen.present();
    title.textContent = say("Kernel of filter {filter} of {name}", { filter, name });
    inputs.update();
    cells.update();
    bias.show(present.bias);
    presets.enable(network.geometryOf(layer).padding === "same");
    reset.disabled = !present.edited;
  }

  return { element, update };
}

/** The chosen filter as it is now, and the ways to change it. */
function editorFilter(app, edited) {
  const { network } = app;
  const present = () => network.filterOf(app.selection.layer, app.selection.filter);

  function change(part) {
    const { layer, filter } = app.selection;
    const { kernel, size, bias } = present();
    network.editFilter(layer, filter, { kernel, size, bias, ...part });
    edited();
  }

  function reset() {
    network.editFilter(app.selection.layer, app.selection.filter, null);
    edited();
    app.announce(say("This filter is as it was trained."));
  }

  return { present, change, reset };
}

/** Make the choice of the input map whose weights are shown: one, or the mean of all. */
function createInputChoice(app, onChange) {
  const { network } = app;
  let channel = 0;
  let offered = ""; // which filter's inputs are offered
  const { element, field, offer } = choice(say("Kernel on"), [], (value) => {
    channel = Number(value);
    onChange();
  });

  /** Offer the inputs of a newly chosen filter; begin with the one that counts most. */
  function update() {
    const { layer, filter } = app.selection;
    if (offered === `${layer} ${filter}`) return;
    offered = `${layer} ${filter}`;
    const channels = kernelInputs(network, layer);
    const names = [[KERNEL_MEAN, say("the mean of all {channels} inputs", { channels })]];
    for (let c = 0; c < channels; c++) names.push([c, kernelInputName(network, layer, c)]);
    offer(names);
    const first = network.outputError(layer) ? null : network.contributions(layer, filter)[0];
    channel = first?.channel ?? 0;
    field.value = channel;
  }

  const name = () => field.selectedOptions[0]?.textContent ?? "";
  return { element, channel: () => channel, name, update };
}

/** Make the switch and the number of a brush: `value()` is null while it does not paint. */
function createBrush() {
  let value = 1;
  let painting = false;
  const field = make("input", {
    type: "number",
    class: "px-number",
    step: "any",
    value,
    "aria-label": say("Value to paint with"),
    oninput: () => (value = Number(field.value) || 0),
  });
  const paint = toggle(say("Paint with the value"), false, (on) => (painting = on));

  /** Paint from now on, and not with 0. */
  function begin() {
    field.value = value = value || 1;
    paint.input.checked = painting = true;
  }

  const element = make("div", { class: "px-row" }, paint, field);
  return { element, value: () => (painting ? value : null), begin };
}

/** Make the grid of the kernel's weights, with the chosen one and a hint in words below. */
function createKernelCells(app, chosen, inputs, brush) {
  const place = make("div", { class: "px-kernel-cells" });
  const line = make("p", { class: "px-readout" });
  const hint = make("p", { class: "px-hint" });
  let at = 0; // the chosen cell
  let shownFor = ""; // the filter and the input
  let madeFor = ""; // the size as well
  let cells = null;

  const present = () => kernelChannel(chosen.present(), inputs.channel());

  function changeCell(cell, value) {
    const { kernel, size } = chosen.present();
    const copy = Float32Array.from(kernel);
    kernelPut(copy, copy.length / (size[0] * size[1]), cell, inputs.channel(), value);
    chosen.change({ kernel: copy });
  }

  /** Make new cells where the filter, the input or the size of the kernel is another. */
  function makeCells([height, width]) {
    const key = `${app.selection.layer} ${app.selection.filter} ${inputs.channel()}`;
    if (key !== shownFor) at = 0;
    shownFor = key;
    if (madeFor === `${key} ${height} ${width}`) return;
    madeFor = `${key} ${height} ${width}`;
    at = Math.min(at, height * width - 1);
    cells = createCells(say("Kernel on {input}", { input: inputs.name() }), height, width, {
      drag: true,
      step: () => kernelStep(present()),
      brush: brush.value,
      onEdit: changeCell,
      onChoose: (index) => {
        at = index;
        describeCell();
      },
    });
    place.replaceChildren(cells.element);
  }

  function describeCell() {
    const [, width] = chosen.present().size;
    const [row, column] = [Math.floor(at / width), at % width];
    const value = cellText(present()[at], 5);
    line.textContent = say("Row {row}, column {column}: {value}", { row, column, value });
  }

  function update() {
    const { size } = chosen.present();
    makeCells(size);
    const values = present();
    const largest = Math.max(...values.map(Math.abs)) || 1;
    const colors = Array.from(values, (value) => colorOf("diverging", 0.5 + value / largest / 2));
    cells.show(values, { colors, decimals: size[0] > 3 ? 2 : 3 });
    describeCell();
    hint.textContent =
      inputs.channel() === KERNEL_MEAN
        ? say("Shown is the sum over all inputs; a change gives each input an equal share.")
        : say("Drag a cell up or down, press + or −, or type a number. One step is {step}.", {
            step: cellText(kernelStep(values), 6),
          });
  }

  return { elements: [place, line, hint], update };
}

/** Make the slider of the bias; its range grows with the number that is shown. */
function createBias(onChange) {
  const start = { min: -1, max: 1, step: "any", value: 0 };
  const element = slider(say("Bias"), { ...start, format: (value) => number(value, 4) }, onChange);

  function show(value) {
    const range = Math.max(1, Math.ceil(2 * Math.abs(value)));
    element.input.max = Math.max(range, element.input.max);
    element.input.min = -element.input.max;
    element.show(value);
  }

  return { element, show };
}
