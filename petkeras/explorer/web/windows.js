/** Where windows lie in maps, and what they see. */

export const WINDOWED_KINDS = ["conv", "max_pool", "average_pool"];

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

/**
 * The window that place (y, x) of a layer's output sees in its input; it may jut out over the edge:
 * {top, left, height, width, stepY, stepX}. `geometry` is {size, strides, padding, dilation}.
 */
export function windowAt(input, { size, strides, padding, dilation }, y, x) {
  const [height, width] = size;
  const [stepY, stepX] = dilation;
  const rows = placeWindows(input.height, height, strides[0], padding, stepY);
  const columns = placeWindows(input.width, width, strides[1], padding, stepX);
  const top = y * strides[0] - rows.before;
  const left = x * strides[1] - columns.before;
  return { top, left, height, width, stepY, stepX };
}

/** The rectangle that a window covers, with the steps of its dilation. */
export function windowExtent({ top, left, height, width, stepY, stepX }) {
  return { top, left, height: (height - 1) * stepY + 1, width: (width - 1) * stepX + 1 };
}

/** The values of one channel in a window, 0 outside the edge, and which of them are inside. */
export function windowValues(input, { top, left, height, width, stepY, stepX }, channel) {
  const values = new Float32Array(height * width);
  const inside = new Uint8Array(height * width);
  for (let tap = 0; tap < values.length; tap++) {
    const row = top + Math.floor(tap / width) * stepY;
    const column = left + (tap % width) * stepX;
    if (row < 0 || row >= input.height || column < 0 || column >= input.width) continue;
    inside[tap] = 1;
    values[tap] = input.data[(row * input.width + column) * input.channels + channel];
  }
  return { values, inside };
}

/** The index of the largest value inside, the first of equals; null if there is none. */
export function windowWinner(values, inside) {
  let winner = null;
  values.forEach((value, k) => {
    if (inside[k] && (winner === null || value > values[winner])) winner = k;
  });
  return winner;
}
