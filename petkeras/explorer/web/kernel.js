/** The weights of a filter's kernel (kh, kw, channels), of one input map or of all together. */
import { say } from "./words.js";

export const KERNEL_MEAN = -1; // the choice of the mean of all inputs in place of one

/** Return one channel of a kernel (kh, kw, cin) as (kh, kw); KERNEL_MEAN gives their sum. */
export function kernelChannel({ kernel, size: [height, width] }, channel) {
  const channels = kernel.length / (height * width);
  const values = new Float32Array(height * width);
  for (let cell = 0; cell < values.length; cell++) {
    const first = cell * channels;
    if (channel >= 0) values[cell] = kernel[first + channel];
    else for (let c = 0; c < channels; c++) values[cell] += kernel[first + c];
  }
  return values;
}

/** Put `value` into one cell of one channel, or in equal shares into all channels. */
export function kernelPut(kernel, channels, cell, channel, value) {
  if (channel >= 0) kernel[cell * channels + channel] = value;
  else kernel.fill(value / channels, cell * channels, (cell + 1) * channels);
}

/** Return `values` (kh, kw) as a kernel (kh, kw, cin): on one input, or on the mean of all. */
export function kernelFrom(values, channels, channel) {
  const kernel = new Float32Array(values.length * channels);
  values.forEach((value, cell) => kernelPut(kernel, channels, cell, channel, value));
  return kernel;
}

/** Return a step of 1, 2 or 5 times a power of ten, about a tenth of the largest value. */
export function kernelStep(values) {
  const tenth = Math.max(...Array.from(values, Math.abs), 1e-6) / 10 || 0.1;
  const power = 10 ** Math.floor(Math.log10(tenth));
  const digit = [5, 2, 1].find((each) => each * power <= tenth * 1.0001) ?? 1;
  return Number((digit * power).toPrecision(1));
}

/** Return the number of input maps of a convolution. */
export function kernelInputs(network, layer) {
  const { kernel, size } = network.filterOf(layer, 0);
  return kernel.length / (size[0] * size[1]);
}

/** Return the name of an input map: a color for a photograph, else a number. */
export function kernelInputName(network, layer, channel) {
  const colors = layer === 0 && network.manifest.input_shape[2] === 3;
  if (!colors) return say("input {channel}", { channel });
  return [say("red"), say("green"), say("blue")][channel];
}
