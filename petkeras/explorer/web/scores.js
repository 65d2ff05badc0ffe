/** The last layer's score of a class, taken apart into what each of its inputs gives to it. */
import { number } from "./dom.js";
import { matrixColumn } from "./matrix.js";
import { scoreUnits } from "./probabilities.js";
import { say } from "./words.js";

const SCORES_SHOWN = 6; // units shown that add most, and that take away most
const SCORES_PAUSE = 250; // milliseconds without a change before Python is asked

/**
 * Return where the inputs of the last layer come from: {kind, layer, name} of a layer, `maps`, the
 * layer whose maps are averaged or flattened, and `first`, whether it is the first dense layer.
 */
export function answerSource(network) {
  const { layers } = network;
  let layer = layers.length - 2;
  while (layer >= 0 && ["dropout", "relu", "batch_norm"].includes(layers[layer].kind)) layer -= 1;
  const kind = layers[layer]?.kind ?? "input";
  const passing = ["global_average_pool", "flatten", "dropout"];
  let maps = layer;
  while (maps >= 0 && passing.includes(layers[maps].kind)) maps -= 1;
  const first = layers.findIndex((each) => each.kind === "dense");
  return { kind, layer, maps, first: layer === first, name: layers[layer]?.name ?? "" };
}

/** Name one input of the last layer. */
export function answerUnitName({ kind }, unit) {
  if (kind === "dense") return say("Unit {unit}", { unit });
  if (kind === "global_average_pool") return say("Mean of map {unit}", { unit });
  return say("Input {unit}", { unit });
}

/** Name all inputs of the last layer, with their number. */
export function answerUnitNames({ kind, name }, units) {
  if (kind === "dense") return say("{units} units of {name}", { units, name });
  if (kind === "global_average_pool") return say("{units} means of {name}", { units, name });
  return say("{units} inputs of the last layer", { units });
}

/** Return what adds up to a score, in order: {label, detail, unit, value, from, to, total}. */
export function answerParts({ bias, total, units }, source) {
  const ups = units.filter(({ product }) => product > 0).slice(0, SCORES_SHOWN);
  const downs = units.filter(({ product }) => product < 0).slice(0, SCORES_SHOWN);
  const shown = [...ups, ...downs].map(({ unit, input, weight, product }) => ({
    label: answerUnitName(source, unit),
    detail: `${number(input, 3)} × ${weight < 0 ? `(${number(weight, 3)})` : number(weight, 3)}`,
    unit,
    value: product,
  }));
  const rest = units.length - shown.length;
  const sum = shown.reduce((all, { value }) => all + value, bias);
  const parts = [{ label: say("Bias"), value: bias }, ...shown];
  if (rest > 0) parts.push({ label: say("{rest} others", { rest }), value: total - sum });
  let from = 0;
  const placed = parts.map((part) => {
    const to = from + part.value;
    const result = { ...part, from, to };
    from = to;
    return result;
  });
  return [...placed, { label: say("Total"), value: total, from: 0, to: total, total: true }];
}

/** Return score a less score b, unit by unit. */
function scoresDifference(a, b) {
  const others = new Map(b.units.map((each) => [each.unit, each]));
  const units = a.units.map(({ unit, input, weight, product }) => {
    const minus = others.get(unit);
    return { unit, input, weight: weight - minus.weight, product: product - minus.product };
  });
  units.sort((x, y) => Math.abs(y.product) - Math.abs(x.product));
  return { bias: a.bias - b.bias, total: a.total - b.total, units };
}

/** Return a score from the features of a notebook's Python, as `network.answer` does. */
function scoresFrom({ features, logits }, { kernel, bias }, classIndex) {
  const [inputs, classes] = kernel.shape;
  const matrix = { kind: "float32", features: inputs, units: classes, kernel: kernel.data };
  const units = scoreUnits(features, matrixColumn(matrix, classIndex));
  return { bias: bias?.data[classIndex] ?? 0, total: logits[classIndex], units };
}

/** Make the source of scores: `of(class, other class or -1)` -> {value or null, reason}. */
export function createScores(app) {
  const { network, manifest, contents } = app;
  const last = network.layers.length - 1;
  let asked = null; // Python's answer: {version, answer, problem}
  let timer = 0;

  /** Ask Python once edits have paused, and draw when it has answered. */
  function askPython() {
    const { version, oracle } = app;
    if (asked?.version === version) return;
    asked = { version, answer: asked?.answer, problem: "" };
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const next = { version };
      try {
        const question = { ask: "logits", edits: network.edits() };
        next.answer = await oracle.ask(question, () => app.version === version);
      } catch (error) {
        next.problem = error.message;
      }
      if (app.version !== version) return;
      asked = next;
      app.draw();
    }, SCORES_PAUSE);
  }

  function single(classIndex) {
    if (!app.oracle) return app.answer.values ? network.answer(classIndex) : null;
    const weights = { kernel: contents.arrays[`layers/${last}/kernel`] };
    weights.bias = contents.arrays[`layers/${last}/bias`];
    return asked?.answer && weights.kernel ? scoresFrom(asked.answer, weights, classIndex) : null;
  }

  function reason() {
    if (manifest.stops_at) return manifest.stops_at;
    if (network.layers[last].kind !== "dense") {
      return say("The last layer is not dense, so its scores are not sums over units.");
    }
    if (app.oracle) return asked?.problem || say("Python is computing the scores …");
    return app.answer.reason || say("There is no score.");
  }

  function of(classIndex, other) {
    const dense = network.layers[last].kind === "dense" && !manifest.stops_at;
    if (app.oracle && dense) askPython();
    const value = dense ? single(classIndex) : null;
    if (!value) return { value: null, reason: reason() };
    return { value: other < 0 ? value : scoresDifference(value, single(other)), reason: "" };
  }

  return { of };
}
