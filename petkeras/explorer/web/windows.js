/** Where the windows of a convolution or a pool lie along one axis, as TensorFlow places them. */

/** Return {out, before, after}: the number of windows, and the cells of padding at both ends. */
export function windowsAlong(length, window, stride, padding) {
  if (padding === "valid") {
    const out = length >= window ? Math.floor((length - window) / stride) + 1 : 0;
    return { out, before: 0, after: 0 };
  }
  const out = Math.ceil(length / stride);
  const total = Math.max((out - 1) * stride + window - length, 0);
  return { out, before: total >> 1, after: total - (total >> 1) };
}
