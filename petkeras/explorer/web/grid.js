/** A convolution or a pool on a small grid with numbers, one window at a time. */
import { cellText, createCells } from "./cells.js";
import { choice, make } from "./dom.js";
import { createPlayer } from "./player.js";
import { placeWindows } from "./windows.js";
import { say, sayList } from "./words.js";

const GRID_SIDE = 6;
const GRID_INPUT = [
  [0, 0, 0, 5, 5, 5],
  [0, 0, 1, 5, 6, 5],
  [0, 0, 4, 6, 5, 5],
  [0, 1, 5, 5, 7, 5],
  [0, 3, 5, 8, 5, 4],
  [1, 4, 5, 5, 5, 5],
].flat();
const GRID_KERNEL = [-1, 0, 1, -1, 0, 1, -1, 0, 1];

/** Return what a small convolution or pool does with one window. */
function gridWindow(setting, input, kernel, step) {
  const { kind, size, stride, rows, columns } = setting;
  const [row, column] = [Math.floor(step / columns.count), step % columns.count];
  const top = row * stride - rows.before;
  const left = column * stride - columns.before;
  const values = []; // of the window, null beyond the edge
  for (let y = top; y < top + size; y++) {
    for (let x = left; x < left + size; x++) {
      const inside = y >= 0 && y < GRID_SIDE && x >= 0 && x < GRID_SIDE;
      values.push(inside ? input[y * GRID_SIDE + x] : null);
    }
  }
  const known = values.filter((value) => value !== null);
  const sum = (numbers) => numbers.reduce((total, value) => total + value, 0);
  const products = values.map((value, cell) => (value ?? 0) * kernel[cell]);
  const result = {
    conv: () => sum(products),
    max_pool: () => Math.max(...known),
    average_pool: () => sum(known) / known.length,
  }[kind]();
  return { row, column, top, left, values, products, known, result };
}

/** Make the small grid with its settings and its player. */
export function createSmallGrid(app) {
  const input = [...GRID_INPUT];
  const kernel = [...GRID_KERNEL];
  let setting = null; // {kind, size, stride, padding, rows, columns}
  let grids = {};

  const operations = [
    ["conv", say("convolution")],
    ["max_pool", say("max pool")],
    ["average_pool", say("average pool")],
  ];
  const squares = [2, 3, 4].map((n) => [n, `${n} × ${n}`]);
  const kinds = choice(say("Operation"), operations, () => rebuild(true));
  const sizes = choice(say("Window"), squares, () => rebuild());
  const strides = choice(say("Stride"), [1, 2, 3].map((n) => [n, n]), () => rebuild());
  const names = ["valid", "same"].map((n) => [n, n.toUpperCase()]);
  const paddings = choice(say("Padding"), names, () => rebuild());
  const fields = [kinds, sizes, strides, paddings];
  sizes.field.value = 3;
  const player = createPlayer(say("Window"), { show, row: () => setting.columns.count });
  const upper = make("div", { class: "px-grid-row" });
  const lower = make("div", { class: "px-grid-row" });
  const sum = make("p", { class: "px-sum" });
  const hint = make("p", {
    class: "px-hint",
    text: say("Click a number of the input or of the kernel and type another."),
  });
  const element = make(
    "section",
    { class: "px-tool px-play-grid" },
    make("h2", { class: "px-title", text: say("On a small grid") }),
    make("div", { class: "px-row" }, ...fields.map((each) => each.element)),
    player.element,
    upper,
    lower,
    sum,
    hint,
  );

  /** Make the grids anew after a setting changed; a pool begins with 2 x 2 and stride 2. */
  function rebuild(newKind = false) {
    player.stop();
    const kind = kinds.field.value;
    if (newKind) {
      sizes.field.value = kind === "conv" ? 3 : 2;
      strides.field.value = kind === "conv" ? 1 : 2;
    }
    sizes.element.hidden = kind === "conv";
    const size = kind === "conv" ? 3 : Number(sizes.field.value);
    const stride = Number(strides.field.value);
    const padding = paddings.field.value;
    const along = placeWindows(GRID_SIDE, size, stride, padding);
    setting = { kind, size, stride, padding, rows: along, columns: along };
    makeGrids();
    player.setLength(along.count * along.count);
    player.go(0);
  }

  function makeGrids() {
    const { kind, size, rows, columns } = setting;
    const side = GRID_SIDE + rows.before + rows.after; // with its padding
    const at = (index) => {
      const y = Math.floor(index / side) - rows.before;
      const x = (index % side) - columns.before;
      return y >= 0 && y < GRID_SIDE && x >= 0 && x < GRID_SIDE ? y * GRID_SIDE + x : -1;
    };
    const padded = rows.before + rows.after > 0;
    const title = !padded
      ? say("Input")
      : kind === "conv"
        ? say("Input, padded with zeros")
        : say("Input; padding is ignored");
    grids = {
      at,
      side,
      input: createCells(title, side, side, {
        fixed: (index) => at(index) < 0,
        onEdit: (index, value) => {
          input[at(index)] = value;
          show(player.step);
        },
      }),
      output: createCells(say("Output"), rows.count, columns.count),
      patch: createCells(say("Window"), size, size),
    };
    upper.replaceChildren(grids.input.element, gridSign("→"), grids.output.element);
    upper.style.setProperty("--px-total", side + rows.count); // cells side by side
    lower.style.setProperty("--px-total", 3 * size);
    lower.replaceChildren(grids.patch.element);
    if (kind !== "conv") return;
    grids.kernel = createCells(say("Kernel"), size, size, {
      onEdit: (cell, value) => {
        kernel[cell] = value;
        show(player.step);
      },
    });
    grids.products = createCells(say("Products"), size, size);
    lower.append(
      gridSign("×"),
      grids.kernel.element,
      gridSign("="),
      grids.products.element,
    );
  }

  function show(step, spoken = false) {
    if (!setting) return;
    const now = gridWindow(setting, input, kernel, step);
    showInput(now);
    showOutput(step);
    const winner = setting.kind === "max_pool" ? now.values.indexOf(now.result) : -1;
    const beyond = setting.kind === "conv" ? 0 : null;
    grids.patch.show(now.values.map((value) => value ?? beyond), {
      marks: now.values.map((value, cell) => gridMark(value === null, false, cell === winner)),
    });
    if (setting.kind === "conv") {
      grids.kernel.show(kernel);
      grids.products.show(now.products);
    }
    sum.textContent = sentence(now);
    if (spoken) app.announce(sum.textContent);
  }

  function showInput(now) {
    const { at, side } = grids;
    const { kind, size, rows, columns } = setting;
    const top = now.top + rows.before;
    const left = now.left + columns.before;
    const winner = kind === "max_pool" ? now.values.indexOf(now.result) : -1;
    const values = [];
    const marks = [];
    for (let index = 0; index < side * side; index++) {
      const [y, x] = [Math.floor(index / side) - top, (index % side) - left];
      const inside = y >= 0 && y < size && x >= 0 && x < size;
      const beyond = at(index) < 0;
      values.push(beyond ? (kind === "conv" ? 0 : null) : input[at(index)]);
      marks.push(gridMark(beyond, inside, inside && y * size + x === winner));
    }
    grids.input.show(values, { marks });
    grids.input.frame({ top, left, height: size, width: size });
  }

  function showOutput(step) {
    const { rows, columns } = setting;
    const values = [];
    for (let each = 0; each < rows.count * columns.count; each++) {
      values.push(each <= step ? gridWindow(setting, input, kernel, each).result : null);
    }
    grids.output.show(values, { marks: values.map((_, each) => (each === step ? "px-now" : "")) });
    const { row, column } = gridWindow(setting, input, kernel, step);
    grids.output.frame({ top: row, left: column, height: 1, width: 1 });
  }

  function sentence({ row, column, values, known, result }) {
    const place = say("Row {row}, column {column}: ", { row, column });
    const total = cellText(result);
    if (setting.kind === "conv") {
      const term = (value, cell) => `${gridSigned(value ?? 0)} × ${gridSigned(kernel[cell])}`;
      const terms = values.map(term);
      return `${place}${terms.join(" + ")} = ${total}`;
    }
    const numbers = sayList(known.map((value) => cellText(value)));
    if (setting.kind === "max_pool") {
      return place + say("the largest of {numbers} is {total}", { numbers, total });
    }
    return place + say("the mean of {numbers} is {total}", { numbers, total });
  }

  rebuild();
  return { element, stop: player.stop };
}

/** Return a number as text, in brackets if it is negative. */
function gridSigned(value) {
  return value < 0 ? `(${cellText(value)})` : cellText(value);
}

function gridMark(beyond, inside, winner) {
  const names = [beyond && "px-beyond", inside && "px-inside", winner && "px-winner"];
  return names.filter(Boolean).join(" ");
}

function gridSign(text) {
  return make("span", { class: "px-grid-sign", "aria-hidden": "true", text });
}
