/** Grids of numbers, which are read, or changed by typing, keys, dragging and painting. */
import { arrowStep, make, pixelUnder } from "./dom.js";
import { inkOn } from "./drawing.js";
import { say } from "./words.js";

/** Return a number as short text for a cell: at most `digits` decimals, no trailing zeros. */
export function cellText(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  const text = Math.abs(value).toFixed(Math.abs(value) >= 100 ? Math.min(digits, 1) : digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return value < 0 && short !== "0" ? `−${short}` : short;
}

/** Return the number that a text stands for, or null; a comma and a true minus sign are read. */
function readNumber(text) {
  const plain = text.trim().replace(",", ".").replace("−", "-");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : null;
}

/**
 * Make a grid of rows x columns numbers with a title.
 *
 * With `onEdit(index, value)` its cells can be changed: arrow keys move, + and - change by
 * `step()`, a typed number replaces. With `drag`, a pointer that is dragged up or down changes the
 * value, or paints with `brush()` where that is not null. `onChoose(index)` is told where one is.
 * Cells for which `fixed(index)` is true are only read.
 *
 * The grid has `element`, `show(values, {marks, colors, decimals})`, `frame(window | null)`,
 * which moves a frame over the cells, and `focus(index)`.
 */
export function createCells(title, rows, columns, options = {}) {
  const { onEdit = null, onChoose = () => {}, step = () => 1, brush = () => null } = options;
  const { fixed = () => false } = options;
  const frame = make("div", { class: "px-cells-frame", hidden: true, "aria-hidden": "true" });
  const table = make("table", { class: "px-cells-table" });
  const heading = make("div", { class: "px-cells-title", text: title });
  const body = make("div", { class: "px-cells-body" }, table, frame);
  const element = make("div", { class: "px-cells", role: "group", "aria-label": title });
  element.append(heading, body);
  element.style.setProperty("--px-columns", columns);

  const cells = []; // <td>, row by row
  const fields = []; // <input> of each cell; none at the index of a cell that cannot be changed
  let values = new Array(rows * columns).fill(null);
  let digits = 2;
  let typing = false; // a number is being typed into the cell with the focus
  let minus = false; // the last key was "-": a step down, or the sign of a number

  for (let row = 0; row < rows; row++) {
    const line = make("tr");
    for (let column = 0; column < columns; column++) {
      const cell = make("td", { class: "px-cell" });
      if (onEdit && !fixed(row * columns + column)) cell.append(makeField(row, column));
      cells.push(cell);
      line.append(cell);
    }
    table.append(line);
  }
  const firstField = fields.find(Boolean);
  if (firstField) firstField.tabIndex = 0;
  if (onEdit && options.drag) {
    const cellUnder = (event) => {
      const { y, x } = pixelUnder(event, table, rows, columns);
      return y * columns + x;
    };
    const valueOf = (index) => values[index] ?? 0;
    dragCells(body, { cellUnder, valueOf, change, step, brush, onChoose, focus });
  }

  function makeField(row, column) {
    const index = row * columns + column;
    const label = say("{title}, row {row}, column {column}", { title, row, column });
    const field = make("input", {
      type: "text",
      class: "px-cell-field",
      autocomplete: "off",
      tabindex: -1,
      "aria-label": label,
      onkeydown: (event) => pressKey(event, index),
      oninput: () => typeInto(index),
      onfocus: () => choose(index),
      onclick: () => !typing && field.select(),
      onblur: () => leave(index),
    });
    fields[index] = field;
    return field;
  }

  function choose(index) {
    fields.forEach((field, at) => (field.tabIndex = at === index ? 0 : -1));
    fields[index].select();
    onChoose(index);
  }

  function leave(index) {
    typing = false;
    fields[index].removeAttribute("aria-invalid");
    fields[index].value = cellText(values[index], digits);
  }

  function change(index, value) {
    values[index] = value;
    onEdit(index, value);
  }

  function typeInto(index) {
    typing = true;
    const value = readNumber(fields[index].value);
    fields[index].removeAttribute("aria-invalid");
    if (value === null) fields[index].setAttribute("aria-invalid", "true");
    else change(index, value);
  }

  function pressKey(event, index) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (minus && /^[\d.,]$/.test(event.key)) startNegative(index);
    minus = event.key === "-" && !typing;
    const move = arrowStep(event);
    if (move) moveBy(index, move);
    else if (event.key === "Enter" || event.key === "Escape") leaveAndSelect(index);
    else if (event.key === "+" || event.key === "=") nudge(index, step());
    else if (event.key === "-" && !typing) nudge(index, -step());
    else if (event.key === "-") turnSign(index);
    else return;
    event.preventDefault();
  }

  function moveBy(index, [down, right]) {
    const row = Math.floor(index / columns) + down;
    const column = (index % columns) + right;
    if (row < 0 || row >= rows || column < 0 || column >= columns) return;
    fields[row * columns + column]?.focus();
  }

  function leaveAndSelect(index) {
    leave(index);
    fields[index].select();
  }

  function nudge(index, by) {
    typing = false;
    fields[index].removeAttribute("aria-invalid");
    change(index, Number(((values[index] ?? 0) + by).toPrecision(6)));
    onChoose(index);
  }

  /** Let a typed digit follow a minus sign, not replace the number. */
  function startNegative(index) {
    typing = true;
    fields[index].value = "−";
  }

  function turnSign(index) {
    const field = fields[index];
    field.value = /^[-−]/.test(field.value) ? field.value.slice(1) : `−${field.value}`;
    typeInto(index);
  }

  function show(next, { marks = [], colors = [], decimals = 2 } = {}) {
    values = Array.from(next);
    digits = decimals;
    cells.forEach((cell, index) => {
      const text = cellText(values[index], digits);
      const field = fields[index];
      if (!field) cell.textContent = text;
      else if (field.value !== text) showField(field, text);
      cell.className = `px-cell ${marks[index] ?? ""}`.trim();
      paintCell(cell, colors[index]);
    });
  }

  /** Show a number, selected where one is, so that the next digit replaces it. */
  function showField(field, text) {
    const focused = field.matches(":focus");
    if (focused && typing) return;
    field.value = text;
    if (focused) field.select();
  }

  function moveFrame(window) {
    frame.hidden = window === null;
    if (window === null) return;
    for (const side of ["top", "left", "height", "width"]) {
      frame.style.setProperty(`--px-${side}`, window[side]);
    }
  }

  function focus(index, options) {
    fields[index]?.focus(options);
  }

  return { element, show, frame: moveFrame, focus, heading };
}

/** Change cells with a pointer: up and down, or by painting; a click gives a cell the focus. */
function dragCells(body, { cellUnder, valueOf, change, step, brush, onChoose, focus }) {
  let from = null; // where the pointer went down: {index, y, value, moved}
  body.classList.add("px-cells-drag");
  body.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no text selection, no keyboard of a phone
    body.setPointerCapture(event.pointerId);
    const index = cellUnder(event);
    from = { index, y: event.clientY, value: valueOf(index), moved: false };
    if (brush() === null) return;
    from.moved = true;
    change(index, brush());
  });
  body.addEventListener("pointermove", (event) => {
    if (!from) return;
    if (brush() !== null) {
      const index = cellUnder(event);
      if (index !== from.index) change(index, brush());
      from.index = index;
      return;
    }
    const steps = Math.trunc((from.y - event.clientY) / 6); // one step every 6 pixels
    if (steps === 0 && !from.moved) return;
    from.moved = true;
    change(from.index, Number((from.value + steps * step()).toPrecision(6)));
    onChoose(from.index);
  });
  const end = () => {
    if (from && !from.moved) focus(from.index, { preventScroll: true });
    from = null;
  };
  body.addEventListener("pointerup", end);
  body.addEventListener("pointercancel", end);
}

/** Color a cell by [r, g, b], with text that can be read on it; without a color, undo that. */
function paintCell(cell, color) {
  cell.classList.toggle("px-cell-colored", Boolean(color));
  if (!color) return;
  cell.style.setProperty("--px-cell", `rgb(${color.join(" ")})`);
  cell.style.setProperty("--px-cell-ink", inkOn(color));
}
