/** Where a number came from: its window, its products, the maps behind it, its receptive field. */

import { scalingOf } from "./weights.js";
import { windowAt, WINDOWED_KINDS, windowValues, windowWinner } from "./windows.js";

/** How one value of a layer's output came about; null if there is none. */
export function explainValue(network, i, filter, y, x) {
  const output = network.output(i);
  if (!output) return null;
  const { kind } = network.layers[i];
  const after = output.data[(y * output.width + x) * output.channels + filter];
  if (kind === "conv") return explainConvolution(network, i, filter, y, x);
  if (kind === "dense") return { kind, before: network.cell(i).before[filter], after };
  const input = network.output(i - 1);
  if (kind === "global_average_pool") return { kind, count: input.height * input.width, after };
  if (kind === "max_pool" || kind === "average_pool") {
    const window = windowAt(input, network.geometryOf(i), y, x);
    const { values, inside } = windowValues(input, window, filter);
    const winner = kind === "max_pool" ? windowWinner(values, inside) : null;
    return { kind, window, values, inside, winner, after };
  }
  const place = kind === "flatten" ? filter : (y * output.width + x) * output.channels + filter;
  const value = input.data[place];
  if (kind !== "batch_norm") return { kind, value, after };
  const { gamma, beta, mean, variance } = scalingOf(network, i);
  return {
    kind, value, after, epsilon: network.layers[i].epsilon, mean: mean[filter],
    variance: variance[filter], gamma: gamma?.[filter] ?? 1, beta: beta?.[filter] ?? 0,
  };
}

/** A number of a convolution: the window in each input map, the kernel, the products, the sums. */
function explainConvolution(network, i, filter, y, x) {
  const input = network.output(i - 1);
  const { kernel, size, bias } = network.filterOf(i, filter);
  const window = windowAt(input, { ...network.geometryOf(i), size }, y, x);
  const taps = size[0] * size[1];
  const parts = [];
  let inside;
  for (let channel = 0; channel < input.channels; channel++) {
    const seen = windowValues(input, window, channel);
    inside = seen.inside;
    const weights = seen.values.map((_, tap) => kernel[tap * input.channels + channel]);
    const products = Float64Array.from(seen.values, (value, tap) => value * weights[tap]);
    const sum = products.reduce((a, b) => a + b, 0);
    parts.push({ channel, values: seen.values, kernel: weights, products, sum });
  }
  let sum = 0; // in the exact order: row, column, channel
  for (let tap = 0; tap < taps; tap++) {
    for (const { products } of parts) sum = Math.fround(sum + products[tap]);
  }
  const before = Math.fround(sum + bias);
  const off = network.isOff(i, filter);
  const isZero = off || (before < 0 && network.layers[i].activation === "relu");
  const after = isZero ? 0 : before;
  return { kind: "conv", window, parts, inside, sum, bias, before, after, off };
}

/**
 * What each input map gave to a map: [{channel, share, mean}], the largest share first. `mean` is
 * the mean of |x_c * k_c| over the map, where x_c * k_c is that input map convolved with its slice
 * of the kernel, and the shares of all channels sum to 1.
 */
export function contributionsTo(network, i, filter) {
  const output = network.output(i);
  if (!output || network.layers[i].kind !== "conv") return [];
  const cell = network.cell(i);
  cell.contributions ??= new Map();
  if (!cell.contributions.has(filter)) {
    const means = contributedMeans(network, i, filter, output);
    const total = means.reduce((a, b) => a + b, 0) || 1;
    const shares = Array.from(means, (mean, channel) => ({ channel, share: mean / total, mean }));
    cell.contributions.set(filter, shares.sort((a, b) => b.share - a.share));
  }
  return cell.contributions.get(filter);
}

/** The mean of |x_c * k_c| over a map, for each channel c of the input. */
function contributedMeans(network, i, filter, output) {
  const input = network.output(i - 1);
  const { kernel, size } = network.filterOf(i, filter);
  const geometry = { ...network.geometryOf(i), size };
  const means = new Float64Array(input.channels);
  const sums = new Float64Array(input.channels);
  for (let y = 0; y < output.height; y++) {
    for (let x = 0; x < output.width; x++) {
      sums.fill(0);
      addProducts(sums, input, windowAt(input, geometry, y, x), kernel);
      for (let c = 0; c < sums.length; c++) means[c] += Math.abs(sums[c]);
    }
  }
  return means.map((sum) => sum / (output.height * output.width));
}

/** Add to the sum of each channel what a window times the kernel gives. */
function addProducts(sums, { data, height, width, channels }, window, kernel) {
  for (let ky = 0; ky < window.height; ky++) {
    const row = window.top + ky * window.stepY;
    if (row < 0 || row >= height) continue;
    for (let kx = 0; kx < window.width; kx++) {
      const column = window.left + kx * window.stepX;
      if (column < 0 || column >= width) continue;
      const pixel = (row * width + column) * channels;
      const tap = (ky * window.width + kx) * channels;
      for (let c = 0; c < channels; c++) sums[c] += data[pixel + c] * kernel[tap + c];
    }
  }
}

/** The photograph's pixels that a value sees: {top, left, height, width}; null without output. */
export function receptiveFieldOf(network, i, y, x) {
  if (!network.output(i)) return null;
  let field = { top: y, bottom: y, left: x, right: x }; // inclusive
  for (let j = i; j >= 0; j--) field = fieldBefore(network, j, field);
  const { top, bottom, left, right } = field;
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** What a part of a layer's output sees of the layer's input. */
function fieldBefore(network, j, field) {
  const input = network.output(j - 1);
  const { kind } = network.layers[j];
  if (["dense", "flatten", "global_average_pool"].includes(kind)) {
    return { top: 0, bottom: input.height - 1, left: 0, right: input.width - 1 };
  }
  if (!WINDOWED_KINDS.includes(kind)) return field;
  const geometry = network.geometryOf(j);
  const sizes = [geometry.size, ...[...network.filters[j].values()].map(({ size }) => size)];
  const windows = (y, x) => sizes.map((size) => windowAt(input, { ...geometry, size }, y, x));
  const first = windows(field.top, field.left);
  const last = windows(field.bottom, field.right);
  const bottom = Math.max(...last.map((w) => w.top + (w.height - 1) * w.stepY));
  const right = Math.max(...last.map((w) => w.left + (w.width - 1) * w.stepX));
  return {
    top: Math.max(Math.min(...first.map((w) => w.top)), 0),
    bottom: Math.min(bottom, input.height - 1),
    left: Math.max(Math.min(...first.map((w) => w.left)), 0),
    right: Math.min(right, input.width - 1),
  };
}
