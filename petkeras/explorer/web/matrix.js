/**
 * The kernels of dense layers, whole or compressed.
 *
 * A matrix is {kind, features, units, ...}: "float32" {kernel (features, units)}; "int8" {quantized
 * (features, units), scale (blocks, units)}; "int4" the same with two units in a byte, the even one
 * in the low half, each 8 too large; "low_rank" {rank, left int8 (features, rank), left_scale
 * (rank), right (rank, units)}.
 */

/** One row (units) of a matrix that is not of low rank, written to `row` where it is compressed. */
export function matrixRow(matrix, r, row) {
  if (matrix.kind === "float32") {
    return matrix.kernel.subarray(r * matrix.units, (r + 1) * matrix.units);
  }
  for (let u = 0; u < matrix.units; u++) row[u] = matrixValue(matrix, r, u);
  return row;
}

/** One value of a matrix that is not of low rank. */
function matrixValue(matrix, r, u) {
  const place = r * matrix.units + u;
  if (matrix.kind === "float32") return matrix.kernel[place];
  const scale = matrix.scale[Math.floor(r / matrixBlock(matrix)) * matrix.units + u];
  if (matrix.kind === "int8") return matrix.quantized[place] * scale;
  const byte = matrix.quantized[place >> 1];
  return ((u % 2 ? byte >> 4 : byte & 15) - 8) * scale;
}

/** One column (features) of a matrix: the weights of one unit. */
export function matrixColumn(matrix, u) {
  const column = new Float32Array(matrix.features);
  if (matrix.kind !== "low_rank") return column.map((_, r) => matrixValue(matrix, r, u));
  const { rank, left, left_scale: scale, right } = matrix;
  const weights = scale.map((factor, k) => factor * right[k * matrix.units + u]); // (rank)
  for (let r = 0; r < column.length; r++) {
    for (let k = 0; k < rank; k++) column[r] += left[r * rank + k] * weights[k];
  }
  return column;
}

/** Rows that share one row of the scale. */
export function matrixBlock({ features, units, scale }) {
  return Math.ceil(features / (scale.length / units));
}

/** The two factors of a matrix of low rank. */
export function matrixFactors({ features, units, rank, left, left_scale, right }) {
  return [
    { kind: "int8", features, units: rank, quantized: left, scale: left_scale },
    { kind: "float32", features: rank, units, kernel: right },
  ];
}
