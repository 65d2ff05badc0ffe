/** How one number of a map came about: the windows, the kernels, their products and their sum. */

import { count, make, number, size } from "./dom.js";
import { kernelInputName } from "./kernel.js";
import { createPooled, sayWinner } from "./pooled.js";
import { createSeen } from "./seen.js";
import { createWhy, WHY_ROWS } from "./why.js";
import { say, sayAll, sayList } from "./words.js";

const EXPLAIN_ASK = 150; // milliseconds of rest, after which TensorFlow is asked for its number

/** Make the part: {element, update(), spoken()}. */
export function createExplain(app) {
  const heading = make("h3", { class: "px-small-title" });
  const sum = make("div", { class: "px-terms" });
  const compare = createExplainComparison(app);
  const why = createWhy(app);
  const pooled = createPooled(app);
  const seen = createSeen(app);
  const words = make("p", { class: "px-words" });
  const details = make(
    "div",
    { class: "px-words-frame" },
    make("h3", { class: "px-small-title", text: say("The same in words") }),
    words,
  );
  const element = make(
    "section",
    { class: "px-explain", "aria-label": say("How this number came about") },
    heading,
    sum,
    compare.element,
    why.element,
    pooled.element,
    seen.element,
    details,
  );
  let now = null; // what is explained

  function update() {
    const { layer, filter, y, x } = app.selection;
    now = app.network.explain(layer, filter, y, x);
    if (!now) return;
    heading.textContent = explainHeading(app);
    sum.replaceChildren(...explainTerms(app, now).map(explainTerm));
    why.element.hidden = now.kind !== "conv";
    pooled.element.hidden = !now.values;
    seen.element.hidden = now.kind !== "dense";
    if (now.kind === "conv") why.update(now);
    if (now.values) pooled.update(now);
    if (now.kind === "dense") seen.update();
    words.textContent = explainWords(app, now);
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
  const name = explainIsVector(app) ? say("its value") : say("on the map");
  const after = { value: now.after, name, result: true };
  const relu = isRelu ? ["→", say("ReLU"), "→", after] : [];
  if (now.kind === "conv") {
    const maps = now.parts.length;
    const sum = maps === 1 ? say("sum of one map") : say("sum over {maps} maps", { maps });
    const before = { value: now.before, name: say("sum and bias"), result: !isRelu };
    const terms = [{ value: now.sum, name: sum }, "+", { value: now.bias, name: say("bias") }, "="];
    const off = now.off ? ["→", say("switched off"), "→", after] : relu;
    return [...terms, before, ...off];
  }
  if (now.kind === "dense") {
    const inputs = count(app.network.output(layer - 1).channels);
    const sum = say("{inputs} inputs × weights, and bias", { inputs });
    return [{ value: now.before, name: sum, result: !isRelu }, ...relu];
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
    const { oracle } = app;
    const isWanted = () => asked === question;
    timer = setTimeout(() => {
      const edits = app.network.edits();
      oracle.ask({ ask: "value", edits, layer, filter, y, x }, isWanted).then(
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
  if (app.network.sameToTheLastBit(layer)) return say("The same as TensorFlow's to the last bit.");
  if (!measured) return "";
  const largest = measured.largest.toExponential(1);
  if (measured.largest > 0) {
    const values = { compared: count(measured.compared), largest };
    return say("Of {compared} numbers compared, TensorFlow's differ by at most {largest}.", values);
  }
  if (!app.network.isExact(layer)) return say("Now being added up in TensorFlow's order …");
  return say("Untouched, this layer is the same as TensorFlow's to the last bit.");
}

// ---------------------------------------------------------------- in words

/** Return the whole sum as a paragraph. */
function explainWords(app, now) {
  const { layer, filter, y, x } = app.selection;
  const { name } = app.manifest.layers[layer];
  const where = explainIsVector(app)
    ? say("Number {filter} of {name} is {after}.", { filter, name, after: number(now.after) })
    : say("Map {filter} of {name} has {after} at row {y}, column {x}.", {
        filter,
        name,
        y,
        x,
        after: number(now.after),
      });
  if (now.kind === "conv") return sayAll([where, explainEnd(app, explainConvWords(app, now))]);
  if (now.kind === "max_pool" || now.kind === "average_pool") {
    const values = Array.from(now.values).filter((_, at) => now.inside[at]);
    const list = sayList(values.map((value) => number(value)));
    const winner = now.winner === null ? "" : sayWinner(now.winner, now.window);
    return sayAll([where, say("The window holds {list}.", { list }), winner]);
  }
  return sayAll([where, explainPlainWords(app, now)]);
}

/** Return a line as a sentence, which says what ReLU does if the layer has it. */
function explainEnd(app, line) {
  const { activation } = app.manifest.layers[app.selection.layer];
  if (activation === "relu") return say("{line}; ReLU makes negative numbers 0.", { line });
  return say("{line}.", { line });
}

/** Return in words what a layer without windows does to a number. */
function explainPlainWords(app, now) {
  const { layer } = app.selection;
  if (now.kind === "dense") {
    const inputs = count(app.network.output(layer - 1).channels);
    const before = number(now.before);
    const line = say(
      "It is the sum of {inputs} inputs, each times its weight, and of the bias: {before}",
      { inputs, before },
    );
    return explainEnd(app, line);
  }
  if (now.kind === "batch_norm") {
    const names = ["value", "mean", "variance", "epsilon", "gamma", "beta"];
    const texts = names.map((name) => [name, number(now[name])]);
    return say(
      "From the input {value} the mean {mean} is taken away; that is divided by the square root " +
        "of the variance {variance} and epsilon {epsilon}, multiplied by gamma {gamma}, and " +
        "beta {beta} is added.",
      Object.fromEntries(texts),
    );
  }
  if (now.kind === "global_average_pool") {
    return say("It is the mean of all {count} values of the map.", { count: now.count });
  }
  const value = number(now.value);
  if (now.kind === "relu") {
    return say("The input was {value}; negative numbers become 0.", { value });
  }
  return say("The layer passes its input on unchanged.");
}

/** Return what each input map gives, the largest contributions first, and their sum. */
function explainConvWords(app, now) {
  const { layer, filter } = app.selection;
  const order = app.network.contributions(layer, filter);
  const named = order.slice(0, WHY_ROWS).map(({ channel }) => {
    const name = kernelInputName(app.network, layer, channel);
    return say("{name} gives {sum}", { name, sum: number(now.parts[channel].sum) });
  });
  const others = order.slice(WHY_ROWS);
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
      list: sayList(named),
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
