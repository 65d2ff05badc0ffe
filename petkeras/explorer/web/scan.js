/** The gray patch slid over the whole photograph: where it moves a probability most. */
import { button, canvas, choice, make, number, stage } from "./dom.js";
import { drawMap, drawPixels } from "./drawing.js";
import { paintPatch } from "./paint.js";
import { say, sayAll } from "./words.js";

/** Make the scan: {elements, running(), update()}; `scanned` has `forScan()` and `restore()`. */
export function createScan(app, scanned) {
  const { network } = app;
  let scan = null; // the patch on its way, or its result; see `newScan`
  const watch = choice(say("Watch the class"), [...app.classNames.entries()], (index) =>
    app.select({ classIndex: Number(index) }),
  );
  const start = button("", startOrStop);
  const result = createScanResult(app);
  const running = () => scan !== null && !scan.done;

  async function startOrStop() {
    if (running()) {
      scan.done = true;
      return;
    }
    scan = newScan(app, scanned.forScan());
    try {
      await slidePatch(app, scan, () => !start.offsetParent, draw);
    } catch (error) {
      scan.problem = error.message;
    }
    scan.done = true;
    scanned.restore();
    draw();
    app.announce(result.sentence());
  }

  function draw() {
    start.textContent = running()
      ? say("Stop")
      : say("Slide the patch over the whole picture");
    result.show(scan);
  }

  function update() {
    draw();
    if (running()) return;
    watch.field.value = app.selection.classIndex;
    watch.element.hidden = start.hidden = app.manifest.stops_at !== null;
    start.disabled = !app.answer.values;
  }

  return { elements: [watch.element, start, ...result.elements], running, update };
}

/** What tells the present photograph from others: its index, or the name of one's own. */
export function photographKey(network) {
  return network.photograph < 0 ? network.ownName : network.photograph;
}

/** A scan before its first step: `values` gets the change of the probability at each place. */
function newScan(app, { pixels, side }) {
  const [height, width] = app.manifest.input_shape;
  const { tops, lefts } = scanPlaces(height, width, side);
  return {
    pixels,
    side,
    tops,
    lefts,
    values: new Float32Array(tops.length * lefts.length),
    at: 0, // places that are done
    classIndex: app.selection.classIndex,
    photograph: photographKey(app.network),
    done: false,
    problem: "",
  };
}

/** Return the patch's places over (height, width): squares of `side`, half a side apart. */
function scanPlaces(height, width, side) {
  const step = Math.max(1, Math.floor(side / 2));
  const starts = (length) => {
    const all = [];
    for (let at = 0; at < length - side; at += step) all.push(at);
    return [...all, length - side];
  };
  return { tops: starts(height), lefts: starts(width) };
}

/** Fill `scan.values`, and draw after each place, until it is done or `isHidden()`. */
async function slidePatch(app, scan, isHidden, draw) {
  const { network } = app;
  network.paint(scan.pixels);
  const whole = await scanProbabilities(app);
  while (whole && scan.at < scan.values.length) {
    if (scan.done || scan.photograph !== photographKey(network) || isHidden()) return;
    const top = scan.tops[Math.floor(scan.at / scan.lefts.length)];
    const left = scan.lefts[scan.at % scan.lefts.length];
    const patch = { top, left, height: scan.side, width: scan.side };
    network.paint(paintPatch(scan.pixels, app.manifest.input_shape, patch));
    const now = await scanProbabilities(app);
    if (!now) return;
    scan.values[scan.at] = now[scan.classIndex] - whole[scan.classIndex];
    scan.at += 1;
    draw();
    await new Promise(requestAnimationFrame);
  }
}

/** Return the probabilities of the network as it is now, or null; Python's in a notebook. */
async function scanProbabilities(app) {
  if (!app.oracle) return app.network.probabilities().values;
  const { probabilities } = await app.oracle.ask({ ask: "logits", edits: app.network.edits() });
  return probabilities;
}

/** Make the picture of a scan and its sentence: {elements, show(scan or null), sentence()}. */
function createScanResult(app) {
  const [height, width, channels] = app.manifest.input_shape;
  const photograph = canvas(width, height);
  const falls = canvas(1, 1, say("The fall of the probability for each place of the patch"));
  falls.classList.add("px-over");
  const picture = stage(photograph, falls);
  const found = make("p", { class: "px-readout" });

  function show(scan) {
    picture.hidden = !(scan?.at > 0 && scan.photograph === photographKey(app.network));
    found.hidden = picture.hidden && !scan?.problem;
    if (scan?.problem) found.textContent = scan.problem;
    if (picture.hidden) return;
    drawPixels(photograph, scan.pixels, height, width, channels);
    const data = scanMean(scan, height, width);
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0.001);
    const scale = { low: -largest, high: largest };
    drawMap(falls, { data, height, width, channels: 1 }, 0, { scale, colors: "diverging" });
    found.textContent = scanSentence(scan, app.classNames[scan.classIndex]);
  }

  return { elements: [picture, found], show, sentence: () => found.textContent };
}

/** Return the mean change (height, width) over the squares so far that cover a pixel, else 0. */
function scanMean({ values, tops, lefts, side, at }, height, width) {
  const sums = new Float32Array(height * width);
  const counts = new Uint16Array(height * width);
  for (let place = 0; place < at; place++) {
    const top = tops[Math.floor(place / lefts.length)];
    const left = lefts[place % lefts.length];
    for (let row = top; row < top + side; row++) {
      for (let pixel = row * width + left; pixel < row * width + left + side; pixel++) {
        sums[pixel] += values[place];
        counts[pixel] += 1;
      }
    }
  }
  return sums.map((sum, pixel) => (counts[pixel] > 0 ? sum / counts[pixel] : 0));
}

/** Name the places of the patch where the probability of the class `name` moved most. */
function scanSentence({ values: all, tops, lefts, side, at }, name) {
  const values = all.subarray(0, at);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const place = (value) => ({
    name,
    row: tops[Math.floor(values.indexOf(value) / lefts.length)],
    column: lefts[values.indexOf(value) % lefts.length],
    value: signedChange(value),
  });
  const counts = { done: at, all: all.length, side };
  const parts = [say("{done} of {all} places of a patch of {side} pixels.", counts)];
  if (least < 0) {
    parts.push(
      say(
        "{name} falls most (blue) with its corner at row {row}, column {column}: {value}.",
        place(least),
      ),
    );
  }
  if (most > 0) {
    parts.push(
      say("{name} rises most (red) with it at row {row}, column {column}: {value}.", place(most)),
    );
  }
  return sayAll(parts);
}

/** Return a difference of probabilities with its sign and an arrow. */
export function signedChange(change) {
  const text = number(Math.abs(change), 3);
  if (Number(text) === 0) return text;
  return change < 0 ? `▼ −${text}` : `▲ +${text}`;
}
