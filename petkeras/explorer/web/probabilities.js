/** The network's answer: scores, probabilities, how far off they may be, and their parts. */

import { matrixOf } from "./dense.js";
import { matrixColumn } from "./matrix.js";
import { weightsOf } from "./weights.js";
import { say } from "./words.js";

/** {values (classes) or null, exact, error: of a probability, as measured, reason or ""}. */
export function logitsOf(network) {
  const last = network.layers.length - 1;
  const error = measuredError(network);
  const reason = noAnswer(network) ?? network.outputError(last) ?? "";
  const values = reason ? null : network.output(last).data;
  return { values, exact: values !== null && error === 0, error, reason };
}

/** The same with probabilities; null also where the measured error is above the limit. */
export function probabilitiesOf(network) {
  const { values, exact, error, reason } = logitsOf(network);
  if (!values) return { values, exact, error, reason };
  if (error > network.manifest.dense.limit) {
    const why = say(
      "The kernel of '{name}' is compressed here, and a probability could be off by {error}.",
      { name: network.layers[network.manifest.dense.layer].name, error: twoDigits(error) },
    );
    return { values: null, exact, error, reason: why };
  }
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(values, (value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { values: Float32Array.from(powers, (power) => power / sum), exact, error, reason };
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

/** The largest error of a probability that was measured for the kinds of change made. */
function measuredError(network) {
  const { kind, errors } = network.manifest.dense;
  const changes = network.changes();
  const made = [];
  if (network.photograph < 0) made.push("photograph");
  if (changes.photograph) made.push("occlusion");
  if (changes.kernels || changes.maps || changes.geometry) made.push("kernel");
  if (kind === "exact") return 0;
  return Math.max(0, ...made.map((name) => errors?.[name] ?? Infinity));
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
  return Number.isFinite(error) ? String(Number(error.toPrecision(2))) : "?";
}
