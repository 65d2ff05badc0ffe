/** The photograph, to be painted over, or covered by a gray patch that is slid over it. */
import { arrowStep, button, canvas, make, pixelUnder, slider, stage } from "./dom.js";
import { drawPixels } from "./drawing.js";
import { Painting } from "./paint.js";
import { say } from "./words.js";

/** Make the editor of the photograph; `edited()` is called after a change. */
export function createPhotographEditor(app, edited) {
  const { network } = app;
  const [height, width, channels] = app.manifest.input_shape;
  const painting = new Painting(network, app.manifest.input_shape);
  let tool = "brush"; // or "patch": the names of their sizes in `painting`

  const picture = canvas(width, height, say("The picture, to be changed"));
  const surface = createPaintSurface(picture);
  const where = make("p", { class: "px-readout" });
  const color = make("input", { type: "color", class: "px-color", value: "#ffffff" });
  const colorRow = make("label", { class: "px-row" }, make("span", { text: say("Color") }), color);
  const sizes = slider(
    say("Size in pixels"),
    { min: 1, max: Math.max(2, width >> 1), step: 1, value: painting.brush },
    resize,
  );
  const tools = createPaintTools(chooseTool);
  const lift = button(say("Take the patch away"), () => coverBy(false));
  const reset = button(say("Reset the picture"), resetPhotograph);
  const element = make(
    "section",
    { class: "px-tool" },
    make("h2", { class: "px-title", text: say("The picture") }),
    tools.element,
    surface,
    where,
    colorRow,
    sizes,
    make("div", { class: "px-buttons" }, lift, reset),
  );

  function chooseTool(name) {
    tool = name;
    sizes.show(painting[tool]);
    if (tool === "patch") coverBy(true);
    else update();
  }

  function resize(value) {
    painting[tool] = value;
    if (tool === "patch" && painting.covered) compose();
    else update();
  }

  function coverBy(on) {
    painting.covered = on;
    compose();
  }

  function compose() {
    painting.apply();
    edited();
  }

  function resetPhotograph() {
    painting.reset();
    edited();
    app.announce(say("The picture is untouched."));
  }

  function act(to) {
    painting.place = to;
    if (tool === "patch") painting.covered = true;
    else painting.stroke(to, paintColor(color.value));
    compose();
  }

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    surface.focus({ preventScroll: true });
    surface.setPointerCapture(event.pointerId);
    painting.lift();
    act(pixelUnder(event, picture, height, width));
  });
  surface.addEventListener("pointermove", (event) => {
    if (!surface.hasPointerCapture(event.pointerId)) return;
    act(pixelUnder(event, picture, height, width));
  });
  surface.addEventListener("pointerup", () => painting.lift());
  surface.addEventListener("keydown", (event) => {
    const step = arrowStep(event);
    const paints = tool === "brush" && (event.key === " " || event.key === "Enter");
    if (!step && !paints) return;
    event.preventDefault();
    painting.lift();
    if (step) moveBy(step, event.shiftKey ? 1 : Math.max(1, Math.round(width / 32)));
    else act(painting.place);
    describe();
    app.announce(where.textContent);
  });

  /** Move the brush, or the patch, by rows and columns. */
  function moveBy([down, right], pixels) {
    const inside = (value, length) => Math.min(length - 1, Math.max(0, value));
    const { y, x } = tool === "patch" ? middleOf(painting.patchWindow()) : painting.place;
    painting.place = {
      y: inside(y + down * pixels, height),
      x: inside(x + right * pixels, width),
    };
    if (tool === "patch") coverBy(true);
    else update();
  }

  const describe = () => (where.textContent = paintSentence(painting, tool));

  function update() {
    painting.follow();
    drawPixels(picture, network.pixels, height, width, channels);
    const patching = tool === "patch";
    const patch = painting.covered ? painting.patchWindow() : null;
    surface.mark(patching ? patch : painting.brushWindow(), height, width);
    surface.setAttribute(
      "aria-label",
      patching
        ? say("Picture: the arrow keys slide the gray patch")
        : say("Picture: the arrow keys move the brush, the space bar paints"),
    );
    tools.show(tool);
    colorRow.hidden = patching;
    lift.disabled = !painting.covered;
    reset.disabled = !network.changes().photograph;
    describe();
  }

  /** Put the photograph back as it was before a scan; it may be another one by now. */
  function restore() {
    painting.follow();
    compose();
  }

  return { element, update, forScan: () => painting.forScan(), restore };
}

/** Make the picture one that can be pointed at and has the focus for keys. */
function createPaintSurface(picture) {
  const surface = stage(picture);
  surface.classList.add("px-paint");
  surface.tabIndex = 0;
  surface.setAttribute("role", "application");
  return surface;
}

/** Make the buttons that choose a tool: {element, show(tool)}. */
function createPaintTools(onChoose) {
  const labels = { brush: say("Brush"), patch: say("Gray patch") };
  const buttons = Object.entries(labels).map(([name, label]) => [
    name,
    button(label, () => onChoose(name), { "aria-pressed": "false" }),
  ]);
  const element = make(
    "div",
    { class: "px-choice", role: "group", "aria-label": say("Tool") },
    ...buttons.map(([, each]) => each),
  );

  function show(tool) {
    for (const [name, each] of buttons) each.setAttribute("aria-pressed", String(name === tool));
  }

  return { element, show };
}

/** Return where the brush or the patch is, and how to move it. */
function paintSentence(painting, tool) {
  if (tool === "brush") {
    const { y, x } = painting.place;
    return say(
      "Paint with the pointer; or move with the arrow keys and paint with the space bar. " +
        "The brush is at row {row}, column {column}.",
      { row: Math.round(y), column: Math.round(x) },
    );
  }
  if (!painting.covered) {
    return say("Click the picture, or press an arrow key, to put the patch on.");
  }
  const { top, left, height, width } = painting.patchWindow();
  const rows = say("rows {first} to {last}", { first: top, last: top + height - 1 });
  const columns = say("columns {first} to {last}", { first: left, last: left + width - 1 });
  return say("The patch covers {rows}, {columns}.", { rows, columns });
}

/** Return [r, g, b] of a color field's "#rrggbb". */
function paintColor(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

const middleOf = (window) => ({
  y: window.top + window.height / 2,
  x: window.left + window.width / 2,
});
