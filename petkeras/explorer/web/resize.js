/**
 * Squash a photograph to the network's size as `petkeras predict` does: with Pillow's
 * `resize(..., BILINEAR)`, which averages over all pixels that a new one covers, in whole numbers.
 * It goes along the rows first, and along the columns where a photograph loses far more height.
 *
 * Given the same pixels, the result is the same to the last bit. A browser's pixels differ in:
 * - JPEGs of at least twice 2048 pixels on both sides, by a level here and there: Pillow's `draft`
 *   decodes them at a half, a quarter or an eighth of their size, a browser in full;
 * - other JPEGs, if the browser's decoder is not libjpeg-turbo, which Chromium and Pillow have;
 * - pictures that only XMP says how to turn; and formats that a browser cannot open (TIFF).
 */

import { readOrientation, turnUpright } from "./upright.js";

const RESIZE_BITS = 22; // of a weight after the point: 32 - 8 of a color - 2 to spare

/** Decode a file and squash it to the network's [height, width, channels]: uint8 pixels. */
export async function decodePhotograph(file, [height, width, channels]) {
  const picture = await readPicture(file);
  const colors = resizePixels(picture.data, picture.height, picture.width, [height, width]);
  return channels === 1 ? resizeGray(colors) : colors;
}

/** Decode a file, and turn it upright: {data: RGBA pixels, height, width}. */
async function readPicture(file) {
  const { file: plain, orientation } = await readOrientation(file);
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none" };
  const picture = await createImageBitmap(plain, { ...options, premultiplyAlpha: "none" });
  const { height, width } = picture;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  picture.close();
  return turnUpright(context.getImageData(0, 0, width, height), orientation);
}

/** RGBA pixels (height, width, 4), on white, as RGB pixels of a new [height, width]. */
function resizePixels(pixels, height, width, [newHeight, newWidth]) {
  const colors = resizeOnWhite(pixels);
  const rows = height - newHeight; // that are lost
  if (rows > 0 && rows > 2 * (width - newWidth)) {
    const low = resizeDown(colors, height, width, newHeight); // (newHeight, width, 3)
    return resizeAlong(low, newHeight, width, newWidth);
  }
  const narrow = resizeAlong(colors, height, width, newWidth); // (height, newWidth, 3)
  return resizeDown(narrow, height, newWidth, newHeight);
}

/** RGB pixels (height, columns, 3) made longer or shorter along their columns. */
function resizeDown(colors, height, columns, newHeight) {
  const turned = resizeTurn(colors, height, columns);
  return resizeTurn(resizeAlong(turned, columns, height, newHeight), columns, newHeight);
}

/** RGB of RGBA pixels where white shines through; (t + (t >> 8)) >> 8 divides by 255. */
function resizeOnWhite(pixels) {
  const colors = new Uint8ClampedArray((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    const alpha = pixels[from + 3];
    for (let c = 0; c < 3; c++, to++) {
      const mixed = pixels[from + c] * alpha + 255 * (255 - alpha) + 128;
      colors[to] = ((mixed >> 8) + mixed) >> 8;
    }
  }
  return colors;
}

/** RGB pixels (rows, length, 3) made longer or shorter along their rows. */
function resizeAlong(colors, rows, length, newLength) {
  if (length === newLength) return colors;
  const result = new Uint8ClampedArray(rows * newLength * 3);
  const windows = resizeWindows(length, newLength);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const { first, weights } of windows) {
      const start = (row * length + first) * 3;
      for (let c = 0; c < 3; c++, to++) {
        let sum = 1 << (RESIZE_BITS - 1); // to round
        for (let k = 0; k < weights.length; k++) sum += colors[start + 3 * k + c] * weights[k];
        result[to] = sum >> RESIZE_BITS;
      }
    }
  }
  return result;
}

/** For each new pixel the old ones that it covers, with weights: a triangle around its middle. */
function resizeWindows(length, newLength) {
  const scale = length / newLength;
  const support = Math.max(scale, 1); // half a triangle's width, in old pixels
  return Array.from({ length: newLength }, (_, x) => {
    const middle = (x + 0.5) * scale;
    const first = Math.max(Math.trunc(middle - support + 0.5), 0);
    const end = Math.min(Math.trunc(middle + support + 0.5), length);
    const heights = Array.from({ length: end - first }, (_, k) =>
      Math.max(1 - Math.abs((k + first - middle + 0.5) * (1 / support)), 0),
    );
    const sum = heights.reduce((a, b) => a + b, 0);
    const weights = heights.map((height) => Math.trunc(0.5 + (height / sum) * (1 << RESIZE_BITS)));
    return { first, weights: Int32Array.from(weights) };
  });
}

/** Swap the rows and the columns of RGB pixels (height, width, 3). */
function resizeTurn(colors, height, width) {
  const turned = new Uint8ClampedArray(colors.length);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 3) {
      const to = (x * height + y) * 3;
      for (let c = 0; c < 3; c++) turned[to + c] = colors[from + c];
    }
  }
  return turned;
}

/** RGB pixels as gray ones, with Pillow's weights of the three colors. */
function resizeGray(colors) {
  const gray = new Uint8ClampedArray(colors.length / 3);
  for (let i = 0; i < gray.length; i++) {
    const [red, green, blue] = colors.subarray(3 * i, 3 * i + 3);
    gray[i] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
  }
  return gray;
}
