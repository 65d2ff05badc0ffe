/**
 * Which way up a WebP picture is. Browsers turn a JPEG or a PNG upright by its EXIF tag, but not
 * all of them a WebP; `petkeras predict` turns all three.
 */

const UPRIGHT_TAG = 0x0112; // of EXIF: the orientation, 1 to 8
const UPRIGHT_FLIPS_ROWS = [3, 4, 6, 7]; // orientations that count rows from the bottom
const UPRIGHT_FLIPS_COLUMNS = [2, 3, 7, 8]; // and columns from the right
const UPRIGHT_SWAPS = 5; // from this one on, rows are columns

/**
 * Return a WebP's EXIF orientation (1: upright), and the file without its EXIF, so that no browser
 * turns it; any other file as it is.
 */
export async function readOrientation(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const place = exifPlace(bytes);
  if (place < 0) return { file, orientation: 1 };
  const orientation = exifOrientation(new DataView(bytes.buffer, place + 8));
  bytes.set([0x58, 0x58, 0x58, 0x58], place); // a kind of chunk that nobody reads
  return { file: new Blob([bytes], { type: file.type }), orientation };
}

/** Return where the EXIF chunk of a WebP begins, or -1. */
function exifPlace(bytes) {
  const text = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WEBP") return -1;
  const view = new DataView(bytes.buffer);
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (text(at) === "EXIF") return at;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  return -1;
}

/** Return the orientation in EXIF data, 1 where it has none or is damaged. */
function exifOrientation(view) {
  try {
    const start = view.getUint32(0) === 0x45786966 ? 6 : 0; // after "Exif\0\0"
    const little = view.getUint16(start) === 0x4949; // "II"
    const entries = start + view.getUint32(start + 4, little);
    for (let n = 0; n < view.getUint16(entries, little); n++) {
      const entry = entries + 2 + 12 * n;
      if (view.getUint16(entry, little) === UPRIGHT_TAG) return view.getUint16(entry + 8, little);
    }
  } catch {
    // It ends too early.
  }
  return 1;
}

/** Turn a picture {data: RGBA pixels, height, width} upright. */
export function turnUpright({ data, height, width }, orientation) {
  if (!(orientation > 1 && orientation <= 8)) return { data, height, width };
  const swaps = orientation >= UPRIGHT_SWAPS;
  const [newHeight, newWidth] = swaps ? [width, height] : [height, width];
  const from = new Uint32Array(data.buffer, data.byteOffset, height * width);
  const pixels = new Uint32Array(height * width);
  for (let y = 0, to = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++, to++) {
      let [row, column] = swaps ? [x, y] : [y, x];
      if (UPRIGHT_FLIPS_ROWS.includes(orientation)) row = height - 1 - row;
      if (UPRIGHT_FLIPS_COLUMNS.includes(orientation)) column = width - 1 - column;
      pixels[to] = from[row * width + column];
    }
  }
  const turned = new Uint8ClampedArray(pixels.buffer);
  return { data: turned, height: newHeight, width: newWidth };
}
