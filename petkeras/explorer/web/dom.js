/** Small helpers that make elements. Text is always a text node, never markup. */

/**
 * Make an element.
 * `attributes`: `class`, `text`, `on*` handlers (functions), booleans, anything that HTML or ARIA
 * knows. `children`: nodes or strings; null and undefined are skipped.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Show a text, and leave the page's layout alone where it is there already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Make a push button. */
export function button(label, onClick, attributes = {}) {
  const { class: extra = "", ...others } = attributes;
  const names = `px-button ${extra}`.trim();
  return make("button", { type: "button", class: names, onclick: onClick, ...others }, label);
}

/** Return `x` as text with `digits` decimals and a true minus sign. */
export function number(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const text = Math.abs(x).toFixed(digits);
  const negative = x < 0 && Number(text) !== 0;
  return negative ? `−${text}` : text;
}

/** Return a whole number with its thousands separated: 65,568. */
export function count(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Return a name that may be broken into lines after `_`, `/`, `-` and `.`. */
export function breakable(name) {
  return name.replace(/[_/.-]/g, "$&\u200b");
}

/** Return a list of lengths as a size: 64 × 64 × 32. */
export function size(shape) {
  return shape.join(" × ");
}

/**
 * Make a labeled slider that shows its value. `onInput(value)` is called as it moves.
 * The element has `input` and `show(value)`, which moves it from outside.
 */
export function slider(label, { min, max, step, value, format = String }, onInput) {
  const shown = make("output", { class: "px-slider-value" });
  const input = make("input", { type: "range", min, max, step, value });
  const element = make("label", { class: "px-slider" });
  const describe = () => {
    shown.textContent = format(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    describe();
    onInput(Number(input.value));
  });
  element.append(make("span", { class: "px-slider-label", text: label }), input, shown);
  element.input = input;
  element.show = (next) => {
    input.value = next;
    describe();
  };
  describe();
  return element;
}

/** Make a labeled check box. The element has `input`. */
export function toggle(label, on, onChange) {
  const input = make("input", { type: "checkbox", onchange: () => onChange(input.checked) });
  input.checked = on;
  const element = make("label", { class: "px-toggle" }, input, make("span", { text: label }));
  element.input = input;
  return element;
}

/**
 * Make a labeled list of `options`, each [value, text]; `onChoose(value)` is told the chosen one.
 * The result has `element`, `field` (the list itself) and `offer(options)`.
 */
export function choice(label, options, onChoose) {
  const field = make("select", { class: "px-select", onchange: () => onChoose(field.value) });
  const offer = (all) =>
    field.replaceChildren(...all.map(([value, text]) => make("option", { value, text })));
  offer(options);
  const element = make("label", { class: "px-row" }, make("span", { text: label }), field);
  return { element, field, offer };
}

/** Make a canvas that is read as an image with the name `label`; without a label it is skipped. */
export function canvas(width, height, label) {
  const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return make("canvas", { width, height, class: "px-canvas", ...said });
}

/**
 * Put a canvas on a stage, where frames can be marked over it.
 * The element has `mark({top, left, height, width} | null, rows, columns)`: a frame around that
 * window of a picture of rows x columns.
 */
export function stage(picture, ...overlays) {
  const frame = make("div", { class: "px-mark", hidden: true });
  const element = make("div", { class: "px-stage" }, picture, frame, ...overlays);
  element.mark = (window, rows, columns) => markFrame(frame, window, rows, columns);
  return element;
}

/** Move a frame (a positioned element) around a window of a picture of rows x columns. */
function markFrame(frame, window, rows, columns) {
  frame.hidden = window === null;
  if (window === null) return;
  const percent = (value, whole) => `${(100 * value) / whole}%`;
  frame.style.setProperty("left", percent(window.left, columns));
  frame.style.setProperty("top", percent(window.top, rows));
  frame.style.setProperty("width", percent(window.width, columns));
  frame.style.setProperty("height", percent(window.height, rows));
}

/** Return the pixel {y, x} of a picture of rows x columns under a pointer event, clamped. */
export function pixelUnder(event, element, rows, columns) {
  const box = element.getBoundingClientRect();
  const place = (at, length, cells) =>
    Math.min(cells - 1, Math.max(0, Math.floor((at / length) * cells)));
  return {
    y: place(event.clientY - box.top, box.height, rows),
    x: place(event.clientX - box.left, box.width, columns),
  };
}

/** Put the bubble beside a place (0 to 1 across and down), on the side with more room. */
export function placeBubble(bubble, across, down) {
  bubble.style.setProperty("left", `${100 * across}%`);
  bubble.style.setProperty("top", `${100 * down}%`);
  bubble.classList.toggle("px-bubble-left", across > 0.5);
  bubble.classList.toggle("px-bubble-up", down > 0.5);
}

const domSteps = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Return the step [rows, columns] of an arrow key, or null. */
export function arrowStep(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return domSteps[event.key] ?? null;
}

/**
 * Let the arrow keys, Home and End move among `items()`, of which one is in the tab order.
 * `columns()` is the number of items in a row, 0 for a list; `choose(index)` is called by keys.
 */
export function roving(container, items, columns, choose) {
  container.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(event.target);
    if (at < 0) return;
    const step = arrowStep(event);
    let next = null;
    if (event.key === "Home") next = 0;
    else if (event.key === "End") next = all.length - 1;
    else if (step) next = at + step[0] * (columns() || 1) + step[1];
    if (next === null) return;
    event.preventDefault();
    if (next < 0 || next >= all.length) return;
    all[next].focus();
    choose(next);
  });
}

/** Call `show()` whenever `element` comes into view; `element.inView` says whether it is there. */
export function whenInView(element, show) {
  element.inView = false;
  const watcher = new IntersectionObserver(
    (entries) => {
      element.inView = entries[entries.length - 1].isIntersecting;
      if (element.inView) show();
    },
    { rootMargin: "80px" },
  );
  watcher.observe(element);
}

/** Mark item `chosen` of a radio group (or of tabs), and leave only it in the tab order. */
export function markChosen(items, chosen, attribute = "aria-checked") {
  items.forEach((item, index) => {
    const state = String(index === chosen);
    if (item.getAttribute(attribute) === state) return;
    item.setAttribute(attribute, state);
    item.tabIndex = index === chosen ? 0 : -1;
  });
}
