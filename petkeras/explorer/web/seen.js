/** What a unit of the first dense layer saw in its input, and the way to the tab Answer. */

import { isCompressed } from "./dense.js";
import { button, canvas, make } from "./dom.js";
import { aroundZero, drawMap, rangeOf } from "./drawing.js";
import { say, sayAll } from "./words.js";

/** Make the picture of what the chosen unit saw: {element, update()}. */
export function createSeen(app) {
  const first = app.manifest.layers.findIndex(({ kind }) => kind === "dense");
  const estimated = isCompressed(app.network, first);
  const picture = canvas(1, 1, say("What this unit saw, place by place"));
  const caption = make("figcaption", { class: "px-hint" });
  const figure = make("figure", { class: "px-seen" }, picture, caption);
  const go = button(say("Follow the answer"), () => app.select({ tab: "answer" }));
  const element = make("div", { class: "px-seen-frame" }, figure, go);
  let drawn = null;

  function update() {
    const { layer, filter } = app.selection;
    const key = `${app.version} ${layer} ${filter}`;
    if (drawn === key) return;
    drawn = key;
    const seen = layer === first ? app.network.denseSees(filter) : null;
    figure.hidden = seen === null || seen.values.length === 1;
    if (figure.hidden) return;
    const maps = { ...seen, data: seen.values, channels: 1 };
    drawMap(picture, maps, 0, { scale: aroundZero(rangeOf(maps)), colors: "diverging" });
    caption.textContent = seenCaption(estimated);
  }

  return { element, update };
}

/** Return what the picture shows. */
function seenCaption(estimated) {
  const line = say(
    "Input × weight at each place, summed over the maps: red adds to this unit, blue takes away.",
  );
  const close = say("The kernel is compressed in this page, so this is a close estimate.");
  return estimated ? sayAll([line, close]) : line;
}
