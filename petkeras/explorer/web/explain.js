/** How one number of a map came about: the windows, the kernels, their products and their sum. */

import { button, canvas, make, number, size, stage } from "./dom.js";
import { commonRange, drawGridNumbers, drawMap, sharpContext } from "./drawing.js";
import { kernelInputName } from "./kernel.js";
import { say } from "./words.js";

const EXPLAIN_ROWS = 8; // input maps that are shown at first
const EXPLAIN_GRID = 108; // CSS pixels across a grid of numbers
const EXPLAIN_SIGN = 16; // between two grids
const EXPLAIN_ASK = 150; // milliseconds of rest, after which TensorFlow is asked for its number

/** Make the part: {element, update(), spoken()}. */
export function createExplain(app) {
  const heading = make("h4", { class: "px-small-title" });
  const sum = make("div", { class: "px-terms" });
  const compare = createExplainComparison(app);
  const rows = createExplainRows(app);
  const pool = createExplainPool(app);
  const words = make("p", { class: "px-words" });
  const details = make(
    "div",
    { class: "px-words-frame" },
    make("h4", { class: "px-small-title", text: say("The same in words") }),
    words,
  );
  const element = make(
    "section",
    { class: "px-explain", "aria-label": say("How this number came about") },
    heading,
    sum,
    compare.element,
    rows.element,
    pool.element,
    details,
  );
  let now = null; // what is explained

  function update() {
    const { layer, filter, y, x } = app.selection;
    now = app.network.explain(layer, filter, y, x);
    if (!now) return;
    heading.textContent = explainHeading(app);
    sum.replaceChildren(...explainTerms(app, now).map(explainTerm));
    rows.element.hidden = now.kind !== "conv";
    pool.element.hidden = !now.values;
    if (now.kind === "conv") rows.update(now);
    if (now.values) pool.update(now);
    words.textContent = explainWords(app, now, rows.order);
    compare.update(now);
  }

  return { element, update, spoken: () => (now ? explainSpoken(app, now) : "") };
}

/** Return the heading: which number is explained. */
function explainHeading(app) {
  const { filter, y, x } = app.selection;
  return explainIsVector(app)
    ? say("How number {filter} came about", { filter })
    : say("How the number at row {y}, column {x} came about", { y, x });
}

/** Return whether the chosen layer's output is a list of numbers. */
function explainIsVector(app) {
  const [height, width] = app.presentShape(app.selection.layer);
  return height * width === 1;
}

/** Make one term: a number over its name, or a sign. */
function explainTerm(term) {
  if (typeof term === "string") return make("span", { class: "px-sign", text: term });
  return make(
    "span",
    { class: term.result ? "px-term px-result" : "px-term" },
    make("span", { class: "px-term-value", text: number(term.value, term.digits ?? 4) }),
    make("span", { class: "px-term-name", text: term.name }),
  );
}

/** Return the sum as terms and signs. */
function explainTerms(app, now) {
  const { layer } = app.selection;
  const isRelu = app.manifest.layers[layer].activation === "relu";
  const after = { value: now.after, name: say("on the map"), result: true };
  const relu = isRelu ? ["→", say("ReLU"), "→", after] : [];
  if (now.kind === "conv") {
    const name =
      now.parts.length === 1
        ? say("sum of one map")
        : say("sum over {maps} maps", { maps: now.parts.length });
    const before = { value: now.before, name: say("sum and bias"), result: !isRelu };
    const terms = [{ value: now.sum, name }, "+", { value: now.bias, name: say("bias") }, "="];
    const off = now.off ? ["→", say("switched off"), "→", after] : relu;
    return [...terms, before, ...off];
  }
  if (now.kind === "dense") {
    const inputs = app.network.output(layer - 1).channels;
    const name = say("{inputs} inputs × weights, and bias", { inputs });
    return [{ value: now.before, name, result: !isRelu }, ...relu];
  }
  if (now.kind === "batch_norm") {
    return [
      "(",
      { value: now.value, name: say("input") },
      "−",
      { value: now.mean, name: say("mean") },
      ") ÷ √(",
      { value: now.variance, name: say("variance") },
      "+",
      { value: now.epsilon, name: say("epsilon") },
      ") ×",
      { value: now.gamma, name: say("gamma") },
      "+",
      { value: now.beta, name: say("beta") },
      "=",
      after,
    ];
  }
  if (now.kind === "relu") {
    return [say("the larger of 0 and"), { value: now.value, name: say("input") }, "=", after];
  }
  if (now.kind === "max_pool") {
    return [say("the largest of {count}", { count: explainInside(now) }), "=", after];
  }
  if (now.kind === "average_pool") {
    return [say("the mean of {count}", { count: explainInside(now) }), "=", after];
  }
  if (now.kind === "global_average_pool") {
    return [say("the mean of all {count}", { count: now.count }), "=", after];
  }
  return [{ value: now.value, name: say("input") }, "→", say("unchanged"), "→", after];
}

/** Return how many values of a window are inside the map. */
function explainInside({ inside }) {
  return inside.reduce((total, value) => total + value, 0);
}

// ---------------------------------------------------------------- beside TensorFlow's number

/** The line that compares the number with TensorFlow's own. */
function createExplainComparison(app) {
  const element = make("p", { class: "px-compare" });
  let asked = "";
  let timer = 0;

  function update(now) {
    if (!app.oracle) {
      element.textContent = explainExactness(app);
      return;
    }
    const { layer, filter, y, x } = app.selection;
    const question = `${app.version} ${layer} ${filter} ${y} ${x}`;
    if (asked === question) return;
    asked = question;
    element.textContent = say("TensorFlow: …");
    clearTimeout(timer);
    timer = setTimeout(() => {
      const edits = app.network.edits();
      app.oracle.ask({ ask: "value", edits, layer, filter, y, x }).then(
        ({ value }) => asked === question && show(value, now.after),
        (error) => asked === question && (element.textContent = error.message),
      );
    }, EXPLAIN_ASK);
  }

  function show(value, own) {
    const difference = Math.abs(value - own);
    element.textContent =
      difference === 0
        ? say("TensorFlow: {value}, the same to the last bit.", { value: number(value, 6) })
        : say("TensorFlow: {value}, a difference of {difference}.", {
            value: number(value, 6),
            difference: difference.toExponential(1),
          });
  }

  return { element, update };
}

/** Return what was measured against TensorFlow when the page was made. */
function explainExactness(app) {
  const { layer } = app.selection;
  const measured = app.manifest.exactness[app.manifest.layers[layer].name];
  if (!measured) return "";
  if (measured.largest === 0 && app.network.sameToTheLastBit(layer)) {
    return say("The same as TensorFlow's to the last bit.");
  }
  const largest = measured.largest.toExponential(1);
  if (measured.largest > 0) return say("TensorFlow's differs by at most {largest}.", { largest });
  if (!app.network.isExact(layer)) return say("Now being added up in TensorFlow's order …");
  return say("Untouched, this layer is the same as TensorFlow's to the last bit.");
}

// ---------------------------------------------------------------- a convolution

/** The input maps, the largest contribution first: window, kernel, products, sum. */
function createExplainRows(app) {
  const title = make("h4", { class: "px-small-title" });
  const list = make("ol", { class: "px-why" });
  const rest = make("span", { class: "px-why-rest" });
  const more = button("", () => {
    expanded = !expanded;
    app.draw();
  });
  const foot = make("div", { class: "px-why-foot" }, more, rest);
  const legend = make("p", {
    class: "px-hint",
    text: say("Window × kernel = products. Corners that are struck out lie beyond the edge."),
  });
  const element = make("div", { class: "px-why-frame" }, title, legend, list, foot);
  let expanded = false;
  let madeFor = null;
  let rows = [];
  let order = []; // [{channel, share}]

  function build(parts) {
    const { layer, filter } = app.selection;
    order = app.network.contributions(layer, filter);
    title.textContent = say("The input maps that made map {filter}, by what they gave", { filter });
    const amount = expanded ? order.length : EXPLAIN_ROWS;
    rows = order.slice(0, amount).map((entry) => createExplainRow(app, entry));
    list.replaceChildren(...rows.map((row) => row.element));
    const hidden = parts.length - EXPLAIN_ROWS;
    more.hidden = hidden <= 0;
    more.textContent = expanded
      ? say("Show only the first {rows}", { rows: EXPLAIN_ROWS })
      : say("and {hidden} more", { hidden });
    more.setAttribute("aria-expanded", String(expanded));
  }

  function update(now) {
    const { layer, filter } = app.selection;
    const key = `${app.version} ${layer} ${filter} ${expanded}`;
    if (madeFor !== key) build(now.parts);
    madeFor = key;
    const scales = explainScales(app, now);
    for (const row of rows) row.update(now, scales);
    const others = order.slice(rows.length);
    const sum = others.reduce((total, { channel }) => total + now.parts[channel].sum, 0);
    rest.hidden = others.length === 0;
    rest.textContent = say("together {sum}", { sum: number(sum, 4) });
  }

  return {
    element,
    update,
    get order() {
      return order;
    },
  };
}

/** Return the ranges of the colors of windows, kernels and products. */
function explainScales(app, { parts }) {
  const input = app.network.output(app.selection.layer - 1);
  const largest = (name) =>
    parts.reduce((most, part) => part[name].reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  const around = (value) => ({ low: -value, high: value });
  return {
    window: commonRange(input),
    kernel: around(largest("kernel")),
    products: around(largest("products")),
  };
}

/** One input map: where the window lies in it, the three grids, and their sum. */
function createExplainRow(app, { channel, share }) {
  const { layer } = app.selection;
  const input = app.network.output(layer - 1);
  const thumbnail = canvas(1, 1);
  drawMap(thumbnail, input, channel, { scale: commonRange(input) });
  const frame = stage(thumbnail);
  const grids = canvas(1, 1);
  const sum = make("span", { class: "px-why-sum" });
  const percent = number(100 * share, share < 0.0995 ? 1 : 0);
  const element = make(
    "li",
    { class: "px-why-row" },
    make(
      "div",
      { class: "px-why-from" },
      frame,
      make("span", { class: "px-why-name", text: kernelInputName(app.network, layer, channel) }),
      make("span", { class: "px-why-share", text: say("gave {percent} %", { percent }) }),
    ),
    grids,
    sum,
  );

  function update({ window, parts, inside }, scales) {
    const part = parts[channel];
    frame.mark(explainExtent(window), input.height, input.width);
    drawExplainGrids(grids, part, window, inside, scales);
    sum.textContent = number(part.sum, 4);
  }

  return { element, update };
}

/** Return the rectangle that a window covers, with the steps of its dilation. */
function explainExtent({ top, left, height, width, stepY, stepX }) {
  return { top, left, height: (height - 1) * stepY + 1, width: (width - 1) * stepX + 1 };
}

/** Draw window × kernel = products on one canvas. */
function drawExplainGrids(picture, part, { height, width }, inside, scales) {
  const cell = explainCell(height, width);
  const across = cell[0] * width;
  const context = sharpContext(picture, 3 * across + 2 * EXPLAIN_SIGN, cell[1] * height);
  const ink = getComputedStyle(picture).color;
  const step = across + EXPLAIN_SIGN;
  const common = { cell };
  const grids = [
    [part.values, { ...common, ...scales.window, colors: "viridis", inside }],
    [part.kernel, { ...common, ...scales.kernel, colors: "diverging" }],
    [part.products, { ...common, ...scales.products, colors: "diverging" }],
  ];
  grids.forEach(([values, options], place) => {
    const digits = explainDigits(options);
    const left = place * step;
    drawGridNumbers(context, values, height, width, { ...options, left, digits });
    if (place === 2) return;
    context.fillStyle = ink;
    context.font = "15px system-ui, sans-serif";
    context.fillText(place ? "=" : "×", left + across + EXPLAIN_SIGN / 2, (cell[1] * height) / 2);
  });
}

/** Return the size [width, height] of a cell, so that every grid is as wide. */
function explainCell(height, width) {
  if (height <= 3 && width <= 3) return [EXPLAIN_GRID / Math.max(2, width), height < 3 ? 36 : 26];
  const side = EXPLAIN_GRID / Math.max(height, width);
  return [side, side];
}

/** Return how many decimals numbers of this range need in a cell. */
function explainDigits({ low, high }) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (largest >= 100) return 0;
  if (largest >= 10) return 1;
  return largest >= 0.3 ? 2 : 3;
}

// ---------------------------------------------------------------- a pool

/** The window of a pool in its map, with the pixel that won. */
function createExplainPool(app) {
  const thumbnail = canvas(1, 1);
  const frame = stage(thumbnail);
  const grid = canvas(1, 1);
  const line = make("p", { class: "px-hint" });
  const element = make(
    "div",
    { class: "px-pool" },
    make("div", { class: "px-why-from" }, frame),
    make("div", { class: "px-pool-window" }, grid, line),
  );

  function update({ values, inside, window, winner }) {
    const { layer, filter } = app.selection;
    const input = app.network.output(layer - 1);
    const scale = commonRange(input);
    drawMap(thumbnail, input, filter, { scale });
    frame.mark(explainExtent(window), input.height, input.width);
    const cell = window.width <= 4 ? [72, 48] : [EXPLAIN_GRID / 3, EXPLAIN_GRID / 3];
    const context = sharpContext(grid, cell[0] * window.width, cell[1] * window.height);
    const options = { ...scale, cell, inside, digits: 3 };
    drawGridNumbers(context, values, window.height, window.width, options);
    if (winner !== null) drawExplainWinner(context, winner, window.width, cell);
    line.textContent = winner === null ? "" : explainWinner(winner, window);
  }

  return { element, update };
}

/** Draw a double frame, dark and light, around the cell that won. */
function drawExplainWinner(context, winner, columns, [across, down]) {
  const [x, y] = [(winner % columns) * across, Math.floor(winner / columns) * down];
  for (const [inset, color] of [[2, "#000"], [4, "#fff"]]) {
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.strokeRect(x + inset, y + inset, across - 2 * inset, down - 2 * inset);
  }
}

/** Return which pixel of the window won. */
function explainWinner(winner, { width }) {
  const [row, column] = [Math.floor(winner / width), winner % width];
  return say("The framed pixel won: row {row}, column {column} of the window.", { row, column });
}

// ---------------------------------------------------------------- in words

/** Return the whole sum as a paragraph. */
function explainWords(app, now, order) {
  const { layer, filter, y, x } = app.selection;
  const { name, activation } = app.manifest.layers[layer];
  const where = explainIsVector(app)
    ? say("Number {filter} of {name} is {after}.", { filter, name, after: number(now.after) })
    : say("Map {filter} of {name} has {after} at row {y}, column {x}.", {
        filter,
        name,
        y,
        x,
        after: number(now.after),
      });
  if (now.kind === "conv") {
    const relu = activation === "relu" ? say("; ReLU makes negative numbers 0") : "";
    return `${where} ${explainConvWords(app, now, order)}${relu}.`;
  }
  if (now.kind === "max_pool" || now.kind === "average_pool") {
    const values = Array.from(now.values).filter((_, at) => now.inside[at]);
    const list = values.map((value) => number(value)).join(", ");
    const winner = now.winner === null ? "" : ` ${explainWinner(now.winner, now.window)}`;
    return `${where} ${say("The window holds {list}.", { list })}${winner}`;
  }
  return `${where} ${explainTerms(app, now).map(explainTermWords).join(" ")}.`;
}

/** Return one term of the sum as words. */
function explainTermWords(term) {
  return typeof term === "string" ? term : `${number(term.value)} (${term.name})`;
}

/** Return what each input map gives, the largest contributions first, and their sum. */
function explainConvWords(app, now, order) {
  const { layer } = app.selection;
  const named = order.slice(0, EXPLAIN_ROWS).map(({ channel }) => {
    const name = kernelInputName(app.network, layer, channel);
    return say("{name} gives {sum}", { name, sum: number(now.parts[channel].sum) });
  });
  const others = order.slice(EXPLAIN_ROWS);
  if (others.length > 0) {
    const sum = others.reduce((total, { channel }) => total + now.parts[channel].sum, 0);
    named.push(say("{count} others give {sum}", { count: others.length, sum: number(sum) }));
  }
  const { window } = now;
  return say(
    "It saw a window of {window} in {maps} input maps: {list}. " +
      "Together that is {sum}; with the bias {bias} it is {before}",
    {
      window: size([window.height, window.width]),
      maps: now.parts.length,
      list: named.join(", "),
      sum: number(now.sum),
      bias: number(now.bias),
      before: number(now.before),
    },
  );
}

/** Return the short sentence that is said when a key moved the pixel. */
function explainSpoken(app, now) {
  const { filter, y, x } = app.selection;
  const after = number(now.after);
  if (explainIsVector(app)) return say("Number {filter}: {after}", { filter, after });
  if (now.kind !== "conv") return say("Row {y}, column {x}: {after}", { y, x, after });
  const parts = { y, x, sum: number(now.sum), bias: number(now.bias), after };
  return say("Row {y}, column {x}: sum {sum}, bias {bias}, on the map {after}", parts);
}
