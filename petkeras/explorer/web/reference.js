/**
 * The reference: the engine in plain JavaScript with every loop written out, its sums in float64
 * except for the exact order. See engine.js for what goes in and comes out.
 */

import { matrixFactors, matrixRow } from "./matrix.js";
import { emptyMaps, emptyOutput, placeWindows, windowAt } from "./windows.js";

/** The engine's operations. */
export class JavaScriptEngine {
  kind = "javascript";

  /** Convolve, add the bias, apply ReLU; only the rows `from` to `to` of the output, if given. */
  conv(input, layer, { exact = false, output = emptyOutput(input, layer), from = 0, to } = {}) {
    const { kernel, size, filters, bias, relu } = layer;
    const values = new Float64Array(size[0] * size[1] * input.channels); // of a window
    const sumProducts = exact ? referenceSumExactly : referenceSum;
    for (let y = from; y < (to ?? output.height); y++) {
      for (let x = 0; x < output.width; x++) {
        referenceGather(input, layer, y, x, values);
        const place = (y * output.width + x) * filters;
        for (let f = 0; f < filters; f++) {
          const sum = sumProducts(values, kernel, filters, f);
          const value = bias ? sum + bias[f] : sum;
          output.data[place + f] = relu && value < 0 ? 0 : value;
        }
      }
    }
    return output;
  }

  maxPool(input, layer) {
    return referencePool(input, layer, -Infinity, Math.max, (largest) => largest);
  }

  /** The mean of each window; what juts out over the edge does not count, as in TensorFlow. */
  averagePool(input, layer) {
    return referenceMean(input, layer);
  }

  /** The mean of each map: 1 x 1 x channels. */
  globalAveragePool(input) {
    const { height, width, channels } = input;
    const whole = { size: [height, width], strides: [1, 1], padding: "valid" };
    return height * width ? referenceMean(input, whole) : emptyMaps(1, 1, channels);
  }

  /** gamma * (x - mean) / sqrt(variance + epsilon) + beta, each (channels); gamma, beta or null. */
  batchNorm(input, { mean, variance, gamma, beta, epsilon }) {
    const { height, width, channels } = input;
    const output = emptyMaps(height, width, channels);
    for (let c = 0; c < channels; c++) {
      const factor = (gamma ? gamma[c] : 1) / Math.sqrt(variance[c] + epsilon);
      const shift = beta ? beta[c] : 0;
      for (let i = c; i < input.data.length; i += channels) {
        output.data[i] = (input.data[i] - mean[c]) * factor + shift;
      }
    }
    return output;
  }

  relu(input) {
    return { ...input, data: input.data.map((value) => (value < 0 ? 0 : value)) };
  }

  /** x (features) times a matrix: (units) float32. */
  matmul(x, matrix) {
    if (matrix.kind === "low_rank") {
      const [left, right] = matrixFactors(matrix);
      return this.matmul(this.matmul(x, left), right);
    }
    const sums = new Float64Array(matrix.units);
    const row = new Float32Array(matrix.units);
    for (let r = 0; r < matrix.features; r++) {
      if (x[r] !== 0) referenceAddRow(sums, x[r], matrixRow(matrix, r, row));
    }
    return Float32Array.from(sums);
  }
}

/** The values that a window sees, by row, column and channel, with zeros around the input. */
function referenceGather(input, layer, y, x, values) {
  const { height, width, channels, data } = input;
  const window = windowAt(input, layer, y, x);
  for (let ky = 0, i = 0; ky < window.height; ky++) {
    const row = window.top + ky * window.stepY;
    for (let kx = 0; kx < window.width; kx++) {
      const column = window.left + kx * window.stepX;
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      const pixel = (row * width + column) * channels;
      for (let c = 0; c < channels; c++, i++) values[i] = isInside ? data[pixel + c] : 0;
    }
  }
}

/** The sum of a window's values (n) times one filter of a kernel (n, filters), in float64. */
function referenceSum(values, kernel, filters, filter) {
  let sum = 0;
  for (let i = 0, k = filter; i < values.length; i++, k += filters) sum += values[i] * kernel[k];
  return sum;
}

/** The same in the exact order: the sum is rounded to float32, the product is not. */
function referenceSumExactly(values, kernel, filters, filter) {
  let sum = 0;
  for (let i = 0, k = filter; i < values.length; i++, k += filters) {
    sum = Math.fround(sum + values[i] * kernel[k]);
  }
  return sum;
}

function referenceAddRow(sums, value, row) {
  for (let u = 0; u < sums.length; u++) sums[u] += value * row[u];
}

function referenceMean(input, layer) {
  return referencePool(input, layer, 0, (sum, value) => sum + value, (sum, count) => sum / count);
}

/** Take in the values of each window one by one, starting with `first`, and finish the result. */
function referencePool(input, layer, first, take, finish) {
  const { height, width, channels, data } = input;
  const [poolHeight, poolWidth] = layer.size;
  const [strideY, strideX] = layer.strides;
  const top = placeWindows(height, poolHeight, strideY, layer.padding).before;
  const left = placeWindows(width, poolWidth, strideX, layer.padding).before;
  const output = emptyOutput(input, layer);
  for (let y = 0, place = 0; y < output.height; y++) {
    const firstRow = Math.max(y * strideY - top, 0);
    const endRow = Math.min(y * strideY - top + poolHeight, height);
    for (let x = 0; x < output.width; x++) {
      const firstColumn = Math.max(x * strideX - left, 0);
      const endColumn = Math.min(x * strideX - left + poolWidth, width);
      for (let c = 0; c < channels; c++, place++) {
        let result = first;
        for (let row = firstRow; row < endRow; row++) {
          for (let column = firstColumn; column < endColumn; column++) {
            result = take(result, data[(row * width + column) * channels + c]);
          }
        }
        output.data[place] = finish(result, (endRow - firstRow) * (endColumn - firstColumn));
      }
    }
  }
  return output;
}
