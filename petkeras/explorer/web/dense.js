/**
 * Dense layers. The kernel of a large one is compressed in the page: then its output starts from
 * TensorFlow's own for the untouched photograph.
 */

import { matrixColumn } from "./matrix.js";
import { weightsOf } from "./weights.js";

export const UNCHANGED_KINDS = ["flatten", "dropout"]; // values pass as they are

/** {before (units): the sums before ReLU, maps, size: see `denseChange`} of a dense layer. */
export function denseOutput(network, i, input) {
  const bias = weightsOf(network, i, "bias")?.data;
  let before; // (units)
  let size = 0;
  if (isCompressed(network, i)) {
    ({ before, size } = denseChange(network, i, input.data));
  } else {
    before = network.engine.matmul(input.data, matrixOf(network, i));
    if (bias) before = before.map((value, u) => value + bias[u]);
  }
  const relu = network.layers[i].activation === "relu";
  const data = relu ? before.map((value) => (value < 0 ? 0 : value)) : before;
  return { before, size, maps: { data, height: 1, width: 1, channels: data.length } };
}

/** Whether a layer is the one whose kernel is compressed. */
export function isCompressed(network, i) {
  const { layer, kind } = network.manifest.dense;
  return i === layer && ["int8", "int4", "low_rank"].includes(kind);
}

/** A dense layer's kernel for the engine, or null where the page has none. */
export function matrixOf(network, i) {
  const named = (name) => network.arrays[`layers/${i}/${name}`];
  const kernel = named("kernel");
  if (kernel) {
    const [features, units] = kernel.shape;
    return { kind: "float32", features, units, kernel: kernel.data };
  }
  if (!isCompressed(network, i)) return null;
  const { kind } = network.manifest.dense;
  if (kind === "low_rank") {
    const [left, scale, right] = [named("left"), named("left_scale"), named("right")];
    const [features, rank] = left.shape;
    const factors = { left: left.data, left_scale: scale.data, right: right.data };
    return { kind, features, units: right.shape[1], rank, ...factors };
  }
  const [quantized, scale] = [named("quantized"), named("scale")];
  const [features, units] = [quantized.shape[0], scale.shape[1]];
  return { kind, features, units, quantized: quantized.data, scale: scale.data };
}

/**
 * {before, size} of the compressed layer: its pre-activations (units), TensorFlow's own of the
 * untouched photograph and through the compressed kernel only what has changed since; and the
 * length of that change of its input, as a share of the untouched input's.
 */
function denseChange(network, i, features) {
  const photograph = Math.max(network.photograph, 0);
  const before = network.arrays[`before/${photograph}`].data;
  if (network.photograph >= 0 && !network.changes().any) {
    network.untouched = { photograph, features };
    return { before, size: 0 };
  }
  if (network.untouched?.photograph !== photograph) {
    network.untouched = { photograph, features: network.trainedOutput(photograph, i - 1).data };
  }
  const change = features.map((value, r) => value - network.untouched.features[r]);
  const moved = network.engine.matmul(change, matrixOf(network, i));
  const size = lengthOf(change) / Math.max(lengthOf(network.untouched.features), 1e-30);
  return { before: before.map((value, u) => value + moved[u]), size };
}

/** The square root of the sum of the squares. */
function lengthOf(values) {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Where a unit of the first dense layer looks: {values (h * w), height, width} or null. */
export function unitSees(network, unit) {
  const dense = network.layers.findIndex(({ kind }) => kind === "dense");
  if (dense < 0 || network.outputError(dense)) return null;
  let i = dense - 1; // the last layer whose output still has a height and a width
  while (i >= 0 && UNCHANGED_KINDS.includes(network.layers[i].kind)) i--;
  const { height, width, channels } = network.output(i);
  const { data } = network.output(dense - 1);
  const weights = matrixColumn(matrixOf(network, dense), unit);
  const values = new Float32Array(height * width);
  for (let place = 0; place < values.length; place++) {
    let sum = 0;
    for (let k = place * channels; k < (place + 1) * channels; k++) sum += data[k] * weights[k];
    values[place] = sum;
  }
  return { values, height, width };
}
