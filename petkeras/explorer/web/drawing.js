/** Draw maps, photographs, kernels and grids of numbers on canvases. */

// Colors at equal distances from matplotlib's viridis and RdBu_r, and gray.
const drawingAnchors = {
  viridis:
    "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 " +
    "84d44b addc30 d8e219 fde725",
  diverging:
    "053061 175290 2a71b2 3f8ec0 6bacd1 9bc9e0 c2ddec e0ecf3 f7f6f6 fbe5d8 fbccb4 f5aa89 e48066 " +
    "d05548 ba2832 930e26 67001f",
  gray: "000000 ffffff",
};

/** Return 256 colors [r, g, b] between the anchors, a list of hexadecimal colors. */
function drawingTable(anchors) {
  const points = anchors.split(" ").map((hex) =>
    [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
  );
  return Array.from({ length: 256 }, (_, index) => {
    const place = (index / 255) * (points.length - 1);
    const left = Math.min(Math.floor(place), points.length - 2);
    return points[left].map((value, part) =>
      Math.round(value + (place - left) * (points[left + 1][part] - value)),
    );
  });
}

const drawingTables = Object.fromEntries(
  Object.entries(drawingAnchors).map(([name, anchors]) => [name, drawingTable(anchors)]),
);

// The same colors as whole numbers (alpha, blue, green, red from the highest byte), for ImageData.
const drawingWords = Object.fromEntries(
  Object.entries(drawingTables).map(([name, table]) => [
    name,
    Uint32Array.from(table, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0),
  ]),
);

/** Return the color [r, g, b] at `t` from 0 to 1 of "viridis", "diverging" or "gray". */
export function colorOf(colors, t) {
  return drawingTables[colors][Math.round(255 * Math.min(1, Math.max(0, t || 0)))];
}

/** Return {low, high} over one channel of maps {data, height, width, channels}, or over all. */
export function rangeOf(maps, channel = null) {
  const step = channel === null ? 1 : maps.channels;
  let low = Infinity;
  let high = -Infinity;
  for (let at = channel ?? 0; at < maps.data.length; at += step) {
    const value = maps.data[at];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

const drawingSamples = 2000; // values of a layer that its common range is taken from
const drawingTail = 0.002; // share of them that may lie beyond each end
const drawingCommon = new WeakMap(); // maps -> their common range

/**
 * Return {low, high, clipped} for all maps of a layer, so that a few extreme values do not make
 * everything else dark: `clipped` says whether some values lie above `high`.
 */
export function commonRange(maps) {
  if (!drawingCommon.has(maps)) drawingCommon.set(maps, drawingCommonRange(maps));
  return drawingCommon.get(maps);
}

function drawingCommonRange(maps) {
  const { data, channels } = maps;
  let step = Math.ceil(data.length / drawingSamples);
  while (drawingDivisor(step, channels) > 1) step += 1; // so that no map is left out
  const amount = Math.ceil(data.length / step);
  const sample = new Float32Array(amount);
  for (let at = 0; at < amount; at += 1) sample[at] = data[at * step];
  sample.sort();
  const first = sample[Math.floor(drawingTail * (amount - 1))];
  const last = sample[Math.ceil((1 - drawingTail) * (amount - 1))];
  if (!(last > first)) return { ...rangeOf(maps), clipped: false };
  return { low: first, high: last, clipped: data.some((value) => value > last) };
}

/** Return the greatest common divisor of two whole numbers. */
function drawingDivisor(a, b) {
  return b === 0 ? a : drawingDivisor(b, a % b);
}

/** Return the range that is symmetric about zero, for diverging colors. */
export function aroundZero({ low, high }) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return { low: -largest, high: largest };
}

/**
 * Draw one channel of maps {data (h*w*c), height, width, channels}, one pixel a value.
 * `scale` {low, high} is the range of the colors, by default the channel's own.
 */
export function drawMap(canvas, maps, channel, { scale = null, colors = "viridis" } = {}) {
  const { data, height, width, channels } = maps;
  const { low, high } = scale ?? rangeOf(maps, channel);
  const factor = high > low ? 255 / (high - low) : 0;
  const words = drawingWords[colors];
  const image = drawingImage(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0, from = channel; at < pixels.length; at += 1, from += channels) {
    const place = (data[from] - low) * factor;
    pixels[at] = words[place > 255 ? 255 : place > 0 ? Math.round(place) : 0];
  }
  drawingPut(canvas, image);
}

/** Draw an image of bytes (h*w*channels, 1 or 3 channels), one pixel a pixel. */
export function drawPixels(canvas, pixels, height, width, channels) {
  const image = drawingImage(width, height);
  for (let at = 0; at < height * width; at += 1) {
    for (let part = 0; part < 3; part += 1) {
      image.data[4 * at + part] = pixels[channels * at + (channels >= 3 ? part : 0)];
    }
    image.data[4 * at + 3] = 255;
  }
  drawingPut(canvas, image);
}

/** Draw a kernel (height*width values) in diverging colors, white at zero, one pixel a value. */
export function drawKernel(canvas, values, height, width, largest) {
  const maps = { data: values, height, width, channels: 1 };
  const top = largest ?? aroundZero(rangeOf(maps)).high;
  drawMap(canvas, maps, 0, { scale: { low: -top, high: top }, colors: "diverging" });
}

const drawingImages = new Map(); // "width height" -> an image that is used again and again

/** Return an image to fill; it has to be put on a canvas before the next one is asked for. */
function drawingImage(width, height) {
  const key = `${width} ${height}`;
  if (!drawingImages.has(key)) drawingImages.set(key, new ImageData(width, height));
  return drawingImages.get(key);
}

/** Give the canvas the size of the image, and put the image there. */
function drawingPut(canvas, image) {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * Make a canvas of width x height CSS pixels sharp on this screen, and clear it.
 * Return its 2-D context, which draws in CSS pixels.
 */
export function sharpContext(canvas, width, height) {
  const ratio = Math.max(1, globalThis.devicePixelRatio || 1);
  const across = Math.round(width * ratio);
  const down = Math.round(height * ratio);
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.setProperty("width", `${width}px`);
  canvas.style.setProperty("height", `${height}px`);
  const context = canvas.getContext("2d");
  context.setTransform(across / width, 0, 0, down / height, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Return black or white, whichever can be read on the color [r, g, b]. */
export function inkOn([r, g, b]) {
  const linear = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const light = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return light > 0.179 ? "#000" : "#fff";
}

/**
 * Draw values (height*width) as colored cells with their numbers.
 * `cell` [width, height] in CSS pixels; numbers are left out where a cell is too small for them.
 * `inside` (height*width) marks with 0 the values beyond an edge, which are drawn hatched.
 */
export function drawGridNumbers(context, values, height, width, options = {}) {
  const { left = 0, top = 0, cell = [36, 26], colors = "viridis", digits = 2 } = options;
  const { low = 0, high = 1, inside = null, font = "system-ui, sans-serif" } = options;
  const [across, down] = cell;
  const pixels = Math.min(12, down * 0.5, across / (2.3 + 0.56 * digits));
  const room = pixels >= 8.5;
  context.font = `${pixels}px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let at = 0; at < height * width; at += 1) {
    const x = left + (at % width) * across;
    const y = top + Math.floor(at / width) * down;
    const color = colorOf(colors, high > low ? (values[at] - low) / (high - low) : 0.5);
    context.fillStyle = `rgb(${color.join(" ")})`;
    context.fillRect(x + 0.5, y + 0.5, across - 1, down - 1);
    if (inside && !inside[at]) drawingHatch(context, x, y, across, down);
    if (!room) continue;
    context.fillStyle = inkOn(color);
    context.fillText(drawingNumber(values[at], digits), x + across / 2, y + down / 2 + 0.5);
  }
}

/** Return a number for a cell: digits decimals, a true minus sign, no minus zero. */
function drawingNumber(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Draw two thin strokes over the corners of a cell, the sign for "beyond the edge". */
function drawingHatch(context, x, y, across, down) {
  context.strokeStyle = "rgb(128 128 128 / 90%)";
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x + 1, y + down * 0.3);
  context.lineTo(x + across * 0.3, y + 1);
  context.moveTo(x + across * 0.7, y + down - 1);
  context.lineTo(x + across - 1, y + down * 0.7);
  context.stroke();
}
