/** How the probabilities moved: a table, and the gray patch slid over the whole photograph. */
import { make, number } from "./dom.js";
import { createScan, photographKey, signedChange } from "./scan.js";
import { say } from "./words.js";

/** Make the table of the probabilities; `scanned` has `forScan()` and `restore()`. */
export function createEffects(app, scanned) {
  const table = createEffectsTable(app);
  const scan = createScan(app, scanned);
  const element = make(
    "section",
    { class: "px-tool" },
    make("h2", { class: "px-title", text: say("What it does to the probabilities") }),
    ...table.elements,
    ...scan.elements,
  );

  function update() {
    if (!scan.running()) table.update();
    scan.update();
  }

  return { element, update };
}

/** Make the table with a row for each class: untouched, now, and the change. */
function createEffectsTable(app) {
  const rows = app.classNames.map(createEffectsRow);
  const heads = [say("Untouched"), say("Now"), say("Difference")].map((text) =>
    make("th", { scope: "col", class: "px-num", text }),
  );
  const first = make("th", { scope: "col", text: say("Class") });
  const element = make(
    "table",
    { class: "px-table px-effects" },
    make("caption", { text: say("Compared with the untouched picture and network") }),
    make("thead", {}, make("tr", {}, first, ...heads, make("td"))),
    make("tbody", {}, ...rows.map((row) => row.element)),
  );
  const reason = make("p", { class: "px-hint" });
  const untouched = createUntouched(app);

  function update() {
    const now = app.answer.values;
    const before = untouched();
    element.hidden = !now && !before;
    rows.forEach((row, index) => row.show(before?.[index] ?? null, now?.[index] ?? null));
    reason.textContent = now ? "" : app.answer.reason;
    reason.hidden = Boolean(now) || !app.answer.reason;
  }

  return { elements: [element, reason], update };
}

function createEffectsRow(name) {
  const cells = ["px-num", "px-num", "px-num"].map((names) => make("td", { class: names }));
  const bar = make("td", { class: "px-change-bar", "aria-hidden": "true" }, make("span"));
  const element = make("tr", {}, make("th", { scope: "row", text: name }), ...cells, bar);

  function show(before, now) {
    const change = now === null || before === null ? null : now - before;
    cells[0].textContent = number(before, 3);
    cells[1].textContent = number(now, 3);
    cells[2].textContent = change === null ? "–" : signedChange(change);
    bar.firstChild.style.setProperty("--px-part", Math.min(1, Math.abs(change ?? 0)));
    bar.classList.toggle("px-falls", (change ?? 0) < 0);
  }

  return { element, show };
}

/** Return a function that gives the photograph's probabilities before any change, or null. */
function createUntouched(app) {
  const { network, manifest } = app;
  let known = null; // {photograph, values}

  return function untouched() {
    const photograph = photographKey(network);
    const fresh = !network.changes().any && !app.answer.pending ? app.answer.values : null;
    const earlier = known?.photograph === photograph ? known.values : null;
    const given = manifest.photographs[network.photograph]?.probabilities;
    const values = fresh ?? earlier ?? given ?? null;
    known = values && { photograph, values: [...values] };
    return values;
  };
}
