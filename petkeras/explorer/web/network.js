/**
 * A network that can be touched: its layers' outputs for a photograph, computed when somebody looks
 * at them, and again after something was changed. Nothing is drawn here.
 *
 * This class holds the photograph, the edits and what was computed. The arithmetic is in functions
 * that take the network: weights.js, outputs.js, dense.js, probabilities.js and origins.js.
 *
 * After an edit, outputs come fast and may differ from TensorFlow's in the last digits. `refine`
 * then computes the convolutions again in the exact order (see engine.js), a slice at a time.
 */

import { toBase64 } from "./data.js";
import { matrixOf, unitSees } from "./dense.js";
import { contributionsTo, explainValue, receptiveFieldOf } from "./origins.js";
import { computeInput, computeOutput, refinePart } from "./outputs.js";
import { logitsOf, probabilitiesOf, scoreOf } from "./probabilities.js";
import { filmedMapsOf, weightsOf } from "./weights.js";

export class Network {
  #original; // the photograph before it was painted over
  #painted = false;

  /** From `unpack` and `createEngine`; starts with the first photograph. */
  constructor(contents, engine) {
    this.manifest = contents.manifest;
    this.arrays = contents.arrays;
    this.engine = engine;
    this.layers = this.manifest.layers;
    this.frame = null; // the recorded step that is shown
    this.filters = this.layers.map(() => new Map()); // of each: filter -> {kernel, size, bias}
    this.off = this.layers.map(() => new Set()); // of each: the filters that are switched off
    this.geometry = this.layers.map(() => null); // of each: {strides, padding} if changed
    this.cells = new Map(); // layer (-1: the input) -> what was computed; see `cell`
    this.parts = this.layers.map(() => new Map()); // of each convolution; see outputs.js
    this.untouched = null; // {photograph, features}: see dense.js
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
    this.forget(-1);
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
      this.filters[layer].set(filter, { kernel, size: [height, width], bias: edit.bias });
    } else {
      this.filters[layer].delete(filter);
    }
    this.parts[layer].delete(filter);
    this.forget(layer);
  }

  /** A filter as it is now: {kernel (kh, kw, channels), size, bias, edited}. */
  filterOf(layer, filter) {
    const edit = this.filters[layer].get(filter);
    if (edit) return { ...edit, kernel: edit.kernel.slice(), size: [...edit.size], edited: true };
    const { data, shape } = weightsOf(this, layer, "kernel");
    const filters = shape[3];
    const taps = data.length / filters;
    const kernel = new Float32Array(taps).map((_, tap) => data[tap * filters + filter]);
    const bias = weightsOf(this, layer, "bias")?.data[filter] ?? 0;
    return { kernel, size: shape.slice(0, 2), bias, edited: false };
  }

  /** Give a convolution or a pool other {strides, padding}; null takes its own again. */
  setGeometry(layer, geometry) {
    const own = this.layers[layer];
    const isOwn = geometry
      && String(geometry.strides) === String(own.strides)
      && geometry.padding === own.padding;
    this.geometry[layer] = geometry && !isOwn
      ? { strides: [...geometry.strides], padding: geometry.padding }
      : null;
    this.parts[layer].clear();
    this.forget(layer);
  }

  /** {strides, padding, dilation, size} of a convolution or a pool as they are now. */
  geometryOf(layer) {
    const own = this.layers[layer];
    const { strides, padding } = this.geometry[layer] ?? own;
    const size = own.pool ?? this.arrays[`layers/${layer}/kernel`].shape.slice(0, 2);
    return { strides, padding, dilation: own.dilation ?? [1, 1], size };
  }

  /** Make a map zero, or let it pass again. */
  switchOff(layer, filter, off) {
    if (off) this.off[layer].add(filter);
    else this.off[layer].delete(filter);
    this.forget(layer);
  }

  isOff(layer, filter) {
    return this.off[layer].has(filter);
  }

  /** Take the weights of a recorded step; null takes the trained ones again. */
  setFrame(frame) {
    this.frame = frame;
    for (const parts of this.parts) parts.clear();
    this.forget(0);
  }

  /** Undo edits: "photograph", "kernels", "maps", "geometry", "frame" or "all". */
  reset(what) {
    if (what === "photograph" || what === "all") this.paint(this.#original);
    for (let i = 0; i < this.layers.length; i++) {
      if (what === "kernels" || what === "all") {
        for (const filter of [...this.filters[i].keys()]) this.editFilter(i, filter, null);
      }
      if ((what === "maps" || what === "all") && this.off[i].size) {
        this.off[i].clear();
        this.forget(i);
      }
      if ((what === "geometry" || what === "all") && this.geometry[i]) this.setGeometry(i, null);
    }
    if ((what === "frame" || what === "all") && this.frame !== null) this.setFrame(null);
  }

  /** What differs from the trained network and from the photograph as it was chosen. */
  changes() {
    const photograph = this.#painted;
    const kernels = this.filters.some((edits) => edits.size > 0);
    const geometry = this.geometry.some(Boolean);
    const maps = this.off.some((off) => off.size > 0);
    const frame = this.frame !== null;
    const any = photograph || kernels || geometry || maps || frame;
    return { photograph, kernels, geometry, maps, frame, any };
  }

  /** All edits as JSON, for exact answers in a notebook. */
  edits() {
    const filters = this.filters.flatMap((edits, layer) =>
      [...edits].map(([filter, { kernel, size, bias }]) => (
        { layer, filter, kernel: [...kernel], size, bias }
      )),
    );
    const off = this.off.flatMap((set, layer) => [...set].map((filter) => [layer, filter]));
    const geometry = {};
    this.geometry.forEach((changed, layer) => {
      if (changed) geometry[layer] = changed;
    });
    const isOriginal = this.photograph >= 0 && !this.#painted;
    const pixels = isOriginal ? null : toBase64(this.pixels);
    return { photograph: this.photograph, pixels, filters, off, geometry, frame: this.frame };
  }

  // ------------------------------------------------------------------ outputs

  /** A layer's output {data, height, width, channels}, -1 for the input; null if there is none. */
  output(i) {
    return this.cell(i).maps;
  }

  /** Null, or one line that says why a layer has no output. */
  outputError(i) {
    return this.cell(i).error;
  }

  /** One line that says which layer no longer fits the changed strides and padding, or "". */
  misfit() {
    return this.cell(this.layers.length - 1).misfit ?? "";
  }

  /** Whether a dense layer's kernel was too large to come along, so that it has no output here. */
  isLeftOut(i) {
    return this.layers[i].kind === "dense" && matrixOf(this, i) === null;
  }

  /** Whether a layer's output was computed in the exact order, from the photograph on. */
  isExact(i) {
    return this.cell(i).exact;
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
      if (this.cell(i).error) return true;
      if (this.cell(i).settled) continue;
      for (const [filter, part] of this.parts[i]) {
        while (!part.settled) {
          if (performance.now() > end) return false;
          refinePart(this, i, filter, part);
        }
      }
      for (let j = i; j < this.layers.length; j++) this.cells.delete(j);
    }
    return true;
  }

  /** Drop what is stale after a change in layer `i` (-1: in the photograph). */
  forget(i) {
    for (let j = i; j < this.layers.length; j++) {
      this.cells.delete(j);
      if (j > i) this.parts[j].clear();
    }
  }

  /**
   * What is known of a layer: {maps or null, error or null, misfit: the error if it is one of
   * shapes, exact: every step so far was in the exact order, settled: no convolution so far is left
   * to refine, before: of a dense layer}.
   */
  cell(i) {
    if (!this.cells.has(i)) this.cells.set(i, i < 0 ? computeInput(this) : computeOutput(this, i));
    return this.cells.get(i);
  }

  /** The trained network's output of a layer for one of the page's photographs. */
  trainedOutput(photograph, i) {
    const trained = new Network(this, this.engine);
    trained.choose(photograph);
    return trained.output(i);
  }

  // ------------------------------------------------------------------ the answer

  /** {values (classes) or null, exact, error: of a probability, as measured, reason or ""}. */
  logits() {
    return logitsOf(this);
  }

  /** The same with probabilities; null also where the measured error is above the limit. */
  probabilities() {
    return probabilitiesOf(this);
  }

  /** A class's score as a sum: {bias, total, units: [{unit, input, weight, product}]} or null. */
  answer(classIndex) {
    return scoreOf(this, classIndex);
  }

  /** Where a unit of the first dense layer looks: {values (h * w), height, width} or null. */
  denseSees(unit) {
    return unitSees(this, unit);
  }

  // ------------------------------------------------------------------ explanations

  /** How one value of a layer's output came about; null if there is none. */
  explain(i, filter, y, x) {
    return explainValue(this, i, filter, y, x);
  }

  /** What each input map gave to a map: [{channel, share, mean}], the largest share first. */
  contributions(i, filter) {
    return contributionsTo(this, i, filter);
  }

  /** The photograph's pixels that a value sees: {top, left, height, width}, or null. */
  receptiveField(i, y, x) {
    return receptiveFieldOf(this, i, y, x);
  }

  /** The maps of one layer in a film of maps at the present frame, or null. */
  filmedMaps(i) {
    return filmedMapsOf(this, i);
  }
}
