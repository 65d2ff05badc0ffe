/** What a page carries: one string with a manifest and named arrays, packed by `contents.py`. */

/** The bytes that a base64 text stands for. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text.trim());
  const characters = atob(text.trim());
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The base64 text of bytes. */
export function toBase64(bytes) {
  const pieces = [];
  for (let start = 0; start < bytes.length; start += 0x8000) {
    pieces.push(String.fromCharCode(...bytes.subarray(start, start + 0x8000)));
  }
  return btoa(pieces.join(""));
}

/** Unpack the string into {manifest, arrays}; arrays[name] is {data: typed array, shape}. */
export async function unpack(text) {
  const stream = new Blob([fromBase64(text)]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  const headerLength = new DataView(buffer).getUint32(0, true);
  const start = 4 + headerLength; // a multiple of 8
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(header.arrays)) {
    arrays[name] = { data: dataArray(buffer, start + offset, dtype, shape), shape };
  }
  return { manifest: header.manifest, arrays };
}

const DATA_TYPES = {
  float32: Float32Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int32: Int32Array,
};

/** One array of the buffer as a typed array, float16 widened to float32. */
function dataArray(buffer, start, dtype, shape) {
  const Type = DATA_TYPES[dtype];
  if (!Type) throw new Error(`The page's data has an array of type '${dtype}', which is unknown.`);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Type(buffer, start, size);
  return dtype === "float16" ? dataWiden(values) : values;
}

let dataHalves = null; // the values of all 65536 patterns of 16 bits

/** float16, given as its bits, as float32. */
function dataWiden(bits) {
  dataHalves ??= Float32Array.from({ length: 65536 }, (_, pattern) => dataHalf(pattern));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = dataHalves[bits[i]];
  return values;
}

/** The number that 16 bits stand for: sign, 5 bits of exponent, 10 bits of fraction. */
function dataHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
