/** The network's answer: scores, probabilities, how far off they may be, and their parts. */

import { isCompressed, matrixOf } from "./dense.js";
import { matrixColumn } from "./matrix.js";
import { weightsOf } from "./weights.js";
import { say } from "./words.js";

/**
 * {values (classes) or null, exact, error: the largest that was measured of a difference of two
 * scores, reason or ""}.
 */
export function logitsOf(network) {
  const last = network.layers.length - 1;
  const error = measuredError(network);
  const reason = noAnswer(network) ?? network.outputError(last) ?? "";
  const values = reason ? null : network.output(last).data;
  return { values, exact: values !== null && error === 0, error, reason };
}

/** The same with probabilities and their error; null also where that is above the limit. */
export function probabilitiesOf(network) {
  const { values: scores, exact, error: scoreError, reason } = logitsOf(network);
  if (!scores) return { values: null, exact, error: 0, reason };
  const values = softmax(scores);
  const error = values.reduce((most, p) => Math.max(most, probabilityError(p, scoreError)), 0);
  if (error <= network.manifest.dense.limit) return { values, exact, error, reason };
  return { values: null, exact, error, reason: tooFarOff(network, scoreError, error) };
}

/** The probabilities (classes) of scores (classes). */
function softmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

/** How far a probability is off at most, if no difference of two scores is off by more than this. */
function probabilityError(probability, scoreError) {
  const odds = (1 - probability) / probability; // of the other classes
  const factor = Math.exp(Math.min(scoreError, 500));
  return Math.max(1 / (1 + odds / factor) - probability, probability - 1 / (1 + odds * factor));
}

/** One line that says why a probability is not shown. */
function tooFarOff(network, scoreError, error) {
  const { name } = network.layers[network.manifest.dense.layer];
  if (scoreError === Infinity) {
    return say(
      "The kernel of '{name}' is compressed here, and no change as large as this was measured.",
      { name },
    );
  }
  return say(
    "The kernel of '{name}' is compressed here: after changes up to this size, "
    + "a probability like this was off by up to {error}.",
    { name, error: twoDigits(error) },
  );
}

/** One line that says why there is no answer, or null. */
function noAnswer(network) {
  if (network.manifest.stops_at) return network.manifest.stops_at;
  if (network.frame !== null) {
    return say("The film has the convolutions' weights only: no answer at earlier steps.");
  }
  if (network.manifest.dense.kind === "kernel") {
    return say("The answer is computed in the notebook.");
  }
  return null;
}

/** The largest error of a difference of scores among the measured changes up to this one's size. */
function measuredError(network) {
  const { layer, errors } = network.manifest.dense;
  if (!isCompressed(network, layer)) return 0;
  const { size } = network.cell(layer);
  if (size === 0) return 0;
  return errors.find((row) => size <= row.size)?.error ?? Infinity;
}

/**
 * A class's score as a sum: {bias, total, units: [{unit, input, weight, product}]}, the largest
 * |product| first; null where there is no answer.
 */
export function scoreOf(network, classIndex) {
  const i = network.layers.length - 1;
  const { values } = logitsOf(network);
  if (!values || network.layers[i].kind !== "dense") return null;
  const inputs = network.output(i - 1).data;
  const weights = matrixColumn(matrixOf(network, i), classIndex);
  const bias = weightsOf(network, i, "bias")?.data[classIndex] ?? 0;
  return { bias, total: values[classIndex], units: scoreUnits(inputs, weights) };
}

/** What each input adds: [{unit, input, weight, product}], the largest |product| first. */
export function scoreUnits(inputs, weights) {
  const units = Array.from(inputs, (input, unit) => (
    { unit, input, weight: weights[unit], product: input * weights[unit] }
  ));
  return units.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
}

/** An error as text with two digits that count. */
function twoDigits(error) {
  return String(Number(error.toPrecision(2)));
}
