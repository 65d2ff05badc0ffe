/** The tab "Time": kernels and maps as they were at the recorded steps of the training. */
import { createCells } from "./cells.js";
import { colorOf, drawKernel, drawMap, drawPixels, rangeOf } from "./drawing.js";
import { button, canvas, make, number } from "./dom.js";
import { kernelChannel, kernelInputName, kernelInputs } from "./kernel.js";
import { createPlayer } from "./player.js";
import { createTrained } from "./trained.js";
import { say, sayList } from "./words.js";

const TIME_THUMBNAILS = 64; // kernels of a layer that are drawn at most

/** Make the tab. */
export function createTime(app) {
  const { frames } = app.manifest;
  const view = frames.length === 0 ? createNoFilm(app) : createFilm(app, frames);
  return { name: "time", label: say("Time"), element: view.element, update: view.update };
}

/** One line for a network without a film. */
function createNoFilm(app) {
  const text = app.manifest.run
    ? say(
        "This run has no film of its weights. A run of 'petkeras train' records one, every 50 " +
          "steps by default; train again and explore that run.",
      )
    : say("A model has no film. Train it with 'petkeras train', and explore the run's folder.");
  return { element: make("p", { class: "px-hint", text }), update() {} };
}

/** The slider over the steps, with what was recorded at each. */
function createFilm(app, frames) {
  const { network } = app;
  const last = frames.length; // the slider's last place: the trained network
  const name = (place) =>
    place < last ? say("step {step}", { step: frames[place].step }) : say("trained");
  const player = createPlayer(say("Time"), {
    format: name,
    show: (place, spoken) => {
      if (frames[0].kind === "weights") network.setFrame(place < last ? place : null);
      app.changed();
      if (spoken) app.announce(name(place));
    },
  });
  const back = button(say("Back to the trained network"), () => {
    player.stop();
    player.go(last, true);
  });
  const line = make("p", { class: "px-readout" });
  const part =
    frames[0].kind === "weights" ? createWeightsThen(app) : createMapsThen(app, frames);
  const element = make(
    "div",
    { class: "px-tools px-time" },
    make(
      "section",
      { class: "px-tool px-wide" },
      make("h2", { class: "px-title", text: say("The network at an earlier step") }),
      player.element,
      make("div", { class: "px-row" }, back, line),
    ),
    part.element,
  );
  player.setLength(last + 1);
  player.at(last);

  function earlier(place) {
    const values = { name: name(place) };
    if (frames[0].kind === "maps") {
      return say("Shown below is {name}; the rest of the page shows the trained network.", values);
    }
    return say(
      "Shown is {name}. There is no probability for it: the film has the convolutions, but not " +
        "the dense layers behind them.",
      values,
    );
  }

  function update() {
    if (frames[0].kind === "weights") player.at(network.frame ?? last);
    const place = player.step;
    back.disabled = place === last;
    line.textContent =
      place === last
        ? say("Shown is the trained network. Move the slider to see an earlier step.")
        : earlier(place);
    part.update(place, name(place));
  }

  return { element, update };
}

/** Films with weights: the chosen filter's kernel and map then and now, and all kernels. */
function createWeightsThen(app) {
  const { network } = app;
  const { arrays } = app.contents;
  let channel = 0;
  let key = "";
  const trainedOutput = createTrained(app);
  let cells = null;

  const channels = make("select", {
    class: "px-select",
    onchange: () => {
      channel = Number(channels.value);
      cells = null;
      app.draw();
    },
  });
  const title = make("h2", { class: "px-title" });
  const problem = make("p", { class: "px-hint" });
  const kernels = make("div", { class: "px-grid-row" });
  const then = timeFigure(say("The map at that step"));
  const now = timeFigure(say("The map of the trained network"));
  const all = make("div", { class: "px-thumbnails" });
  const allTitle = make("h2", { class: "px-title" });
  const single = make(
    "section",
    { class: "px-tool" },
    title,
    problem,
    make("label", { class: "px-row" }, make("span", { text: say("Kernel on") }), channels),
    kernels,
    make("div", { class: "px-figures" }, then.element, now.element),
  );
  const every = make("section", { class: "px-tool" }, allTitle, all);
  const element = make("div", { class: "px-tools px-wide" }, single, every);

  const isTrained = (place) => place >= app.manifest.frames.length;

  /** Return a kernel of frame `place` or, beyond the frames or not filmed, of the trained layer. */
  function weightsAt(place, layer) {
    const trained = arrays[`layers/${layer}/kernel`];
    return arrays[`frames/${place}/${layer}/kernel`] ?? trained;
  }

  /** Return one channel of one filter of weights (kh, kw, cin, cout) as (kh, kw). */
  function kernelOf({ data, shape: [height, width, inputs, filters] }, filter, input) {
    const values = new Float32Array(height * width);
    values.forEach((_, cell) => {
      values[cell] = data[(cell * inputs + input) * filters + filter];
    });
    return values;
  }

  function makeCells(layer, filter, [height, width]) {
    const next = `${layer} ${filter} ${height} ${width}`;
    if (key === next && cells) return;
    if (key.split(" ")[0] !== String(layer)) {
      const count = kernelInputs(network, layer);
      channel = network.contributions(layer, filter)[0]?.channel ?? 0;
      channels.replaceChildren();
      for (let value = 0; value < count; value++) {
        channels.append(make("option", { value, text: kernelInputName(network, layer, value) }));
      }
      channels.value = channel;
    }
    key = next;
    cells = {
      then: createCells(say("At that step"), height, width),
      now: createCells(say("trained"), height, width),
    };
    kernels.replaceChildren(cells.then.element, cells.now.element);
    kernels.style.setProperty("--px-total", 2 * width); // cells side by side
  }

  function drawAll(place, layer) {
    const weights = weightsAt(place, layer);
    const [height, width, , filters] = weights.shape;
    const count = Math.min(filters, TIME_THUMBNAILS);
    while (all.children.length > count) all.lastChild.remove();
    while (all.children.length < count) all.append(thumbnail(all.children.length));
    const pictures = [];
    for (let filter = 0; filter < count; filter++) {
      pictures.push(kernelOf(weights, filter, Math.min(channel, weights.shape[2] - 1)));
    }
    pictures.forEach((values, filter) => {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      drawKernel(all.children[filter].firstChild, values, height, width, largest);
      const chosen = filter === app.selection.filter;
      all.children[filter].setAttribute("aria-pressed", String(chosen));
    });
  }

  function thumbnail(filter) {
    const made = button("", () => app.select({ filter }), {
      class: "px-thumbnail",
      "aria-label": say("Filter {filter}", { filter }),
    });
    made.prepend(canvas(1, 1));
    made.append(make("span", { class: "px-thumbnail-name", text: filter }));
    return made;
  }

  function update(place, placeName) {
    const { layer, filter } = app.selection;
    const { name, kind } = network.layers[layer];
    const convolution = kind === "conv";
    title.textContent = say("Filter {filter} of {name}", { filter, name });
    kernels.hidden = channels.parentElement.hidden = every.hidden = !convolution;
    const known = !convolution || arrays[`frames/0/${layer}/kernel`];
    problem.hidden = Boolean(known);
    problem.textContent = known
      ? ""
      : say("This layer was not filmed; it keeps its trained weights at every step.");
    if (convolution) {
      const trained = arrays[`layers/${layer}/kernel`];
      makeCells(layer, filter, trained.shape);
      showKernels(place, layer, filter, placeName);
      allTitle.textContent = say("All kernels of {name}, {place}", { name, place: placeName });
      drawAll(place, layer);
    }
    showMaps(place, layer, filter, placeName);
  }

  function showKernels(place, layer, filter, placeName) {
    const was = kernelOf(weightsAt(place, layer), filter, channel);
    const is = kernelOf(arrays[`layers/${layer}/kernel`], filter, channel);
    const largest = Math.max(...[...was, ...is].map(Math.abs)) || 1;
    const color = (value) => colorOf("diverging", 0.5 + value / largest / 2);
    cells.then.heading.textContent = placeName;
    cells.now.element.hidden = isTrained(place); // the same as beside it
    cells.then.show(was, { colors: Array.from(was, color), decimals: 3 });
    cells.now.show(is, { colors: Array.from(is, color), decimals: 3 });
  }

  function showMaps(place, layer, filter, placeName) {
    const trained = trainedOutput(layer);
    const maps = isTrained(place) ? trained : network.output(layer);
    then.element.hidden = !maps;
    now.element.hidden = !maps || isTrained(place);
    if (!maps) return;
    const ranges = [rangeOf(maps, filter), rangeOf(trained, filter)];
    const low = Math.min(...ranges.map((range) => range.low));
    const high = Math.max(...ranges.map((range) => range.high));
    then.draw(maps, filter, placeName, { low, high });
    now.draw(trained, filter, say("trained"), { low, high });
  }

  return { element, update };
}

/** A map with its range below it; the maps that are compared have one scale of colors. */
function timeFigure(label) {
  const picture = canvas(1, 1, label);
  const caption = make("figcaption");
  const element = make("figure", { class: "px-figure px-figure-large" }, picture, caption);
  function draw(maps, channel, name, scale) {
    const { low, high } = rangeOf(maps, channel);
    drawMap(picture, maps, channel, { scale });
    const values = { name, low: number(low, 3), high: number(high, 3) };
    caption.textContent = say("{name}: {low} to {high}", values);
  }
  return { element, draw };
}

/** Films of earlier versions: the recorded maps of the filmed photograph. */
function createMapsThen(app, frames) {
  const { arrays } = app.contents;
  const photograph = arrays.film_photograph;
  const title = make("h2", { class: "px-title" });
  const line = make("p", { class: "px-hint" });
  const maps = make("div", { class: "px-figures" });
  const picture = canvas(1, 1, say("The picture that was filmed"));
  if (photograph) drawPixels(picture, photograph.data, ...photograph.shape);
  const filmed = make(
    "figure",
    { class: "px-figure" },
    picture,
    make("figcaption", { text: say("The filmed picture") }),
  );
  filmed.hidden = !photograph;
  const element = make("section", { class: "px-tool px-wide" }, title, line, maps);

  function update(place, placeName) {
    const { layer } = app.selection;
    const { name } = app.network.layers[layer];
    const at = Math.min(place, frames.length - 1); // the last frame stands for the trained network
    const filters = frames[at].layers[layer];
    title.textContent = say("Recorded maps of {name}, {place}", { name, place: placeName });
    const others = Object.keys(frames[at].layers).map((index) => app.network.layers[index].name);
    line.textContent = filters
      ? say("This film was made by an earlier version: it has maps of one picture, no weights.")
      : say("This layer was not filmed. Filmed were: {others}.", { others: sayList(others) });
    maps.replaceChildren(filmed);
    if (filters) drawRecorded(`frames/${at}/${layer}`, filters);
  }

  function drawRecorded(path, filters) {
    const { data, shape } = arrays[`${path}/maps`];
    const [height, width, channels] = shape;
    const { data: largest } = arrays[`${path}/largest`];
    filters.forEach((filter, index) => {
      const label = say("Map {filter}", { filter });
      const each = canvas(width, height, label);
      drawMap(each, { data, height, width, channels }, index, {
        scale: { low: -1, high: 1 },
        colors: "diverging",
      });
      const text = say("Map {filter}, largest {largest}", {
        filter,
        largest: number(largest[index], 3),
      });
      maps.append(make("figure", { class: "px-figure" }, each, make("figcaption", { text })));
    });
  }

  return { element, update };
}
