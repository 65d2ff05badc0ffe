// The arithmetic of a convolutional network, twice: in plain JavaScript, which is the reference and
// the fallback, and in WebAssembly from engine.c, which is many times faster.
//
// Maps are {data: Float32Array, height, width, channels}, with the channels of a pixel side by side
// as in TensorFlow. A convolution is {kernel (kh, kw, channels, filters), size: [kh, kw], filters,
// bias (filters) or null, relu, strides: [y, x], padding: "same" | "valid", dilation: [y, x]}, and
// a pool {size, strides, padding}.
//
// A matrix is {kind, features, units, ...}: "float32" {kernel (features, units)}; "int8" {quantized
// (features, units), scale (blocks, units)}; "int4" the same with two units in a byte, the even one
// in the low half, each 8 too large; "low_rank" {rank, left int8 (features, rank), left_scale
// (rank), right (rank, units)}.
//
// A sum of products depends on the order of its terms, because each step is rounded. The exact
// order goes through a window by row, column and channel, keeps the sum in float32 and does not
// round the products. On many processors TensorFlow computes the same, to the last bit.

/** Where windows lie along an axis, as in TensorFlow: how many, and the padding at both ends. */
export function placeWindows(length, size, stride, padding, dilation = 1) {
  const span = (size - 1) * dilation + 1;
  if (padding === "valid") {
    return { count: Math.max(Math.floor((length - span) / stride) + 1, 0), before: 0, after: 0 };
  }
  const count = Math.ceil(length / stride);
  const outside = Math.max((count - 1) * stride + span - length, 0);
  const before = Math.floor(outside / 2);
  return { count, before, after: outside - before };
}

/** Maps full of zeros. */
export function emptyMaps(height, width, channels) {
  return { data: new Float32Array(height * width * channels), height, width, channels };
}

/** The maps, still empty, that a convolution or a pool makes of its input. */
export function emptyOutput(input, layer) {
  const dilation = layer.dilation ?? [1, 1];
  const [y, x] = [input.height, input.width].map((length, axis) =>
    placeWindows(length, layer.size[axis], layer.strides[axis], layer.padding, dilation[axis]),
  );
  return emptyMaps(y.count, x.count, layer.filters ?? input.channels);
}

/** Make the WebAssembly engine, or the one in JavaScript where that is not possible. */
export async function createEngine(wasmBytes) {
  try {
    if (wasmBytes) {
      const { instance } = await WebAssembly.instantiate(wasmBytes);
      return new WasmEngine(instance.exports);
    }
  } catch {
    // An old browser without SIMD, or a page that does not allow WebAssembly.
  }
  return new JavaScriptEngine();
}

/** The reference: every loop written out, sums in float64 except for the exact order. */
export class JavaScriptEngine {
  kind = "javascript";

  /** Convolve, add the bias, apply ReLU; only the rows `from` to `to` of the output, if given. */
  conv(input, layer, { exact = false, output = emptyOutput(input, layer), from = 0, to } = {}) {
    const { kernel, size, filters, bias, relu } = layer;
    const values = new Float64Array(size[0] * size[1] * input.channels); // of a window
    const sumProducts = exact ? engineSumExactly : engineSum;
    for (let y = from; y < (to ?? output.height); y++) {
      for (let x = 0; x < output.width; x++) {
        engineGatherWindow(input, layer, y, x, values);
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
    return enginePool(input, layer, -Infinity, Math.max, (largest) => largest);
  }

  /** The mean of each window; what juts out over the edge does not count, as in TensorFlow. */
  averagePool(input, layer) {
    return engineMean(input, layer);
  }

  /** The mean of each map: 1 x 1 x channels. */
  globalAveragePool(input) {
    const { height, width, channels } = input;
    const whole = { size: [height, width], strides: [1, 1], padding: "valid" };
    return height * width ? engineMean(input, whole) : emptyMaps(1, 1, channels);
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
      const [left, right] = engineFactors(matrix);
      return this.matmul(this.matmul(x, left), right);
    }
    const sums = new Float64Array(matrix.units);
    const row = new Float32Array(matrix.units);
    for (let r = 0; r < matrix.features; r++) {
      if (x[r] !== 0) engineAddRow(sums, x[r], engineRow(matrix, r, row));
    }
    return Float32Array.from(sums);
  }
}

/** The values that a window sees, by row, column and channel, with zeros around the input. */
function engineGatherWindow(input, { size, strides, padding, dilation }, y, x, values) {
  const { height, width, channels, data } = input;
  const rows = placeWindows(height, size[0], strides[0], padding, dilation[0]);
  const columns = placeWindows(width, size[1], strides[1], padding, dilation[1]);
  const top = y * strides[0] - rows.before;
  const left = x * strides[1] - columns.before;
  for (let ky = 0, i = 0; ky < size[0]; ky++) {
    const row = top + ky * dilation[0];
    for (let kx = 0; kx < size[1]; kx++) {
      const column = left + kx * dilation[1];
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      const pixel = (row * width + column) * channels;
      for (let c = 0; c < channels; c++, i++) values[i] = isInside ? data[pixel + c] : 0;
    }
  }
}

/** The sum of a window's values (n) times one filter of a kernel (n, filters), in float64. */
function engineSum(values, kernel, filters, filter) {
  let sum = 0;
  for (let i = 0, k = filter; i < values.length; i++, k += filters) sum += values[i] * kernel[k];
  return sum;
}

/** The same in the exact order: the sum is rounded to float32, the product is not. */
function engineSumExactly(values, kernel, filters, filter) {
  let sum = 0;
  for (let i = 0, k = filter; i < values.length; i++, k += filters) {
    sum = Math.fround(sum + values[i] * kernel[k]);
  }
  return sum;
}

function engineAddRow(sums, value, row) {
  for (let u = 0; u < sums.length; u++) sums[u] += value * row[u];
}

function engineMean(input, layer) {
  return enginePool(input, layer, 0, (sum, value) => sum + value, (sum, count) => sum / count);
}

/** Take in the values of each window one by one, starting with `first`, and finish the result. */
function enginePool(input, layer, first, take, finish) {
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

/** One row (units) of a matrix that is not of low rank, written to `row` where it is compressed. */
function engineRow(matrix, r, row) {
  if (matrix.kind === "float32") {
    return matrix.kernel.subarray(r * matrix.units, (r + 1) * matrix.units);
  }
  for (let u = 0; u < matrix.units; u++) row[u] = engineValue(matrix, r, u);
  return row;
}

/** One value of a matrix that is not of low rank. */
function engineValue(matrix, r, u) {
  const place = r * matrix.units + u;
  if (matrix.kind === "float32") return matrix.kernel[place];
  const scale = matrix.scale[Math.floor(r / engineBlock(matrix)) * matrix.units + u];
  if (matrix.kind === "int8") return matrix.quantized[place] * scale;
  const byte = matrix.quantized[place >> 1];
  return ((u % 2 ? byte >> 4 : byte & 15) - 8) * scale;
}

/** One column (features) of a matrix: the weights of one unit. */
export function matrixColumn(matrix, u) {
  const column = new Float32Array(matrix.features);
  if (matrix.kind !== "low_rank") return column.map((_, r) => engineValue(matrix, r, u));
  const { rank, left, left_scale: scale, right } = matrix;
  const weights = scale.map((factor, k) => factor * right[k * matrix.units + u]); // (rank)
  for (let r = 0; r < column.length; r++) {
    for (let k = 0; k < rank; k++) column[r] += left[r * rank + k] * weights[k];
  }
  return column;
}

/** Rows that share one row of the scale. */
function engineBlock({ features, units, scale }) {
  return Math.ceil(features / (scale.length / units));
}

/** The two factors of a matrix of low rank. */
function engineFactors({ features, units, rank, left, left_scale, right }) {
  return [
    { kind: "int8", features, units: rank, quantized: left, scale: left_scale },
    { kind: "float32", features: rank, units, kernel: right },
  ];
}

/** The same through engine.wasm: copies the input in, calls the loop, copies the result out. */
class WasmEngine extends JavaScriptEngine {
  kind = "wasm";

  constructor(wasm) {
    super();
    this.wasm = wasm;
    this.kept = new WeakMap(); // matrices that stay in the memory: array -> pointer
    this.keptEnd = wasm.__heap_base.value;
    this.end = this.keptEnd;
  }

  conv(input, layer, { exact = false, output = emptyOutput(input, layer), from = 0, to } = {}) {
    const rows = (to ?? output.height) - from;
    if (rows <= 0 || output.width === 0) return output;
    const [kernelHeight, kernelWidth] = layer.size;
    const [strideY, strideX] = layer.strides;
    const [stepY, stepX] = layer.dilation;
    const { channels } = input;
    // Only the rows that are needed, with zeros around.
    const top = placeWindows(input.height, kernelHeight, strideY, layer.padding, stepY).before;
    const left = placeWindows(input.width, kernelWidth, strideX, layer.padding, stepX).before;
    const firstRow = from * strideY - top;
    const height = (rows - 1) * strideY + (kernelHeight - 1) * stepY + 1;
    const width = (output.width - 1) * strideX + (kernelWidth - 1) * stepX + 1;
    const one = layer.filters === 1 && !exact;
    const filters = one ? 1 : Math.ceil(layer.filters / 4) * 4;
    const taps = kernelHeight * kernelWidth * channels;

    this.end = this.keptEnd;
    const Type = exact ? Float64Array : Float32Array;
    const padded = this.reserve(Type, height * width * channels);
    const kernel = this.reserve(Type, taps * filters);
    const bias = this.reserve(Float32Array, filters);
    const result = this.reserve(Float32Array, rows * output.width * filters);
    const touching = stepX === 1; // the kernel's columns: then a row of it is one run
    const job = this.put(Int32Array, [
      padded, kernel, bias, result,
      kernelHeight, touching ? 1 : kernelWidth, touching ? kernelWidth * channels : channels,
      filters, output.width, strideY * width * channels, strideX * channels,
      stepY * width * channels, stepX * channels,
    ]);

    enginePad(input, this.view(Type, padded, height * width * channels), firstRow, left, width);
    engineSpread(layer.kernel, layer.filters, this.view(Type, kernel, taps * filters), filters);
    const biases = this.view(Float32Array, bias, filters).fill(0);
    if (layer.bias) biases.set(layer.bias);
    this.wasm[exact ? "conv_exact" : one ? "conv_one" : "conv_fast"](job, rows);
    if (layer.relu) this.wasm.relu(result, rows * output.width * filters);
    const values = this.view(Float32Array, result, rows * output.width * filters);
    const place = output.data.subarray(from * output.width * layer.filters);
    if (filters === layer.filters) place.set(values);
    else engineGather(values, filters, place, layer.filters);
    return output;
  }

  maxPool(input, layer) {
    return this.pool("max_pool", input, layer);
  }

  averagePool(input, layer) {
    return this.pool("average_pool", input, layer);
  }

  pool(name, input, layer) {
    const output = emptyOutput(input, layer);
    const [poolHeight, poolWidth] = layer.size;
    const [strideY, strideX] = layer.strides;
    const top = placeWindows(input.height, poolHeight, strideY, layer.padding).before;
    const left = placeWindows(input.width, poolWidth, strideX, layer.padding).before;
    this.end = this.keptEnd;
    const values = this.put(Float32Array, input.data);
    const result = this.reserve(Float32Array, output.data.length);
    const job = this.put(Int32Array, [
      values, result, input.height, input.width, input.channels, output.height, output.width,
      poolHeight, poolWidth, strideY, strideX, top, left,
    ]);
    this.wasm[name](job);
    output.data.set(this.view(Float32Array, result, output.data.length));
    return output;
  }

  matmul(x, matrix) {
    const { kind, features, units } = matrix;
    if (kind === "low_rank") return super.matmul(x, matrix);
    const bits = { float32: 32, int8: 8, int4: 4 }[kind];
    const wide = Math.ceil(units / 16) * 16; // the loop takes 16 units at once
    const inOne = bits === 4 ? 2 : 1; // units in one number of the array
    const pointer = this.keep(matrix.kernel ?? matrix.quantized, units / inOne, wide / inOne);
    this.end = this.keptEnd;
    const input = this.put(Float32Array, x);
    const scale = matrix.scale ? this.putWide(matrix.scale, units, wide) : 0;
    const result = this.reserve(Float32Array, wide);
    const partial = this.reserve(Float32Array, wide);
    const block = matrix.scale ? engineBlock(matrix) : 256;
    this.wasm.matmul(bits, input, pointer, scale, result, partial, features, wide, block);
    return this.view(Float32Array, result, units).slice();
  }

  /** Memory for `count` numbers above what is in use; older views may become invalid. */
  reserve(Type, count) {
    const pointer = Math.ceil(this.end / 16) * 16;
    this.end = pointer + count * Type.BYTES_PER_ELEMENT + 64; // a load may look a little ahead
    const missing = this.end - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / 65536));
    return pointer;
  }

  view(Type, pointer, count) {
    return new Type(this.wasm.memory.buffer, pointer, count);
  }

  put(Type, values) {
    const pointer = this.reserve(Type, values.length);
    this.view(Type, pointer, values.length).set(values);
    return pointer;
  }

  /** Copy an array of rows, each made wider with zeros. */
  putWide(array, length, wideLength) {
    const count = (array.length / length) * wideLength;
    const pointer = this.reserve(array.constructor, count);
    engineSpread(array, length, this.view(array.constructor, pointer, count), wideLength);
    return pointer;
  }

  /** The same for a matrix, which stays in the memory for good. */
  keep(array, length, wideLength) {
    if (!this.kept.has(array)) {
      this.end = this.keptEnd;
      this.kept.set(array, this.putWide(array, length, wideLength));
      this.keptEnd = this.end;
    }
    return this.kept.get(array);
  }
}

/** Copy maps into `padded` (rows, width, channels) from row `firstRow` on; zeros where outside. */
function enginePad(input, padded, firstRow, left, width) {
  const { channels, data } = input;
  const length = Math.min(input.width, width - left) * channels;
  padded.fill(0);
  for (let y = 0; y < padded.length / (width * channels); y++) {
    const row = firstRow + y;
    if (row < 0 || row >= input.height) continue;
    const start = row * input.width * channels;
    padded.set(data.subarray(start, start + length), (y * width + left) * channels);
  }
}

/** Copy rows, such as a kernel (taps, filters), to wider ones with zeros at their ends. */
function engineSpread(rows, length, wide, wideLength) {
  if (length === wideLength) {
    wide.set(rows);
    return;
  }
  wide.fill(0);
  for (let from = 0, to = 0; from < rows.length; from += length, to += wideLength) {
    wide.set(rows.subarray(from, from + length), to);
  }
}

/** Copy rows without what was added to their ends. */
function engineGather(wide, wideLength, rows, length) {
  for (let from = 0, to = 0; from < wide.length; from += wideLength, to += length) {
    rows.set(wide.subarray(from, from + length), to);
  }
}
