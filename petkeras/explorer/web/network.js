// A network that can be touched: its layers' outputs for a photograph, computed when somebody looks
// at them, and again after something was changed. All of the arithmetic is here; nothing is drawn.
//
// After an edit, outputs come fast and may differ from TensorFlow's in the last digits. `refine`
// then computes the convolutions again in the exact order (see engine.js), a slice at a time.

import { toBase64 } from "./data.js";
import { emptyMaps, emptyOutput, matrixColumn, placeWindows } from "./engine.js";
import { say } from "./words.js";

const NETWORK_SLICE = 2e6; // products between two looks at the clock
const NETWORK_WINDOWED = ["conv", "max_pool", "average_pool"];
const NETWORK_UNCHANGED = ["flatten", "dropout"]; // values pass as they are
const NETWORK_EXACT = ["conv", "max_pool", "relu", ...NETWORK_UNCHANGED];

export class Network {
  #filters; // for each layer: filter -> {kernel, size, bias}
  #off; // for each layer: the filters that are switched off
  #geometry; // for each layer: {strides, padding} or null
  #original; // the photograph before it was painted over
  #painted = false;
  #cells = new Map(); // layer (-1: the input) -> what was computed; see `#compute`
  #parts; // for each convolution: "all" or an edited filter -> its maps; see `#part`
  #untouched = null; // {photograph, features}: the compressed layer's input before all edits

  /** From `unpack` and `createEngine`; starts with the first photograph. */
  constructor(contents, engine) {
    this.manifest = contents.manifest;
    this.arrays = contents.arrays;
    this.engine = engine;
    this.layers = this.manifest.layers;
    this.frame = null;
    this.#filters = this.layers.map(() => new Map());
    this.#off = this.layers.map(() => new Set());
    this.#geometry = this.layers.map(() => null);
    this.#parts = this.layers.map(() => new Map());
    this.choose(0);
  }

  // ------------------------------------------------------------------ the photograph

  /** Take one of the page's photographs. */
  choose(index) {
    this.photograph = index;
    this.ownName = null;
    this.#original = new Uint8ClampedArray(this.arrays[`photographs/${index}`].data);
    this.reset("photograph");
  }

  /** Take one's own photograph, of the network's size. */
  useOwn(pixels, name) {
    this.photograph = -1;
    this.ownName = name;
    this.#original = new Uint8ClampedArray(pixels);
    this.reset("photograph");
  }

  /** Take an edited copy of the present photograph. */
  paint(pixels) {
    this.pixels = new Uint8ClampedArray(pixels);
    this.#painted = this.pixels.some((value, i) => value !== this.#original[i]);
    this.#forget(-1);
  }

  // ------------------------------------------------------------------ edits

  /**
   * Give a filter another kernel {kernel (kh, kw, channels), size: [kh, kw], bias}; null takes its
   * own again. With padding "same" the kernel may have any size.
   */
  editFilter(layer, filter, edit) {
    if (edit) {
      const kernel = Float32Array.from(edit.kernel);
      const [height, width] = edit.size;
      this.#filters[layer].set(filter, { kernel, size: [height, width], bias: edit.bias });
    } else {
      this.#filters[layer].delete(filter);
    }
    this.#parts[layer].delete(filter);
    this.#forget(layer);
  }

  /** A filter as it is now: {kernel (kh, kw, channels), size, bias, edited}. */
  filterOf(layer, filter) {
    const edit = this.#filters[layer].get(filter);
    if (edit) return { ...edit, kernel: edit.kernel.slice(), size: [...edit.size], edited: true };
    const { data, shape } = this.#weights(layer, "kernel");
    const filters = shape[3];
    const kernel = new Float32Array(data.length / filters).map((_, i) => data[i * filters + filter]);
    const bias = this.#weights(layer, "bias")?.data[filter] ?? 0;
    return { kernel, size: shape.slice(0, 2), bias, edited: false };
  }

  /** Give a convolution or a pool other {strides, padding}; null takes its own again. */
  setGeometry(layer, geometry) {
    const own = this.layers[layer];
    const isOwn = geometry
      && String(geometry.strides) === String(own.strides)
      && geometry.padding === own.padding;
    this.#geometry[layer] = geometry && !isOwn
      ? { strides: [...geometry.strides], padding: geometry.padding }
      : null;
    this.#parts[layer].clear();
    this.#forget(layer);
  }

  /** {strides, padding, dilation, size} of a convolution or a pool as they are now. */
  geometryOf(layer) {
    const own = this.layers[layer];
    const { strides, padding } = this.#geometry[layer] ?? own;
    const size = own.pool ?? this.arrays[`layers/${layer}/kernel`].shape.slice(0, 2);
    return { strides, padding, dilation: own.dilation ?? [1, 1], size };
  }

  /** Make a map zero, or let it pass again. */
  switchOff(layer, filter, off) {
    if (off) this.#off[layer].add(filter);
    else this.#off[layer].delete(filter);
    this.#forget(layer);
  }

  isOff(layer, filter) {
    return this.#off[layer].has(filter);
  }

  /** Take the weights of a recorded step; null takes the trained ones again. */
  setFrame(frame) {
    this.frame = frame;
    for (const parts of this.#parts) parts.clear();
    this.#forget(0);
  }

  /** Undo edits: "photograph", "kernels", "maps", "geometry", "frame" or "all". */
  reset(what) {
    if (what === "photograph" || what === "all") this.paint(this.#original);
    for (let i = 0; i < this.layers.length; i++) {
      if (what === "kernels" || what === "all") {
        for (const filter of [...this.#filters[i].keys()]) this.editFilter(i, filter, null);
      }
      if ((what === "maps" || what === "all") && this.#off[i].size) {
        this.#off[i].clear();
        this.#forget(i);
      }
      if ((what === "geometry" || what === "all") && this.#geometry[i]) this.setGeometry(i, null);
    }
    if ((what === "frame" || what === "all") && this.frame !== null) this.setFrame(null);
  }

  /** What differs from the trained network and from the photograph as it was chosen. */
  changes() {
    const photograph = this.#painted;
    const kernels = this.#filters.some((edits) => edits.size > 0);
    const geometry = this.#geometry.some(Boolean);
    const maps = this.#off.some((off) => off.size > 0);
    const frame = this.frame !== null;
    const any = photograph || kernels || geometry || maps || frame;
    return { photograph, kernels, geometry, maps, frame, any };
  }

  /** All edits as JSON, for exact answers in a notebook. */
  edits() {
    const filters = this.#filters.flatMap((edits, layer) =>
      [...edits].map(([filter, { kernel, size, bias }]) => (
        { layer, filter, kernel: [...kernel], size, bias }
      )),
    );
    const off = this.#off.flatMap((set, layer) => [...set].map((filter) => [layer, filter]));
    const geometry = {};
    this.#geometry.forEach((changed, layer) => {
      if (changed) geometry[layer] = changed;
    });
    const isOriginal = this.photograph >= 0 && !this.#painted;
    const pixels = isOriginal ? null : toBase64(this.pixels);
    return { photograph: this.photograph, pixels, filters, off, geometry, frame: this.frame };
  }

  // ------------------------------------------------------------------ outputs

  /** A layer's output {data, height, width, channels}, -1 for the input; null if there is none. */
  output(i) {
    return this.#cell(i).maps;
  }

  /** Null, or one line that says why a layer has no output. */
  outputError(i) {
    return this.#cell(i).error;
  }

  /** One line that says which layer no longer fits the changed strides and padding, or "". */
  misfit() {
    return this.#cell(this.layers.length - 1).misfit ?? "";
  }

  /** Whether a dense layer's kernel was too large to come along, so that it has no output here. */
  isLeftOut(i) {
    return this.layers[i].kind === "dense" && this.#matrix(i) === null;
  }

  /** Whether a layer's output was computed in the exact order, from the photograph on. */
  isExact(i) {
    return this.#cell(i).exact;
  }

  /** Whether TensorFlow computed the same to the last bit, as measured when the page was made. */
  sameToTheLastBit(i) {
    if (!this.isExact(i) || this.changes().any) return false;
    return this.layers.slice(0, i + 1).every(({ name, kind }) =>
      kind !== "conv" || this.manifest.exactness?.[name]?.largest === 0,
    );
  }

  /** Go on with the exact order for some milliseconds; true when nothing is left to do. */
  refine(milliseconds) {
    const end = performance.now() + milliseconds;
    for (let i = 0; i < this.layers.length; i++) {
      if (this.#cell(i).error) return true;
      if (this.#cell(i).settled) continue;
      for (const [filter, part] of this.#parts[i]) {
        while (!part.settled) {
          if (performance.now() > end) return false;
          this.#refinePart(i, filter, part);
        }
      }
      for (let j = i; j < this.layers.length; j++) this.#cells.delete(j);
    }
    return true;
  }

  /** Drop what is stale after a change in layer `i` (-1: in the photograph). */
  #forget(i) {
    for (let j = i; j < this.layers.length; j++) {
      this.#cells.delete(j);
      if (j > i) this.#parts[j].clear();
    }
  }

  /**
   * What is known of a layer: {maps or null, error or null, misfit: the error if it is one of
   * shapes, exact: every step so far was in the exact order, settled: no convolution so far is left
   * to refine, before: of a dense layer}.
   */
  #cell(i) {
    if (!this.#cells.has(i)) this.#cells.set(i, i < 0 ? this.#input() : this.#compute(i));
    return this.#cells.get(i);
  }

  /** The network's input: (pixels - mean) / pixel_scale. */
  #input() {
    const [height, width, channels] = this.manifest.input_shape;
    const maps = emptyMaps(height, width, channels);
    const mean = this.arrays.mean.data;
    for (let i = 0; i < maps.data.length; i++) {
      maps.data[i] = Math.fround(this.pixels[i] - mean[i]) / this.manifest.pixel_scale;
    }
    return { maps, error: null, exact: true, settled: true };
  }

  #compute(i) {
    const input = this.#cell(i - 1);
    const misfit = input.error ? input.misfit : this.#misfit(i, input.maps);
    const error = input.error ?? misfit ?? this.#missing(i);
    if (error) return { maps: null, error, misfit, exact: false, settled: true };
    const { kind } = this.layers[i];
    const cell = kind === "dense" ? this.#dense(i, input.maps) : { maps: this.#maps(i, input.maps) };
    const isRefined = [...this.#parts[i].values()].every((part) => part.settled);
    cell.settled = input.settled && isRefined;
    cell.exact = input.exact && isRefined && NETWORK_EXACT.includes(kind);
    cell.error = null;
    cell.maps = this.#withoutOff(i, cell.maps);
    return cell;
  }

  /** Null, or one line that says why a layer's shape does not fit this input. */
  #misfit(i, input) {
    const layer = this.layers[i];
    const { name } = layer;
    if (NETWORK_WINDOWED.includes(layer.kind)) {
      const { size, padding, strides, dilation } = this.geometryOf(i);
      const resized = [...this.#filters[i]].find(([, edit]) => String(edit.size) !== String(size));
      if (resized && padding === "valid") {
        const [filter, edit] = resized;
        return say(
          "Filter {filter} of '{name}' has a kernel of {own} and the others {others}: "
          + "that needs padding 'same'.",
          { filter, name, own: edit.size.join(" x "), others: size.join(" x ") },
        );
      }
      const maps = emptyOutput(input, { size, padding, strides, dilation, filters: 1 });
      if (maps.data.length) return null;
      return say("'{name}' has windows of {window}, and its input is only {input}.", {
        name,
        window: size.map((n, axis) => (n - 1) * dilation[axis] + 1).join(" x "),
        input: `${input.height} x ${input.width}`,
      });
    }
    if (layer.kind !== "dense") return null;
    const features = this.layers[i - 1].shape.reduce((a, b) => a * b);
    if (features === input.data.length) return null;
    return say(
      "'{name}' takes {features} values, and now there are {given}: no answer with these strides "
      + "and padding.",
      { name, features, given: input.data.length },
    );
  }

  /** Null, or one line that says why the weights of a dense layer are not there. */
  #missing(i) {
    const { kind, name } = this.layers[i];
    if (kind !== "dense") return null;
    if (this.#filmed("weights")) return say("The film has no weights of '{name}'.", { name });
    if (this.#matrix(i)) return null;
    return say("The page has no kernel of '{name}': it is too large.", { name });
  }

  /** The output of a layer that is not dense. */
  #maps(i, input) {
    const { kind, epsilon } = this.layers[i];
    if (kind === "conv") return this.#convolve(i, input);
    if (kind === "max_pool") return this.engine.maxPool(input, this.geometryOf(i));
    if (kind === "average_pool") return this.engine.averagePool(input, this.geometryOf(i));
    if (kind === "global_average_pool") return this.engine.globalAveragePool(input);
    if (kind === "relu") return this.engine.relu(input);
    if (kind === "batch_norm") return this.engine.batchNorm(input, { ...this.#scaling(i), epsilon });
    if (kind === "flatten") {
      return { data: input.data, height: 1, width: 1, channels: input.data.length };
    }
    return input; // dropout drops only in training
  }

  /** The present weights of a layer {data, shape}: a recorded step's, if one is shown. */
  #weights(i, name) {
    const film = this.#filmed("weights") && this.arrays[`frames/${this.frame}/${i}/${name}`];
    return film || this.arrays[`layers/${i}/${name}`] || null;
  }

  /** The weights of batch normalization, each (channels) or null. */
  #scaling(i) {
    const names = ["gamma", "beta", "mean", "variance"];
    return Object.fromEntries(names.map((name) => [name, this.#weights(i, name)?.data ?? null]));
  }

  #filmed(kind) {
    return this.frame !== null && this.manifest.frames[this.frame].kind === kind;
  }

  #withoutOff(i, maps) {
    if (!this.#off[i].size) return maps;
    const data = maps.data.slice();
    for (const filter of this.#off[i]) {
      for (let k = filter; k < data.length; k += maps.channels) data[k] = 0;
    }
    return { ...maps, data };
  }

  // ------------------------------------------------------------------ convolutions

  /** The maps of all filters; those with a kernel of their own are computed alone. */
  #convolve(i, input) {
    const all = this.#part(i, "all", input).maps;
    if (!this.#filters[i].size) return all;
    const maps = { ...all, data: all.data.slice() };
    for (const filter of this.#filters[i].keys()) {
      const { data } = this.#part(i, filter, input).maps;
      for (let k = 0; k < data.length; k++) maps.data[k * maps.channels + filter] = data[k];
    }
    return maps;
  }

  /** {maps, settled, exact, row}: present maps, and the exact ones so far, up to `row`. */
  #part(i, filter, input) {
    const parts = this.#parts[i];
    if (!parts.has(filter)) {
      const maps = this.engine.conv(input, this.#convolution(i, filter));
      parts.set(filter, { maps, settled: false, exact: null, row: 0 });
    }
    return parts.get(filter);
  }

  #refinePart(i, filter, part) {
    const input = this.output(i - 1);
    const convolution = this.#convolution(i, filter);
    part.exact ??= emptyOutput(input, convolution);
    const { height, width } = part.exact;
    const rows = Math.ceil(NETWORK_SLICE / (width * convolution.kernel.length));
    const to = Math.min(part.row + rows, height);
    const output = part.exact;
    this.engine.conv(input, convolution, { exact: true, output, from: part.row, to });
    part.row = to;
    if (to === height) Object.assign(part, { maps: part.exact, settled: true });
  }

  /** What the engine takes for a layer: all filters as they were trained, or one as it is now. */
  #convolution(i, filter) {
    const { strides, padding, dilation } = this.geometryOf(i);
    const geometry = { strides, padding, dilation, relu: this.layers[i].activation === "relu" };
    if (filter === "all") {
      const { data, shape } = this.#weights(i, "kernel");
      const bias = this.#weights(i, "bias")?.data ?? null;
      return { ...geometry, kernel: data, size: shape.slice(0, 2), filters: shape[3], bias };
    }
    const { kernel, size, bias } = this.filterOf(i, filter);
    return { ...geometry, kernel, size, filters: 1, bias: Float32Array.of(bias) };
  }

  // ------------------------------------------------------------------ dense layers

  #dense(i, input) {
    const bias = this.#weights(i, "bias")?.data;
    let before; // (units)
    if (this.#isCompressed(i)) {
      before = this.#changeOnly(i, input.data);
    } else {
      before = this.engine.matmul(input.data, this.#matrix(i));
      if (bias) before = before.map((value, u) => value + bias[u]);
    }
    const relu = this.layers[i].activation === "relu";
    const data = relu ? before.map((value) => (value < 0 ? 0 : value)) : before;
    return { before, maps: { data, height: 1, width: 1, channels: data.length } };
  }

  #isCompressed(i) {
    const { layer, kind } = this.manifest.dense;
    return i === layer && ["int8", "int4", "low_rank"].includes(kind);
  }

  /** A dense layer's kernel for the engine, or null where the page has none. */
  #matrix(i) {
    const named = (name) => this.arrays[`layers/${i}/${name}`];
    const kernel = named("kernel");
    if (kernel) {
      const [features, units] = kernel.shape;
      return { kind: "float32", features, units, kernel: kernel.data };
    }
    if (!this.#isCompressed(i)) return null;
    const { kind } = this.manifest.dense;
    if (kind === "low_rank") {
      const [left, scale, right] = [named("left"), named("left_scale"), named("right")];
      const [features, rank] = left.shape;
      const factors = { left: left.data, left_scale: scale.data, right: right.data };
      return { kind, features, units: right.shape[1], rank, ...factors };
    }
    const [quantized, scale] = [named("quantized"), named("scale")];
    const [features, units] = [quantized.shape[0], scale.shape[1]];
    return { kind, features, units, quantized: quantized.data, scale: scale.data };
  }

  /**
   * The pre-activations (units) of the compressed layer: TensorFlow's own of the untouched
   * photograph, and through the compressed kernel only what has changed since.
   */
  #changeOnly(i, features) {
    const photograph = Math.max(this.photograph, 0);
    const before = this.arrays[`before/${photograph}`].data;
    if (this.photograph >= 0 && !this.changes().any) {
      this.#untouched = { photograph, features };
      return before;
    }
    if (this.#untouched?.photograph !== photograph) {
      const untouched = new Network(this, this.engine);
      untouched.choose(photograph);
      this.#untouched = { photograph, features: untouched.output(i - 1).data };
    }
    const change = features.map((value, r) => value - this.#untouched.features[r]);
    const moved = this.engine.matmul(change, this.#matrix(i));
    return before.map((value, u) => value + moved[u]);
  }

  // ------------------------------------------------------------------ the answer

  /** {values (classes) or null, exact, error: of a probability, as measured, reason or ""}. */
  logits() {
    const last = this.layers.length - 1;
    const error = this.#measuredError();
    const reason = this.#noAnswer() ?? this.outputError(last) ?? "";
    const values = reason ? null : this.output(last).data;
    return { values, exact: values !== null && error === 0, error, reason };
  }

  /** The same with probabilities; null also where the measured error is above the limit. */
  probabilities() {
    const { values, exact, error, reason } = this.logits();
    if (!values) return { values, exact, error, reason };
    if (error > this.manifest.dense.limit) {
      const why = say(
        "The kernel of '{name}' is compressed here, and a probability could be off by {error}.",
        { name: this.layers[this.manifest.dense.layer].name, error: networkDigits(error) },
      );
      return { values: null, exact, error, reason: why };
    }
    const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = Array.from(values, (value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return { values: Float32Array.from(powers, (power) => power / sum), exact, error, reason };
  }

  #noAnswer() {
    if (this.manifest.stops_at) return this.manifest.stops_at;
    if (this.frame !== null) {
      return say("The film has the convolutions' weights only: no answer at earlier steps.");
    }
    if (this.manifest.dense.kind === "kernel") {
      return say("The answer is computed in the notebook.");
    }
    return null;
  }

  /** The largest error of a probability that was measured for the kinds of change made. */
  #measuredError() {
    const { kind, errors } = this.manifest.dense;
    const changes = this.changes();
    const made = [];
    if (this.photograph < 0) made.push("photograph");
    if (changes.photograph) made.push("occlusion");
    if (changes.kernels || changes.maps || changes.geometry) made.push("kernel");
    if (kind === "exact") return 0;
    return Math.max(0, ...made.map((name) => errors?.[name] ?? Infinity));
  }

  /** A class's score: {bias, total, units: [{unit, input, weight, product}] by |product|} or null. */
  answer(classIndex) {
    const i = this.layers.length - 1;
    const { values } = this.logits();
    if (!values || this.layers[i].kind !== "dense") return null;
    const inputs = this.output(i - 1).data;
    const weights = matrixColumn(this.#matrix(i), classIndex);
    const units = Array.from(inputs, (input, unit) => (
      { unit, input, weight: weights[unit], product: input * weights[unit] }
    ));
    units.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
    const bias = this.#weights(i, "bias")?.data[classIndex] ?? 0;
    return { bias, total: values[classIndex], units };
  }

  /** Where a unit of the first dense layer looks: {values (h * w), height, width} or null. */
  denseSees(unit) {
    const dense = this.layers.findIndex(({ kind }) => kind === "dense");
    if (dense < 0 || this.outputError(dense)) return null;
    let i = dense - 1; // the last layer whose output still has a height and a width
    while (i >= 0 && NETWORK_UNCHANGED.includes(this.layers[i].kind)) i--;
    const { height, width, channels } = this.output(i);
    const { data } = this.output(dense - 1);
    const weights = matrixColumn(this.#matrix(dense), unit);
    const values = new Float32Array(height * width);
    for (let place = 0; place < values.length; place++) {
      let sum = 0;
      for (let k = place * channels; k < (place + 1) * channels; k++) sum += data[k] * weights[k];
      values[place] = sum;
    }
    return { values, height, width };
  }

  // ------------------------------------------------------------------ explanations

  /** How one value of a layer's output came about; null if there is none. */
  explain(i, filter, y, x) {
    const output = this.output(i);
    if (!output) return null;
    const { kind } = this.layers[i];
    const after = output.data[(y * output.width + x) * output.channels + filter];
    if (kind === "conv") return this.#explainConv(i, filter, y, x);
    if (kind === "dense") return { kind, before: this.#cell(i).before[filter], after };
    const input = this.output(i - 1);
    if (kind === "global_average_pool") return { kind, count: input.height * input.width, after };
    if (kind === "max_pool" || kind === "average_pool") {
      const window = this.#window(i, this.geometryOf(i).size, y, x);
      const { values, inside } = networkWindow(input, window, filter);
      const winner = kind === "max_pool" ? networkWinner(values, inside) : null;
      return { kind, window, values, inside, winner, after };
    }
    const place = kind === "flatten" ? filter : (y * output.width + x) * output.channels + filter;
    const value = input.data[place];
    if (kind !== "batch_norm") return { kind, value, after };
    const { gamma, beta, mean, variance } = this.#scaling(i);
    return {
      kind, value, after, epsilon: this.layers[i].epsilon, mean: mean[filter],
      variance: variance[filter], gamma: gamma?.[filter] ?? 1, beta: beta?.[filter] ?? 0,
    };
  }

  /** The window in the input that a value of the output sees; it may jut out over the edge. */
  #window(i, [height, width], y, x) {
    const input = this.output(i - 1);
    const { strides, padding, dilation } = this.geometryOf(i);
    const [stepY, stepX] = dilation;
    const rows = placeWindows(input.height, height, strides[0], padding, stepY);
    const columns = placeWindows(input.width, width, strides[1], padding, stepX);
    const top = y * strides[0] - rows.before;
    const left = x * strides[1] - columns.before;
    return { top, left, height, width, stepY, stepX };
  }

  #explainConv(i, filter, y, x) {
    const input = this.output(i - 1);
    const { kernel, size, bias } = this.filterOf(i, filter);
    const window = this.#window(i, size, y, x);
    const taps = size[0] * size[1];
    const parts = [];
    let inside;
    for (let channel = 0; channel < input.channels; channel++) {
      const seen = networkWindow(input, window, channel);
      inside = seen.inside;
      const weights = seen.values.map((_, tap) => kernel[tap * input.channels + channel]);
      const products = Float64Array.from(seen.values, (value, tap) => value * weights[tap]);
      const sum = products.reduce((a, b) => a + b, 0);
      parts.push({ channel, values: seen.values, kernel: weights, products, sum });
    }
    let sum = 0; // in the exact order: row, column, channel
    for (let tap = 0; tap < taps; tap++) {
      for (const { products } of parts) sum = Math.fround(sum + products[tap]);
    }
    const before = Math.fround(sum + bias);
    const off = this.isOff(i, filter);
    const isZero = off || (before < 0 && this.layers[i].activation === "relu");
    const after = isZero ? 0 : before;
    return { kind: "conv", window, parts, inside, sum, bias, before, after, off };
  }

  /**
   * What each input map gave to a map: [{channel, share, mean}], the largest share first. `mean` is
   * the mean of |x_c * k_c| over the map, where x_c * k_c is that input map convolved with its slice
   * of the kernel, and the shares of all channels sum to 1.
   */
  contributions(i, filter) {
    const output = this.output(i);
    if (!output || this.layers[i].kind !== "conv") return [];
    const cell = this.#cell(i);
    cell.contributions ??= new Map();
    if (!cell.contributions.has(filter)) {
      const means = this.#contributedMeans(i, filter, output);
      const total = means.reduce((a, b) => a + b, 0) || 1;
      const shares = Array.from(means, (mean, channel) => ({ channel, share: mean / total, mean }));
      cell.contributions.set(filter, shares.sort((a, b) => b.share - a.share));
    }
    return cell.contributions.get(filter);
  }

  #contributedMeans(i, filter, output) {
    const { data, height, width, channels } = this.output(i - 1);
    const { kernel, size } = this.filterOf(i, filter);
    const [windowHeight, windowWidth] = size;
    const means = new Float64Array(channels);
    const sums = new Float64Array(channels);
    const { top, left, stepY, stepX } = this.#window(i, size, 0, 0);
    const { strides } = this.geometryOf(i);
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++) {
        sums.fill(0);
        for (let ky = 0; ky < windowHeight; ky++) {
          const row = top + y * strides[0] + ky * stepY;
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < windowWidth; kx++) {
            const column = left + x * strides[1] + kx * stepX;
            if (column < 0 || column >= width) continue;
            const pixel = (row * width + column) * channels;
            const tap = (ky * windowWidth + kx) * channels;
            for (let c = 0; c < channels; c++) sums[c] += data[pixel + c] * kernel[tap + c];
          }
        }
        for (let c = 0; c < channels; c++) means[c] += Math.abs(sums[c]);
      }
    }
    return means.map((sum) => sum / (output.height * output.width));
  }

  /** What a value sees of the photograph: {top, left, height, width} in pixels; null without output. */
  receptiveField(i, y, x) {
    if (!this.output(i)) return null;
    let [top, bottom, left, right] = [y, y, x, x]; // inclusive
    for (let j = i; j >= 0; j--) {
      const input = this.output(j - 1);
      const { kind } = this.layers[j];
      if (["dense", "flatten", "global_average_pool"].includes(kind)) {
        [top, bottom, left, right] = [0, input.height - 1, 0, input.width - 1];
      } else if (NETWORK_WINDOWED.includes(kind)) {
        const sizes = [this.geometryOf(j).size];
        for (const { size } of this.#filters[j].values()) sizes.push(size);
        const first = sizes.map((size) => this.#window(j, size, top, left));
        const last = sizes.map((size) => this.#window(j, size, bottom, right));
        top = Math.max(Math.min(...first.map((w) => w.top)), 0);
        left = Math.max(Math.min(...first.map((w) => w.left)), 0);
        bottom = Math.max(...last.map((w) => w.top + (w.height - 1) * w.stepY));
        right = Math.max(...last.map((w) => w.left + (w.width - 1) * w.stepX));
        [bottom, right] = [Math.min(bottom, input.height - 1), Math.min(right, input.width - 1)];
      }
    }
    return { top, left, height: bottom - top + 1, width: right - left + 1 };
  }

  // ------------------------------------------------------------------ films of earlier versions

  /**
   * The maps of one layer that a film of the kind "maps" holds at the present frame: {data,
   * height, width, channels, filters: which they are}, or null.
   */
  filmedMaps(i) {
    const filters = this.#filmed("maps") && this.manifest.frames[this.frame].layers[i];
    if (!filters) return null;
    const { data, shape } = this.arrays[`frames/${this.frame}/${i}/maps`];
    const largest = this.arrays[`frames/${this.frame}/${i}/largest`].data;
    const [height, width, channels] = shape;
    const values = data.map((value, k) => value * largest[k % channels]);
    return { data: values, height, width, channels, filters };
  }
}

/** The values of one channel in a window, 0 outside the edge, and which of them are inside. */
function networkWindow(input, { top, left, height, width, stepY, stepX }, channel) {
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
function networkWinner(values, inside) {
  let winner = null;
  values.forEach((value, k) => {
    if (inside[k] && (winner === null || value > values[winner])) winner = k;
  });
  return winner;
}

/** An error as text with two digits that count. */
function networkDigits(error) {
  return Number.isFinite(error) ? String(Number(error.toPrecision(2))) : "?";
}
