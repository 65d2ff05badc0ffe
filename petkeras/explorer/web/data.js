// What a page carries: one string with a manifest and named arrays, packed by `contents.py`.

/** The bytes that a base64 text stands for. */
export function fromBase64(text) {
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

/** float16, given as its bits, as float32: sign, 5 bits of exponent, 10 bits of fraction. */
function dataWiden(bits) {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = bits[i] & 0x8000 ? -1 : 1;
    const exponent = (bits[i] >> 10) & 31;
    const fraction = bits[i] & 1023;
    if (exponent === 31) values[i] = fraction ? NaN : sign * Infinity;
    else if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else values[i] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return values;
}
