/**
 * The same as reference.js, through engine.wasm, which is made from engine.c: copy the input into
 * its memory, call the loop, copy the result out.
 */

import { matrixBlock } from "./matrix.js";
import { JavaScriptEngine } from "./reference.js";
import { emptyOutput, placeWindows } from "./windows.js";

export class WasmEngine extends JavaScriptEngine {
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

    wasmPad(input, this.view(Type, padded, height * width * channels), firstRow, left, width);
    wasmSpread(layer.kernel, layer.filters, this.view(Type, kernel, taps * filters), filters);
    const biases = this.view(Float32Array, bias, filters).fill(0);
    if (layer.bias) biases.set(layer.bias);
    this.wasm[exact ? "conv_exact" : one ? "conv_one" : "conv_fast"](job, rows);
    if (layer.relu) this.wasm.relu(result, rows * output.width * filters);
    const values = this.view(Float32Array, result, rows * output.width * filters);
    const place = output.data.subarray(from * output.width * layer.filters);
    if (filters === layer.filters) place.set(values);
    else wasmGather(values, filters, place, layer.filters);
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
    const block = matrix.scale ? matrixBlock(matrix) : 256;
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
    wasmSpread(array, length, this.view(array.constructor, pointer, count), wideLength);
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
function wasmPad(input, padded, firstRow, left, width) {
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
function wasmSpread(rows, length, wide, wideLength) {
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
function wasmGather(wide, wideLength, rows, length) {
  for (let from = 0, to = 0; from < wide.length; from += wideLength, to += length) {
    rows.set(wide.subarray(from, from + length), to);
  }
}
