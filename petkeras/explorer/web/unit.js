/** What one input of the last layer saw: where on the last maps its value came from. */
import { button, canvas, make, number, stage } from "./dom.js";
import { drawMap, drawPixels } from "./drawing.js";
import { answerUnitName } from "./scores.js";
import { say, sayAll } from "./words.js";

/** Make the view of one unit; it has `element`, `update(score)`, `choose(unit)`, `chosen()`. */
export function createUnit(app, source) {
  const { network, manifest } = app;
  const [height, width, channels] = manifest.input_shape;
  let unit = null;
  let asked = null; // Python's answer: {key, values, height, width} or {key, problem}

  const photograph = canvas(width, height, say("The picture in gray"));
  const seen = canvas(1, 1, say("Where the unit's value came from"));
  seen.classList.add("px-over");
  const picture = stage(photograph, seen);
  const title = make("h2", { class: "px-title" });
  const text = make("p", { class: "px-readout" });
  const legend = make("p", { class: "px-hint" });
  const toMap = button(say("Look at this map"), () =>
    app.select({ layer: source.maps, filter: unit, tab: "look" }),
  );
  const element = make("section", { class: "px-tool px-sticky" }, title, picture, text, legend);
  element.append(toMap);

  function choose(next) {
    unit = next;
    app.draw();
  }

  /** Return what the unit sees {values (h * w), height, width}, or null while it is unknown. */
  function sight() {
    if (source.kind === "global_average_pool" || source.kind === "flatten") return mapOf(unit);
    if (source.kind !== "dense" || !source.first) return null;
    if (!app.oracle) return network.denseSees(unit);
    askPython(`${unit} ${app.version}`);
    return asked.values ? asked : null;
  }

  /** Return what the unit sees if that has more than one place, else null. */
  function sightWithPlaces() {
    const sees = sight();
    return sees && sees.values.length > 1 ? sees : null;
  }

  /** Return the map that is averaged, or the one value of a map that was flattened. */
  function mapOf(index) {
    const maps = network.output(source.maps);
    if (!maps) return null;
    const values = new Float32Array(maps.height * maps.width);
    if (source.kind === "flatten") {
      values[Math.floor(index / maps.channels)] = maps.data[index];
    } else {
      values.forEach((_, at) => (values[at] = maps.data[at * maps.channels + index]));
    }
    return { values, height: maps.height, width: maps.width };
  }

  function askPython(key) {
    if (asked?.key === key) return;
    asked = { key };
    const question = { ask: "unit", unit, edits: network.edits() };
    app.oracle.ask(question, () => asked.key === key).then(
      ({ values, ...size }) => take({ key, values: Float32Array.from(values), ...size }),
      (error) => take({ key, problem: error.message }),
    );
  }

  function take(answer) {
    if (asked.key !== answer.key) return;
    asked = answer;
    app.draw();
  }

  function update(score) {
    unit ??= score.units[0].unit;
    const { input } = score.units.find((each) => each.unit === unit);
    title.textContent = say("What it saw: {name}", { name: answerUnitName(source, unit) });
    const sees = sightWithPlaces();
    picture.hidden = legend.hidden = !sees;
    toMap.hidden = source.kind !== "global_average_pool";
    if (!sees) {
      text.textContent = noSight();
      return;
    }
    drawGray();
    const { values, height: rows, width: columns } = sees;
    const maps = { data: values, height: rows, width: columns, channels: 1 };
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    drawMap(seen, maps, 0, { scale: { low: -largest, high: largest }, colors: "diverging" });
    text.textContent = describe(sees, input);
    legend.textContent = say("Red places raise the unit's value, blue ones lower it, white is 0.");
  }

  function noSight() {
    if (asked?.problem) return asked.problem;
    if (app.oracle && source.first) return say("Python is computing …");
    return source.first
      ? say("It gets the means of whole maps, so its value has no place in the picture.")
      : say("It comes from a layer behind another dense one, so its value has no place.");
  }

  function drawGray() {
    const gray = new Uint8ClampedArray(height * width);
    gray.forEach((_, at) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += network.pixels[at * channels + c];
      gray[at] = sum / channels;
    });
    drawPixels(photograph, gray, height, width, 1);
  }

  /** Say the two places that matter most, and what they add up to. */
  function describe({ values, height: rows, width: columns }, input) {
    let [high, low, sum] = [0, 0, 0];
    values.forEach((value, at) => {
      if (value > values[high]) high = at;
      if (value < values[low]) low = at;
      sum += value;
    });
    const place = (at) => ({
      row: Math.floor(at / columns),
      column: at % columns,
      value: number(values[at], 3),
      rows,
      columns,
      sum: number(sum, 3),
      mean: number(sum / values.length, 3),
      input: number(input, 3),
    });
    const most = say(
      "Of {rows} × {columns} places, row {row}, column {column} gives most: {value}.",
      place(high),
    );
    const least = say("Row {row}, column {column} gives least: {value}.", place(low));
    const total =
      source.kind === "dense"
        ? say("All places give {sum}; with its bias and ReLU the unit is {input}.", place(high))
        : say("The last layer gets {input}.", place(high));
    return sayAll([most, least, total]);
  }

  return { element, update, choose, chosen: () => unit };
}
