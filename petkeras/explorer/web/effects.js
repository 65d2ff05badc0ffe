/** How the probabilities moved: a table, and the gray patch slid over the whole photograph. */
import { button, canvas, make, number, stage } from "./dom.js";
import { drawMap, drawPixels } from "./drawing.js";
import { paintPatch } from "./paint.js";
import { say } from "./words.js";

/** Return the patch's places over (height, width): squares of `side`, half a side apart. */
export function effectsWindows(height, width, side) {
  const step = Math.max(1, Math.floor(side / 2));
  const starts = (length) => {
    const all = [];
    for (let at = 0; at < length - side; at += step) all.push(at);
    return [...all, length - side];
  };
  return { tops: starts(height), lefts: starts(width) };
}

/** Return the mean change (height, width) over the squares so far that cover a pixel, else 0. */
export function effectsMean({ values, tops, lefts, side, at }, height, width) {
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

/** Return the probabilities of the network as it is now, or null; Python's in a notebook. */
async function effectsProbabilities(app) {
  if (!app.oracle) return app.network.probabilities().values;
  const { probabilities } = await app.oracle.ask({ ask: "logits", edits: app.network.edits() });
  return probabilities;
}

/** Make the table of the probabilities; `scanned` has `forScan()` and `restore()`. */
export function createEffects(app, scanned) {
  const { network, manifest } = app;
  const [height, width, channels] = manifest.input_shape;
  let untouched = null; // probabilities before any change: {photograph, values}
  let scan = null; // the patch on its way, or its result: {done, ...}

  const rows = app.classNames.map((name) => {
    const cells = ["px-num", "px-num", "px-num"].map((names) => make("td", { class: names }));
    const bar = make("td", { class: "px-change-bar", "aria-hidden": "true" }, make("span"));
    const row = make("tr", {}, make("th", { scope: "row", text: name }), ...cells, bar);
    return { row, cells, bar };
  });
  const heads = [say("Untouched"), say("Now"), say("Change")].map((text) =>
    make("th", { scope: "col", class: "px-num", text }),
  );
  const table = make(
    "table",
    { class: "px-table px-effects" },
    make("caption", { text: say("Compared with the untouched photograph and network") }),
    make(
      "thead",
      {},
      make("tr", {}, make("th", { scope: "col", text: say("Class") }), ...heads, make("td")),
    ),
    make("tbody", {}, ...rows.map(({ row }) => row)),
  );
  const reason = make("p", { class: "px-hint" });
  const photograph = canvas(width, height);
  const falls = canvas(1, 1, say("The fall of the probability for each place of the patch"));
  falls.classList.add("px-over");
  const result = stage(photograph, falls);
  const found = make("p", { class: "px-readout" });
  const classes = make("select", {
    class: "px-select",
    onchange: () => app.select({ classIndex: Number(classes.value) }),
  });
  app.classNames.forEach((text, value) => classes.append(make("option", { value, text })));
  const watch = make("label", { class: "px-row" });
  watch.append(make("span", { text: say("Watch the class") }), classes);
  const start = button(say("Slide the patch over the whole photograph"), toggleScan);
  const element = make(
    "section",
    { class: "px-tool" },
    make("h2", { class: "px-title", text: say("What it does to the probabilities") }),
    table,
    reason,
    watch,
    start,
    result,
    found,
  );

  /** Remember the probabilities of the photograph before any change. */
  function remember() {
    const { photograph: index } = network;
    if (untouched?.photograph !== index || untouched?.title !== ownTitle()) untouched = null;
    const known = index >= 0 ? manifest.photographs[index].probabilities : null;
    const fresh = !network.changes().any && !app.answer.pending ? app.answer.values : null;
    const values = fresh ?? untouched?.values ?? known;
    untouched = values ? { photograph: index, title: ownTitle(), values: [...values] } : null;
  }

  const ownTitle = () => (network.photograph < 0 ? network.ownName : null);

  /** Slide the patch over the photograph, or stop it. */
  async function toggleScan() {
    if (scan && !scan.done) {
      scan.done = true;
      return;
    }
    const { pixels, side } = scanned.forScan();
    const { tops, lefts } = effectsWindows(height, width, side);
    const values = new Float32Array(tops.length * lefts.length);
    scan = { done: false, at: 0, values, tops, lefts, side, pixels, problem: "" };
    scan.classIndex = app.selection.classIndex;
    scan.photograph = ownTitle() ?? network.photograph;
    try {
      await slide(scan);
    } catch (error) {
      scan.problem = error.message;
    }
    scan.done = true;
    scanned.restore();
    drawScan();
    app.announce(found.textContent);
  }

  /** Fill `run.values` with how the probability changes at each place of the patch. */
  async function slide(run) {
    network.paint(run.pixels);
    const whole = await effectsProbabilities(app);
    while (whole && run.at < run.values.length) {
      const isSame = run.photograph === (ownTitle() ?? network.photograph);
      if (run.done || !isSame || element.offsetParent === null) return;
      const top = run.tops[Math.floor(run.at / run.lefts.length)];
      const left = run.lefts[run.at % run.lefts.length];
      const patch = { top, left, height: run.side, width: run.side };
      network.paint(paintPatch(run.pixels, manifest.input_shape, patch));
      const now = await effectsProbabilities(app);
      if (!now) return;
      run.values[run.at] = now[run.classIndex] - whole[run.classIndex];
      run.at += 1;
      drawScan();
      await new Promise(requestAnimationFrame);
    }
  }

  function drawScan() {
    const running = scan && !scan.done;
    start.textContent = running
      ? say("Stop")
      : say("Slide the patch over the whole photograph");
    const isShown = scan?.at > 0 && scan.photograph === (ownTitle() ?? network.photograph);
    result.hidden = !isShown;
    found.hidden = result.hidden && !scan?.problem;
    if (scan?.problem) found.textContent = scan.problem;
    if (result.hidden) return;
    drawPixels(photograph, scan.pixels, height, width, channels);
    const data = effectsMean(scan, height, width);
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0.001);
    const scale = { low: -largest, high: largest };
    drawMap(falls, { data, height, width, channels: 1 }, 0, { scale, colors: "diverging" });
    describeScan(scan.values.subarray(0, scan.at));
  }

  /** Name the places of the patch where the probability moved most. */
  function describeScan(values) {
    const name = app.classNames[scan.classIndex];
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const place = (value) => ({
      name,
      row: scan.tops[Math.floor(values.indexOf(value) / scan.lefts.length)],
      column: scan.lefts[values.indexOf(value) % scan.lefts.length],
      value: effectsSigned(value),
    });
    const parts = [
      say("{done} of {all} places of a patch of {side} pixels.", {
        done: scan.at,
        all: scan.values.length,
        side: scan.side,
      }),
    ];
    const fall = "{name} falls most (blue) with its corner at row {row}, column {column}: {value}.";
    const rise = "{name} rises most (red) with it at row {row}, column {column}: {value}.";
    if (least < 0) parts.push(say(fall, place(least)));
    if (most > 0) parts.push(say(rise, place(most)));
    found.textContent = parts.join(" ");
  }

  function update() {
    if (scan && !scan.done) return drawScan();
    remember();
    const now = app.answer.values;
    const before = untouched?.values;
    table.hidden = !now && !before;
    rows.forEach(({ cells, bar }, index) => {
      const change = now && before ? now[index] - before[index] : null;
      cells[0].textContent = before ? number(before[index], 3) : "–";
      cells[1].textContent = now ? number(now[index], 3) : "–";
      cells[2].textContent = change === null ? "–" : effectsSigned(change);
      bar.firstChild.style.setProperty("--px-part", Math.min(1, Math.abs(change ?? 0)));
      bar.classList.toggle("px-falls", (change ?? 0) < 0);
    });
    reason.textContent = now ? "" : app.answer.reason;
    reason.hidden = Boolean(now) || !app.answer.reason;
    classes.value = app.selection.classIndex;
    watch.hidden = start.hidden = manifest.stops_at !== null;
    start.disabled = !now;
    drawScan();
  }

  return { element, update };
}

/** Return a difference of probabilities with its sign and an arrow. */
export function effectsSigned(change) {
  const text = number(Math.abs(change), 3);
  if (Number(text) === 0) return text;
  return change < 0 ? `▼ −${text}` : `▲ +${text}`;
}
