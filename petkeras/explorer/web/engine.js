/**
 * The arithmetic of a convolutional network, twice: in plain JavaScript (reference.js), which is
 * the reference and the fallback, and in WebAssembly (wasm.js), which is many times faster.
 *
 * Maps are {data: Float32Array, height, width, channels}, with the channels of a pixel side by side
 * as in TensorFlow. A convolution is {kernel (kh, kw, channels, filters), size: [kh, kw], filters,
 * bias (filters) or null, relu, strides: [y, x], padding: "same" | "valid", dilation: [y, x]}, and
 * a pool {size, strides, padding}. Matrices are described in matrix.js.
 *
 * A sum of products depends on the order of its terms, because each step is rounded. The exact
 * order goes through a window by row, column and channel, keeps the sum in float32 and does not
 * round the products. On many processors TensorFlow computes the same, to the last bit.
 */

import { JavaScriptEngine } from "./reference.js";
import { WasmEngine } from "./wasm.js";

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
