/** The tab "Change": a kernel, a convolution's stride and padding, single maps, the photograph. */
import { button, choice, make, toggle } from "./dom.js";
import { createKernelEditor } from "./editor.js";
import { createEffects } from "./effects.js";
import { createPhotographEditor } from "./painter.js";
import { createResult } from "./result.js";
import { say, sayList } from "./words.js";

const CHANGE_STRIDES = [1, 2, 3, 4];

/** Make the tab. */
export function createChange(app) {
  const { network } = app;
  const edited = () => app.changed();
  const summary = createSummary(app);
  const kernel = createKernelEditor(app, edited);
  const result = createResult(app);
  const geometry = createGeometry(app, edited);
  const maps = createMapSwitch(app, edited);
  const photograph = createPhotographEditor(app, edited);
  const effects = createEffects(app, photograph);
  const elsewhere = make(
    "section",
    { class: "px-tool" },
    make("p", {
      class: "px-hint",
      text: say("This layer has no kernel. Choose a convolution to change one:"),
    }),
    createConvolutionButtons(app),
  );
  const results = [result.element, geometry.element, maps.element];
  const middle = make("div", { class: "px-tool-stack" }, ...results);
  const element = make(
    "div",
    { class: "px-change" },
    summary.element,
    make(
      "div",
      { class: "px-tools px-columns" },
      make("div", { class: "px-tool-stack" }, elsewhere, kernel.element),
      middle,
      make("div", { class: "px-tool-stack" }, photograph.element, effects.element),
    ),
  );

  function update() {
    const convolution = network.layers[app.selection.layer].kind === "conv";
    const ofConvolution = [kernel, result, geometry];
    for (const { element } of ofConvolution) element.hidden = !convolution;
    elsewhere.hidden = convolution;
    const parts = convolution ? ofConvolution : [];
    for (const part of [summary, ...parts, maps, photograph, effects]) part.update();
    middle.hidden = results.every((each) => each.hidden);
  }

  return { name: "change", label: say("Change"), element, update };
}

/** Make one button for each convolution, which chooses it. */
export function createConvolutionButtons(app, kinds = ["conv"]) {
  const buttons = app.network.layers
    .map((layer, index) => [layer, index])
    .filter(([layer]) => kinds.includes(layer.kind))
    .map(([layer, index]) => button(layer.name, () => app.select({ layer: index })));
  return make("div", { class: "px-buttons" }, ...buttons);
}

/** The line that says what is changed now, and the button that undoes all of it. */
function createSummary(app) {
  const { network } = app;
  const text = make("p", { class: "px-summary-text" });
  const reset = button(say("Reset all"), () => {
    network.reset("all");
    app.changed();
    app.announce(say("Nothing is changed."));
  });
  const element = make("div", { class: "px-summary" }, text, reset);

  const nameOf = ([layer, filter]) =>
    say("filter {filter} of {name}", { filter, name: network.layers[layer].name });

  function sentence() {
    const changes = network.changes();
    if (!changes.any) return say("Nothing is changed.");
    const { filters, off, geometry } = network.edits();
    const parts = [];
    if (changes.photograph) parts.push(say("the picture"));
    const kernels = filters.map(({ layer, filter }) => nameOf([layer, filter]));
    const names = (all) => ({ list: changeList(all) });
    if (kernels.length > 0) parts.push(say("kernel or bias of {list}", names(kernels)));
    for (const [layer, { strides, padding }] of Object.entries(geometry ?? {})) {
      const { name } = network.layers[layer];
      const values = { name, stride: strides.join(" × "), padding: padding.toUpperCase() };
      parts.push(say("{name} with stride {stride} and {padding} padding", values));
    }
    if (off.length > 0) parts.push(say("switched off: {list}", names(switchedOff(off))));
    if (changes.frame) parts.push(say("weights of an earlier step (see Time)"));
    const joined = parts.reduce((before, next) => say("{before}; {next}", { before, next }));
    return say("Changed now: {parts}.", { parts: joined });
  }

  /** Name the maps that are off; of a layer with more than three only their number. */
  function switchedOff(off) {
    const names = [];
    for (const [layer, { name, shape }] of network.layers.entries()) {
      const ofLayer = off.filter((each) => each[0] === layer);
      const values = { count: ofLayer.length, channels: shape.at(-1), name };
      if (ofLayer.length > 3) names.push(say("{count} of {channels} maps of {name}", values));
      else names.push(...ofLayer.map(nameOf));
    }
    return names;
  }

  function update() {
    text.textContent = sentence();
    reset.disabled = !network.changes().any;
  }

  return { element, update };
}

/** Return "a, b, c and 5 more". */
function changeList(names) {
  const more = names.length - 3;
  if (more <= 1) return sayList(names);
  return say("{list} and {more} more", { list: sayList(names.slice(0, 3)), more });
}

/** Stride and padding of the chosen convolution, and what no longer fits. */
function createGeometry(app, edited) {
  const { network } = app;
  const strides = choice(say("Stride"), CHANGE_STRIDES.map((n) => [n, n]), apply);
  const names = ["same", "valid"].map((name) => [name, name.toUpperCase()]);
  const paddings = choice(say("Padding"), names, apply);
  const sizes = make("p", { class: "px-readout" });
  const problem = make("p", { class: "px-problem" });
  const reset = button(say("Reset stride and padding"), () => {
    network.setGeometry(app.selection.layer, null);
    edited();
  });
  const title = make("h2", { class: "px-title" });
  const element = make(
    "section",
    { class: "px-tool" },
    title,
    make("div", { class: "px-row" }, strides.element, paddings.element),
    sizes,
    problem,
    reset,
  );

  function apply() {
    const stride = Number(strides.field.value);
    const padding = paddings.field.value;
    network.setGeometry(app.selection.layer, { strides: [stride, stride], padding });
    edited();
  }

  function update() {
    const { layer } = app.selection;
    const { name, strides: trained, padding: trainedPadding } = network.layers[layer];
    const now = network.geometryOf(layer);
    title.textContent = say("Stride and padding of {name}", { name });
    strides.field.value = now.strides[0] === now.strides[1] ? now.strides[0] : "";
    paddings.field.value = now.padding;
    const resized = network.filterOf(layer, app.selection.filter).size.join() !== now.size.join();
    paddings.field.disabled = resized;
    const line = network.misfit();
    problem.textContent = line ? say("It no longer fits: {line}", { line }) : "";
    const same = now.strides.join() === trained.join() && now.padding === trainedPadding;
    reset.disabled = same;
    sizes.textContent = network.outputError(layer) ? "" : sizeOf(layer);
  }

  function sizeOf(layer) {
    const into = network.output(layer - 1);
    const out = network.output(layer);
    return say("{height} × {width} in, {rows} × {columns} out.", {
      height: into.height,
      width: into.width,
      rows: out.height,
      columns: out.width,
    });
  }

  return { element, update };
}

/** Switch off the chosen map, or all but it. */
function createMapSwitch(app, edited) {
  const { network } = app;
  const off = toggle(say("Switch this map off"), false, (on) => {
    network.switchOff(app.selection.layer, app.selection.filter, on);
    edited();
  });
  const allButOne = (map, chosen) => map !== chosen;
  const only = button(say("Switch all others off"), () => switchAll(allButOne));
  const on = button(say("Switch all on"), () => switchAll(() => false));
  const state = make("p", { class: "px-readout" });
  const title = make("h2", { class: "px-title" });
  const hint = make("p", {
    class: "px-hint",
    text: say("A map that is off is 0 everywhere for the layers behind it."),
  });
  const element = make(
    "section",
    { class: "px-tool" },
    title,
    off,
    make("div", { class: "px-buttons" }, only, on),
    state,
    hint,
  );

  /** Switch each map of the layer off if `isOff(map, chosen)`, else on. */
  function switchAll(isOff) {
    const { layer, filter } = app.selection;
    const maps = channels();
    for (let map = 0; map < maps; map++) network.switchOff(layer, map, isOff(map, filter));
    edited();
  }

  const channels = () => network.layers[app.selection.layer].shape.at(-1);

  function update() {
    const { layer, filter } = app.selection;
    const { name, shape } = network.layers[layer];
    element.hidden = shape.length < 3;
    if (element.hidden) return;
    let count = 0;
    for (let map = 0; map < channels(); map++) count += network.isOff(layer, map) ? 1 : 0;
    title.textContent = say("Map {filter} of {name}", { filter, name });
    off.input.checked = network.isOff(layer, filter);
    only.disabled = channels() < 2;
    on.disabled = count === 0;
    state.textContent = say("{count} of {channels} maps are off.", { count, channels: channels() });
  }

  return { element, update };
}
