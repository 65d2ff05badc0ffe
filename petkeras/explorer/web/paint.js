/** What lies on a photograph: the strokes of a brush, and a gray patch. */

const PATCH_GRAY = 128;

/** The photograph with what was painted on it. It is `apply` that gives it to the network. */
export class Painting {
  #network;
  #shape; // [height, width, channels]
  #untouched = null; // the photograph before any change
  #painted = null; // the same with the strokes of the brush, without the patch
  #last = null; // where the stroke that is being drawn was last

  constructor(network, shape) {
    const [height, width] = shape;
    this.#network = network;
    this.#shape = shape;
    this.brush = Math.max(2, Math.round(width / 16)); // pixels across
    this.patch = Math.round(width / 4); // pixels across
    this.place = { y: height >> 1, x: width >> 1 }; // of the brush, or of the patch's middle
    this.covered = false; // the patch lies on the photograph
  }

  /** Take over a photograph that was chosen elsewhere; forget the strokes on the last one. */
  follow() {
    if (this.#untouched && this.#network.changes().photograph) return;
    this.#untouched = this.#network.pixels.slice();
    this.#painted = null;
    this.covered = false;
  }

  /** Give the network the photograph with the strokes and, if it is on, the patch. */
  apply() {
    const pixels = this.#painted ?? this.#untouched;
    if (this.covered) {
      this.#network.paint(paintPatch(pixels, this.#shape, this.patchWindow()));
    } else if (this.#painted) {
      this.#network.paint(this.#painted.slice());
    } else {
      this.#network.reset("photograph");
    }
  }

  /** Undo all. */
  reset() {
    this.#painted = null;
    this.covered = false;
    this.#network.reset("photograph");
  }

  /** Begin a new stroke with the next place. */
  lift() {
    this.#last = null;
  }

  /** Paint from the place of the last event to this one, a disk at each pixel on the way. */
  stroke(to, color) {
    this.#painted ??= this.#untouched.slice();
    const from = this.#last ?? to;
    const steps = Math.max(1, Math.abs(to.y - from.y), Math.abs(to.x - from.x));
    for (let step = 0; step <= steps; step++) {
      const at = (a, b) => a + ((b - a) * step) / steps;
      const point = { y: at(from.y, to.y), x: at(from.x, to.x) };
      paintDisk(this.#painted, this.#shape, point, this.brush, color);
    }
    this.#last = to;
  }

  /** The square of the patch, moved back inside the photograph. */
  patchWindow() {
    const [height, width] = this.#shape;
    const side = this.#patchSide();
    const inside = (at, length) =>
      Math.min(Math.max(Math.round(at - side / 2), 0), length - side);
    const [top, left] = [inside(this.place.y, height), inside(this.place.x, width)];
    return { top, left, height: side, width: side };
  }

  /** The square that the brush would change. */
  brushWindow() {
    const side = Math.max(1, this.brush);
    const { y, x } = this.place;
    return { top: y - side / 2, left: x - side / 2, height: side, width: side };
  }

  /** The photograph without the patch, and the patch's side, for a scan of the whole. */
  forScan() {
    this.follow();
    return { pixels: (this.#painted ?? this.#untouched).slice(), side: this.#patchSide() };
  }

  #patchSide() {
    const [height, width] = this.#shape;
    return Math.min(this.patch, height, width);
  }
}

/** Paint a disk of `size` pixels into (height, width, channels), in place. */
function paintDisk(pixels, [height, width, channels], { y, x }, size, color) {
  const radius = size / 2;
  for (let row = Math.floor(y - radius); row <= Math.ceil(y + radius); row++) {
    for (let column = Math.floor(x - radius); column <= Math.ceil(x + radius); column++) {
      const outside = row < 0 || row >= height || column < 0 || column >= width;
      const far = Math.hypot(row - y, column - x) > Math.max(radius - 0.25, 0.5);
      if (outside || far) continue;
      const first = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) pixels[first + c] = color[c % color.length];
    }
  }
}

/** Return a copy of the pixels with a gray square over {top, left, height, width}. */
export function paintPatch(pixels, [, width, channels], patch) {
  const covered = pixels.slice();
  for (let row = patch.top; row < patch.top + patch.height; row++) {
    const first = (row * width + patch.left) * channels;
    covered.fill(PATCH_GRAY, first, first + patch.width * channels);
  }
  return covered;
}
