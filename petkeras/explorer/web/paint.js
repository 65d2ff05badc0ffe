/** The photograph, to be painted over, or covered by a gray patch that is slid over it. */
import { arrowStep, canvas, make, pixelUnder, slider, stage, button } from "./dom.js";
import { drawPixels } from "./drawing.js";
import { say } from "./words.js";

const PATCH_GRAY = 128;

/** Return [r, g, b] of a color field's "#rrggbb". */
function paintColor(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
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

/** Make the editor of the photograph; `edited()` is called after a change. */
export function createPhotographEditor(app, edited) {
  const { network } = app;
  const shape = app.manifest.input_shape; // [h, w, c]
  const [height, width, channels] = shape;
  let untouched = null; // the photograph before any change
  let painted = null; // the same with the strokes of the brush, without the patch
  let tool = "brush";
  let size = { brush: Math.max(2, Math.round(width / 16)), patch: Math.round(width / 4) };
  let place = { y: height >> 1, x: width >> 1 }; // of the brush, or of the patch's middle
  let covered = false; // the patch lies on the photograph
  let last = null; // where the stroke that is being drawn was last

  const picture = canvas(width, height, say("The photograph, to be changed"));
  const surface = stage(picture);
  surface.classList.add("px-paint");
  surface.tabIndex = 0;
  surface.setAttribute("role", "application");
  const where = make("p", { class: "px-readout" });
  const color = make("input", { type: "color", class: "px-color", value: "#ffffff" });
  const colorRow = make("label", { class: "px-row" }, make("span", { text: say("Color") }), color);
  const sizes = slider(
    say("Size in pixels"),
    { min: 1, max: Math.max(2, width >> 1), step: 1, value: size.brush },
    (value) => resize(value),
  );
  const tools = make("div", { class: "px-choice", role: "group", "aria-label": say("Tool") });
  const toolButtons = { brush: say("Brush"), patch: say("Gray patch") };
  for (const [name, label] of Object.entries(toolButtons)) {
    toolButtons[name] = button(label, () => chooseTool(name), { "aria-pressed": "false" });
    tools.append(toolButtons[name]);
  }
  const lift = button(say("Take the patch away"), () => coverBy(false));
  const reset = button(say("Reset the photograph"), resetPhotograph);
  const element = make(
    "section",
    { class: "px-tool" },
    make("h2", { class: "px-title", text: say("The photograph") }),
    tools,
    surface,
    where,
    colorRow,
    sizes,
    make("div", { class: "px-buttons" }, lift, reset),
  );

  function chooseTool(name) {
    tool = name;
    sizes.show(size[tool]);
    if (tool === "patch") coverBy(true);
    else update();
  }

  function coverBy(on) {
    covered = on;
    compose();
  }

  function resize(value) {
    size = { ...size, [tool]: value };
    if (tool === "patch" && covered) compose();
    else update();
  }

  function resetPhotograph() {
    covered = false;
    painted = null;
    network.reset("photograph");
    edited();
    app.announce(say("The photograph is untouched."));
  }

  /** Return the square of the patch, moved back inside the photograph. */
  function patchWindow() {
    const side = Math.min(size.patch, height, width);
    const inside = (at, length) =>
      Math.min(Math.max(Math.round(at - side / 2), 0), length - side);
    const [top, left] = [inside(place.y, height), inside(place.x, width)];
    return { top, left, height: side, width: side };
  }

  /** Give the network the photograph with the strokes and, if it is on, the patch. */
  function compose() {
    const pixels = painted ?? untouched;
    if (covered) network.paint(paintPatch(pixels, shape, patchWindow()));
    else if (painted) network.paint(painted.slice());
    else network.reset("photograph");
    edited();
  }

  /** Paint from the place of the last event to this one, a disk at each pixel on the way. */
  function stroke(to) {
    painted ??= untouched.slice();
    const from = last ?? to;
    const steps = Math.max(1, Math.abs(to.y - from.y), Math.abs(to.x - from.x));
    for (let step = 0; step <= steps; step++) {
      const at = (a, b) => a + ((b - a) * step) / steps;
      const point = { y: at(from.y, to.y), x: at(from.x, to.x) };
      paintDisk(painted, shape, point, size.brush, paintColor(color.value));
    }
    last = to;
    compose();
  }

  function act(to) {
    place = to;
    if (tool === "brush") stroke(to);
    else coverBy(true);
  }

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    surface.focus({ preventScroll: true });
    surface.setPointerCapture(event.pointerId);
    last = null;
    act(pixelUnder(event, picture, height, width));
  });
  surface.addEventListener("pointermove", (event) => {
    if (!surface.hasPointerCapture(event.pointerId)) return;
    act(pixelUnder(event, picture, height, width));
  });
  surface.addEventListener("pointerup", () => (last = null));
  surface.addEventListener("keydown", (event) => {
    const step = arrowStep(event);
    const paints = tool === "brush" && (event.key === " " || event.key === "Enter");
    if (!step && !paints) return;
    event.preventDefault();
    last = null;
    if (step) moveBy(step, event.shiftKey ? 1 : Math.max(1, Math.round(width / 32)));
    else stroke(place);
    describe();
    app.announce(where.textContent);
  });

  function moveBy([down, right], pixels) {
    const inside = (value, length) => Math.min(length - 1, Math.max(0, value));
    if (tool === "patch") place = middleOf(patchWindow());
    place = {
      y: inside(place.y + down * pixels, height),
      x: inside(place.x + right * pixels, width),
    };
    if (tool === "patch") coverBy(true);
    else update();
  }

  const middleOf = (window) => ({
    y: window.top + window.height / 2,
    x: window.left + window.width / 2,
  });

  /** Return the square that the tool would change. */
  function brushWindow() {
    const side = Math.max(1, size.brush);
    return { top: place.y - side / 2, left: place.x - side / 2, height: side, width: side };
  }

  function describe() {
    const window = patchWindow();
    const rows = say("rows {first} to {last}", {
      first: window.top,
      last: window.top + window.height - 1,
    });
    const columns = say("columns {first} to {last}", {
      first: window.left,
      last: window.left + window.width - 1,
    });
    if (tool === "patch" && covered) {
      where.textContent = say("The patch covers {rows}, {columns}.", { rows, columns });
    } else if (tool === "patch") {
      where.textContent = say("Click the photograph, or press an arrow key, to put the patch on.");
    } else {
      where.textContent = say(
        "Paint with the pointer; or move with the arrow keys and paint with the space bar. " +
          "The brush is at row {row}, column {column}.",
        { row: Math.round(place.y), column: Math.round(place.x) },
      );
    }
  }

  /** Take over a photograph that was chosen elsewhere; forget the strokes on the last one. */
  function follow() {
    if (untouched && network.changes().photograph) return;
    untouched = network.pixels.slice();
    painted = null;
    covered = false;
  }

  function update() {
    follow();
    drawPixels(picture, network.pixels, height, width, channels);
    const patching = tool === "patch";
    surface.mark(patching ? (covered ? patchWindow() : null) : brushWindow(), height, width);
    surface.setAttribute(
      "aria-label",
      patching
        ? say("Photograph: the arrow keys slide the gray patch")
        : say("Photograph: the arrow keys move the brush, the space bar paints"),
    );
    for (const [name, each] of Object.entries(toolButtons)) {
      each.setAttribute("aria-pressed", String(name === tool));
    }
    colorRow.hidden = patching;
    lift.disabled = !covered;
    reset.disabled = !network.changes().photograph;
    describe();
  }

  /** Return the photograph without the patch, and the patch's side, for the whole scan. */
  function forScan() {
    follow();
    return { pixels: (painted ?? untouched).slice(), side: Math.min(size.patch, height, width) };
  }

  /** Put the photograph back as it was before the scan; it may be another one by now. */
  function restore() {
    follow();
    compose();
  }

  return { element, update, forScan, restore };
}
