/** The map of the chosen filter, now and as it was trained. */
import { canvas, make, number } from "./dom.js";
import { drawMap, rangeOf } from "./drawing.js";
import { createTrained } from "./trained.js";
import { say } from "./words.js";

/** Make the two maps. */
export function createResult(app) {
  const { network } = app;
  const trainedOutput = createTrained(app);
  const title = make("h2", { class: "px-title" });
  const now = resultFigure(say("The map now"), "");
  const was = resultFigure(say("The map before the change"), say("As it was trained"));
  const element = make(
    "section",
    { class: "px-tool" },
    title,
    make("div", { class: "px-figures" }, now.element, was.element),
  );

  function update() {
    const { layer, filter } = app.selection;
    title.textContent = say("What filter {filter} gives", { filter });
    const hasOutput = !network.outputError(layer);
    const isEdited = network.filterOf(layer, filter).edited;
    now.element.hidden = !hasOutput;
    was.element.hidden = !hasOutput || !isEdited;
    if (!hasOutput) return;
    const maps = network.output(layer);
    drawMap(now.map, maps, filter, {});
    const { low, high } = rangeOf(maps, filter);
    const range = { low: number(low, 3), high: number(high, 3) };
    now.caption.textContent = say("Now: {low} to {high}", range);
    if (isEdited) drawMap(was.map, trainedOutput(layer), filter, {});
  }

  return { element, update };
}

function resultFigure(label, text) {
  const map = canvas(1, 1, label);
  const caption = make("figcaption", { text });
  return { element: make("figure", { class: "px-figure" }, map, caption), map, caption };
}
