/** A convolution or a pool on a real map: its window slides over the input, the output fills. */
import { createCells } from "./cells.js";
import { createConvolutionButtons } from "./change.js";
import { colorOf, drawMap } from "./drawing.js";
import { button, canvas, choice, make, number, pixelUnder, stage } from "./dom.js";
import { kernelInputName, kernelInputs } from "./kernel.js";
import { createPlayer } from "./player.js";
import { WINDOWED_KINDS, windowExtent } from "./windows.js";
import { say } from "./words.js";

/** Make the view of a window that slides over a real map. */
export function createSlide(app) {
  const { network } = app;
  let channel = 0; // of the input, for a convolution
  let key = ""; // for which layer, filter and photograph the view was set up
  let cells = null; // grids of numbers: {size, window, kernel, products}

  const from = canvas(1, 1, say("The input map"));
  const to = canvas(1, 1, say("The output map, filled so far"));
  const fromStage = stage(from);
  const toStage = stage(to);
  toStage.classList.add("px-filling");
  const fromCaption = make("figcaption");
  const toCaption = make("figcaption");
  const channels = choice(say("Input map"), [], (value) => {
    channel = Number(value);
    show(player.step);
  });
  const player = createPlayer(say("Window"), {
    show,
    speeds: [1, 4, 16, 64, 256, 1024],
    speed: 64,
    row: () => outputSize().width,
  });
  const numbers = make("div", { class: "px-grid-row" });
  const sum = make("p", { class: "px-sum" });
  const look = button(say("Look at this pixel"), () => {
    const { y, x } = placeOf(player.step);
    app.select({ y, x, tab: "look" });
  });
  const title = make("h2", { class: "px-title" });
  const play = make(
    "div",
    { class: "px-tool" },
    make("div", { class: "px-row" }, channels.element, look),
    player.element,
    make(
      "div",
      { class: "px-grid-row" },
      make("figure", { class: "px-figure px-figure-large" }, fromStage, fromCaption),
      make("span", { class: "px-grid-sign", "aria-hidden": "true", text: "→" }),
      make("figure", { class: "px-figure px-figure-large" }, toStage, toCaption),
    ),
    numbers,
    sum,
  );
  const problem = make("p", { class: "px-hint" });
  const others = createConvolutionButtons(app, WINDOWED_KINDS);
  const element = make("section", { class: "px-tool" }, title, problem, others, play);

  follow(fromStage);
  follow(toStage);

  /** Let the pointer drag the window along on a map. */
  function follow(surface) {
    const move = (event) => {
      const { height, width } = outputSize();
      const { y, x } = pixelUnder(event, surface, height, width);
      player.stop();
      player.go(y * width + x);
    };
    surface.classList.add("px-touch");
    surface.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      surface.setPointerCapture(event.pointerId);
      move(event);
    });
    surface.addEventListener("pointermove", (event) => {
      if (surface.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  const outputSize = () => network.output(app.selection.layer);

  function placeOf(step) {
    const { width } = outputSize();
    return { y: Math.floor(step / width), x: step % width };
  }

  function show(step, spoken = false) {
    const { layer, filter } = app.selection;
    if (!WINDOWED_KINDS.includes(network.layers[layer].kind) || network.outputError(layer)) return;
    const maps = network.output(layer);
    const into = network.output(layer - 1);
    const { y, x } = placeOf(step);
    const seen = network.explain(layer, filter, y, x);
    const input = seen.kind === "conv" ? channel : filter;
    drawMap(from, into, input, {});
    fromStage.mark(windowExtent(seen.window), into.height, into.width);
    drawMap(to, maps, filter, {});
    const context = to.getContext("2d");
    context.clearRect(x + 1, y, maps.width, 1);
    context.clearRect(0, y + 1, maps.width, maps.height);
    toStage.mark({ top: y, left: x, height: 1, width: 1 }, maps.height, maps.width);
    showNumbers(seen);
    sum.textContent = slideSentence(seen, { y, x, channel });
    if (spoken) app.announce(sum.textContent);
  }

  /** Show the window's numbers; for a convolution also the kernel and the products. */
  function showNumbers(seen) {
    const { height, width } = seen.window;
    const kind = `${seen.kind} ${height} ${width}`;
    if (cells?.kind !== kind) cells = makeNumbers(kind, seen);
    const part = seen.kind === "conv" ? slidePart(seen, channel) : seen;
    const marks = Array.from(seen.inside, (inside, cell) =>
      seen.winner === cell ? "px-winner" : inside ? "" : "px-beyond",
    );
    const settings = { marks, decimals: 2 };
    const ignored = seen.kind !== "conv";
    const values = Array.from(part.values, (value, cell) =>
      ignored && !seen.inside[cell] ? null : value,
    );
    cells.window.show(values, settings);
    if (seen.kind !== "conv") return;
    const largest = Math.max(...part.kernel.map(Math.abs)) || 1;
    const color = (value) => colorOf("diverging", 0.5 + value / largest / 2);
    cells.kernel.show(part.kernel, { colors: Array.from(part.kernel, color) });
    cells.products.show(part.products, settings);
  }

  function makeNumbers(kind, { kind: operation, window: { height, width } }) {
    const made = { kind, window: createCells(say("Window"), height, width) };
    numbers.replaceChildren(made.window.element);
    numbers.style.setProperty("--px-total", 3 * width); // cells side by side
    if (operation !== "conv") return made;
    made.kernel = createCells(say("Kernel"), height, width);
    made.products = createCells(say("Products"), height, width);
    const sign = (text) => make("span", { class: "px-grid-sign", "aria-hidden": "true", text });
    numbers.append(sign("×"), made.kernel.element, sign("="), made.products.element);
    return made;
  }

  /** Offer the input maps of another layer; begin with the one that counts most. */
  function offerChannels(layer, filter, kind) {
    channels.element.hidden = kind !== "conv";
    if (kind !== "conv") return;
    const inputs = Array.from({ length: kernelInputs(network, layer) }, (_, value) => value);
    channels.offer(inputs.map((value) => [value, kernelInputName(network, layer, value)]));
    channel = network.contributions(layer, filter)[0]?.channel ?? 0;
    channels.field.value = channel;
  }

  function update() {
    const { layer, filter } = app.selection;
    const { name, kind } = network.layers[layer];
    const misfit = network.outputError(layer);
    const slides = WINDOWED_KINDS.includes(kind);
    title.textContent = say("On the real map {filter} of {name}", { filter, name });
    play.hidden = !slides || Boolean(misfit);
    others.hidden = slides;
    problem.hidden = !play.hidden;
    problem.textContent =
      misfit ?? say("Nothing slides in this layer. Choose a convolution or a pool:");
    if (play.hidden) return player.stop();
    const { height, width } = network.output(layer);
    const next = `${layer} ${filter} ${network.photograph} ${height} ${width}`;
    if (next !== key) {
      player.stop();
      offerChannels(layer, filter, kind);
    }
    player.setLength(height * width);
    if (key === "") player.go(app.selection.y * width + app.selection.x);
    else if (next !== key) player.go(Math.min(player.step, height * width - 1));
    else show(player.step);
    key = next;
    const into = network.output(layer - 1);
    const below = layer > 0 ? network.layers[layer - 1].name : say("the picture");
    fromCaption.textContent = slideCaption(below, into);
    toCaption.textContent = slideCaption(name, { height, width });
  }

  return { element, update, stop: player.stop };
}

/** Return a map's name and size. */
function slideCaption(name, { height, width }) {
  return say("{name}, {size}", { name, size: `${height}\u00a0×\u00a0${width}` });
}

const slidePart = (seen, channel) => seen.parts.find((part) => part.channel === channel);

/** Write out what the window gives. */
function slideSentence(seen, { y, x, channel }) {
  const place = say("Row {y}, column {x}: ", { y, x });
  const after = number(seen.after, 4);
  if (seen.kind === "max_pool") return place + say("the largest number is {after}.", { after });
  if (seen.kind === "average_pool") return place + say("the mean is {after}.", { after });
  const part = slidePart(seen, channel);
  const values = {
    share: number(part.sum, 4),
    others: seen.parts.length - 1,
    rest: number(seen.sum - part.sum, 4),
    bias: number(seen.bias, 4),
    before: number(seen.before, 4),
    after,
  };
  const products = say("this input's products add up to {share}", values);
  const others = values.others && say(", the other {others} inputs give {rest}", values);
  const total = say(", the bias is {bias}; together {before}", values);
  const relu = seen.after !== seen.before && say(", which ReLU makes {after}", values);
  return place + say("{line}.", { line: [products, others, total, relu].filter(Boolean).join("") });
}
