/**
 * Compute a layer's output, or say why there is none. Convolutions come fast at first, and then
 * again in the exact order, a slice at a time.
 */

import { denseOutput, matrixOf, UNCHANGED_KINDS } from "./dense.js";
import { convolutionOf, isFilmed, scalingOf } from "./weights.js";
import { emptyMaps, emptyOutput, WINDOWED_KINDS } from "./windows.js";
import { say } from "./words.js";

const OUTPUT_SLICE = 2e6; // products between two looks at the clock
const OUTPUT_EXACT = ["conv", "max_pool", "relu", ...UNCHANGED_KINDS];

/** What `network.cell` says of the input: (pixels - mean) / pixel_scale. */
export function computeInput(network) {
  const [height, width, channels] = network.manifest.input_shape;
  const maps = emptyMaps(height, width, channels);
  const mean = network.arrays.mean.data;
  for (let i = 0; i < maps.data.length; i++) {
    maps.data[i] = Math.fround(network.pixels[i] - mean[i]) / network.manifest.pixel_scale;
  }
  return { maps, error: null, exact: true, settled: true };
}

/** What `network.cell` says of a layer. */
export function computeOutput(network, i) {
  const input = network.cell(i - 1);
  const misfit = input.error ? input.misfit : outputMisfit(network, i, input.maps);
  const error = input.error ?? misfit ?? outputMissing(network, i);
  if (error) return { maps: null, error, misfit, exact: false, settled: true };
  const { kind } = network.layers[i];
  const cell = kind === "dense"
    ? denseOutput(network, i, input.maps)
    : { maps: outputMaps(network, i, input.maps) };
  const isRefined = [...network.parts[i].values()].every((part) => part.settled);
  cell.settled = input.settled && isRefined;
  cell.exact = input.exact && isRefined && OUTPUT_EXACT.includes(kind);
  cell.error = null;
  cell.maps = outputWithoutOff(network, i, cell.maps);
  return cell;
}

/** Null, or one line that says why a layer's shape does not fit this input. */
function outputMisfit(network, i, input) {
  const layer = network.layers[i];
  const { name } = layer;
  if (WINDOWED_KINDS.includes(layer.kind)) {
    const { size, padding, strides, dilation } = network.geometryOf(i);
    const resized = [...network.filters[i]].find(([, edit]) => String(edit.size) !== String(size));
    if (resized && padding === "valid") {
      const [filter, edit] = resized;
      return say(
        "Filter {filter} of '{name}' has a kernel of {own} and the others {others}: "
        + "that needs padding 'same'.",
        { filter, name, own: edit.size.join(" x "), others: size.join(" x ") },
      );
    }
    const maps = emptyOutput(input, { size, padding, strides, dilation, filters: 1 });
    if (maps.data.length) return null;
    return say("'{name}' has windows of {window}, and its input is only {input}.", {
      name,
      window: size.map((n, axis) => (n - 1) * dilation[axis] + 1).join(" x "),
      input: `${input.height} x ${input.width}`,
    });
  }
  if (layer.kind !== "dense") return null;
  const features = network.layers[i - 1].shape.reduce((a, b) => a * b);
  if (features === input.data.length) return null;
  return say(
    "'{name}' takes {features} values, and now there are {given}: no answer with these strides "
    + "and padding.",
    { name, features, given: input.data.length },
  );
}

/** Null, or one line that says why the weights of a dense layer are not there. */
function outputMissing(network, i) {
  const { kind, name } = network.layers[i];
  if (kind !== "dense") return null;
  if (isFilmed(network, "weights")) return say("The film has no weights of '{name}'.", { name });
  if (matrixOf(network, i)) return null;
  return say("The kernel of '{name}' is too large to be sent here.", { name });
}

/** The output of a layer that is not dense. */
function outputMaps(network, i, input) {
  const { engine } = network;
  const { kind, epsilon } = network.layers[i];
  if (kind === "conv") return outputConvolved(network, i, input);
  if (kind === "max_pool") return engine.maxPool(input, network.geometryOf(i));
  if (kind === "average_pool") return engine.averagePool(input, network.geometryOf(i));
  if (kind === "global_average_pool") return engine.globalAveragePool(input);
  if (kind === "relu") return engine.relu(input);
  if (kind === "batch_norm") return engine.batchNorm(input, { ...scalingOf(network, i), epsilon });
  if (kind === "flatten") {
    return { data: input.data, height: 1, width: 1, channels: input.data.length };
  }
  return input; // dropout drops only in training
}

/** Maps with zeros in place of those that are switched off. */
function outputWithoutOff(network, i, maps) {
  if (!network.off[i].size) return maps;
  const data = maps.data.slice();
  for (const filter of network.off[i]) {
    for (let k = filter; k < data.length; k += maps.channels) data[k] = 0;
  }
  return { ...maps, data };
}

/** The maps of all filters; those with a kernel of their own are computed alone. */
function outputConvolved(network, i, input) {
  const all = outputPart(network, i, "all", input).maps;
  if (!network.filters[i].size) return all;
  const maps = { ...all, data: all.data.slice() };
  for (const filter of network.filters[i].keys()) {
    const { data } = outputPart(network, i, filter, input).maps;
    for (let k = 0; k < data.length; k++) maps.data[k * maps.channels + filter] = data[k];
  }
  return maps;
}

/** {maps, settled, exact, row}: present maps, and the exact ones so far, up to `row`. */
function outputPart(network, i, filter, input) {
  const parts = network.parts[i];
  if (!parts.has(filter)) {
    const maps = network.engine.conv(input, convolutionOf(network, i, filter));
    parts.set(filter, { maps, settled: false, exact: null, row: 0 });
  }
  return parts.get(filter);
}

/** Compute some more rows of a part in the exact order. */
export function refinePart(network, i, filter, part) {
  const input = network.output(i - 1);
  const convolution = convolutionOf(network, i, filter);
  part.exact ??= emptyOutput(input, convolution);
  const { height, width } = part.exact;
  const rows = Math.ceil(OUTPUT_SLICE / (width * convolution.kernel.length));
  const to = Math.min(part.row + rows, height);
  const output = part.exact;
  network.engine.conv(input, convolution, { exact: true, output, from: part.row, to });
  part.row = to;
  if (to === height) Object.assign(part, { maps: part.exact, settled: true });
}
