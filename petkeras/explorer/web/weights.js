/** The weights of a network's layers as they are now: trained, of a recorded step, or edited. */

/** The present weights of a layer {data, shape}: a recorded step's, if one is shown. */
export function weightsOf(network, i, name) {
  const { arrays, frame } = network;
  const filmed = isFilmed(network, "weights") && arrays[`frames/${frame}/${i}/${name}`];
  return filmed || arrays[`layers/${i}/${name}`] || null;
}

/** The weights of batch normalization, each (channels) or null. */
export function scalingOf(network, i) {
  const names = ["gamma", "beta", "mean", "variance"];
  return Object.fromEntries(names.map((name) => [name, weightsOf(network, i, name)?.data ?? null]));
}

/** Whether a recorded step is shown, and its film holds "weights" or "maps". */
export function isFilmed(network, kind) {
  return network.frame !== null && network.manifest.frames[network.frame].kind === kind;
}

/** What the engine takes for a layer: all filters as they were trained, or one as it is now. */
export function convolutionOf(network, i, filter) {
  const { strides, padding, dilation } = network.geometryOf(i);
  const geometry = { strides, padding, dilation, relu: network.layers[i].activation === "relu" };
  if (filter === "all") {
    const { data, shape } = weightsOf(network, i, "kernel");
    const bias = weightsOf(network, i, "bias")?.data ?? null;
    return { ...geometry, kernel: data, size: shape.slice(0, 2), filters: shape[3], bias };
  }
  const { kernel, size, bias } = network.filterOf(i, filter);
  return { ...geometry, kernel, size, filters: 1, bias: Float32Array.of(bias) };
}

/**
 * The maps of one layer that a film of the kind "maps" holds at the present frame: {data,
 * height, width, channels, filters: which they are}, or null.
 */
export function filmedMapsOf(network, i) {
  const filters = isFilmed(network, "maps") && network.manifest.frames[network.frame].layers[i];
  if (!filters) return null;
  const { data, shape } = network.arrays[`frames/${network.frame}/${i}/maps`];
  const largest = network.arrays[`frames/${network.frame}/${i}/largest`].data;
  const [height, width, channels] = shape;
  const values = data.map((value, k) => value * largest[k % channels]);
  return { data: values, height, width, channels, filters };
}
